"""How pairs are to be registered."""

from typing import get_args

import streamlit as st

from sem_models.datasets.manifest import Register

_WAYS: dict[Register, str] = {
    "none": "none: use the images as they are",
    "shift": "shift: crop both by whole pixels, without interpolation",
    "translation": "translation: shift the input by fractions of a pixel",
    "rigid": "rigid: shift and rotate the input",
    "affine": "affine: shift, rotate, scale and shear the input",
}


def choose_registration(disabled: bool) -> tuple[Register, float | None]:
    """Ask how to register, and for the largest median residual in px; None: the usual limit of that way."""
    ways: tuple[Register, ...] = get_args(Register)
    way = st.selectbox("Registration of pairs", ways, format_func=_WAYS.__getitem__, disabled=disabled, key="register")
    limit = st.number_input(
        "Largest residual (px)", 0.1, value=None, placeholder="2 where pairs are registered", disabled=disabled,
        key="max_residual", help="Pairs with a larger median residual are rejected and listed.",
    )  # fmt: skip
    return way, None if limit is None else float(limit)
