"""Further inputs of a model that takes more channels than one file gives."""

from itertools import count
from pathlib import Path

import streamlit as st

from pages.data.source import choose_source
from sem_models.images.channels import to_grey
from sem_models.images.read import read_micrograph, readable_suffixes


def choose_further(model: str | None, source: Path | None) -> list[Path] | None:
    """One place for each input that is missing, asked for until the channels suffice; None while one is missing."""
    from pipelines.models import channels_taken

    places: list[Path] = []
    if model is None or source is None or (wanted := channels_taken(model)) == 1:
        return places
    have = _channels(source)
    if have is None or have >= wanted:
        return places
    for number in count(1):
        st.caption(f"The model takes {wanted} channels; {wanted - have} are missing.")
        place = choose_source(f"Further input {number}: file or folder on the server", f"further-{number}", "further")
        more = _channels(place) if place else None
        if place is None or more is None:
            return None
        places.append(place)
        have += more
        if have >= wanted:
            return places
    return None


def _channels(place: Path) -> int | None:
    """Of the first image there; None where there is none, which the prediction will say better."""
    files = place.rglob("*") if place.is_dir() else [place]
    images = (path for path in files if path.is_file() and path.suffix.lower() in readable_suffixes())
    first = next(images, None)
    return to_grey(read_micrograph(first)).channels if first else None
