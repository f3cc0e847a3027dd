"""OME-XML in the description (OME 2016-06), including the annotations of the workbench.

Lengths without a unit are micrometres.
"""

from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

from tifffile import TiffPage

from sem_models.images.facts import Fact, facts_from_text
from sem_models.images.io.ome_xml import ACQUISITION, PROCESSING
from sem_models.images.io.vendors.facts import Facts, aspect_of, known, number
from sem_models.images.provenance import MOST_STEPS, ProcessingStep
from sem_models.images.units import to_nm

_OURS = "SEM Workbench"


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of the first image of an OME-TIFF; None if the description is not OME-XML."""
    first = page.parent.pages.first
    texts = [str(tag.value) for tag in first.tags.values() if tag.code == 270]
    text = next((text for text in texts if "<OME" in text[:1000]), "")
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (entities are refused above)
    except ElementTree.ParseError:
        return None
    pixels = root.find(".//{*}Pixels")
    if pixels is None:
        return None
    size = _length_nm(pixels, "PhysicalSizeX")
    aspect = aspect_of(size, _length_nm(pixels, "PhysicalSizeY"))
    return replace(_of_image(root, str(first.software)), pixel_size_nm=size, pixel_aspect=aspect)


def _of_image(root: ElementTree.Element, software: str) -> Facts:
    history = _history(root)
    annotated = next(_maps(root, ACQUISITION), None)
    if annotated is not None:
        return Facts(None, facts_from_text(annotated), history)
    description = (root.findtext(".//{*}Image/{*}Description") or "").strip()
    if description and not history and _OURS in software:
        # Versions without annotations recorded processing in the description only.
        return Facts(None, _instrument_facts(root), (ProcessingStep.from_note(description),))
    return Facts(None, _instrument_facts(root) | known(description="" if history else description), history)


def _maps(root: ElementTree.Element, namespace: str) -> Iterator[dict[str, str]]:
    for annotation in root.iterfind(".//{*}StructuredAnnotations/{*}MapAnnotation"):
        if annotation.get("Namespace") == namespace:
            yield {entry.get("K", ""): entry.text or "" for entry in annotation.iterfind("{*}Value/{*}M")}


def _history(root: ElementTree.Element) -> tuple[ProcessingStep, ...]:
    steps = [ProcessingStep.from_text(texts) for texts in _maps(root, PROCESSING)]
    return tuple(step for step in steps if step is not None)[:MOST_STEPS]


def _instrument_facts(root: ElementTree.Element) -> dict[str, Fact]:
    """Return the facts in the elements of the schema. Of several instruments, the first is used."""
    microscope, detector = root.find(".//{*}Microscope"), root.find(".//{*}Detector")
    objective, plane = root.find(".//{*}Objective"), root.find(".//{*}Plane")
    distance = _length_nm(objective, "WorkingDistance")
    return known(
        instrument=microscope.get("Model", "") if microscope is not None else "",
        manufacturer=microscope.get("Manufacturer", "") if microscope is not None else "",
        detector=detector.get("Model", "") if detector is not None else "",
        magnification=number(objective.get("NominalMagnification")) if objective is not None else None,
        working_distance_mm=distance / 1e6 if distance else None,
        exposure_s=_exposure_s(plane) if plane is not None else None,
        acquired=root.findtext(".//{*}Image/{*}AcquisitionDate") or "",
    )


def _exposure_s(plane: ElementTree.Element) -> float | None:
    seconds = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}.get(plane.get("ExposureTimeUnit", "s"))
    time = number(plane.get("ExposureTime"))
    return time * seconds if time and seconds else None


def _length_nm(element: ElementTree.Element | None, name: str) -> float | None:
    size = number(element.get(name)) if element is not None else None
    try:
        return to_nm(size, element.get(f"{name}Unit", "um")) if size and element is not None else None
    except ValueError:
        return None
