"""OME-XML (schema 2016-06) of one image: facts in the elements of the schema, and all of them as annotations.

OME describes light microscopes: it has elements for the objective, the detector and dates, but none for the beam. All
known facts are therefore also written as annotations, one for the acquisition and one for each processing step.
`Detector/Voltage` is not used, because it is the voltage of a detector and not the accelerating voltage.
"""

from collections.abc import Mapping
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from sem_models.images.facts import facts_to_text, plain_text
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import SOFTWARE

SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
ACQUISITION = "sem-workbench/acquisition"
"""Namespace of the annotation that holds the facts."""
PROCESSING = "sem-workbench/processing"
"""Namespace of the annotations that hold the processing steps, one annotation per step, oldest first."""
ORIGIN = "sem-workbench/origin"
"""Namespace of the tag that states the origin of the pixels: restored, translated, synthetic or segmented."""
_TYPES = {"float32": "float", "float64": "double"}
_INSTRUMENT = {"instrument": "Model", "manufacturer": "Manufacturer"}
_OBJECTIVE = {"magnification": "NominalMagnification", "working_distance_mm": "WorkingDistance"}


def ome_xml(image: Micrograph) -> bytes:
    """Return UTF-8 text for the description of a TIFF file that holds the pixels as one page, channels interleaved."""
    facts = facts_to_text(image.metadata)
    root = Element("OME", {"xmlns": SCHEMA, "Creator": SOFTWARE})
    parts = _add_instrument(root, facts)
    element = SubElement(root, "Image", {"ID": "Image:0", "Name": _name(image)})
    date = _date_time(facts.get("acquired", ""))
    if date:
        SubElement(element, "AcquisitionDate").text = date
    text = image.provenance or facts.get("description", "")
    if text:
        SubElement(element, "Description").text = text
    if parts:
        SubElement(element, "InstrumentRef", {"ID": "Instrument:0"})
    if "Objective" in parts:
        SubElement(element, "ObjectiveSettings", {"ID": "Objective:0"})
    _add_pixels(element, image, facts, "Detector" in parts)
    _add_annotations(root, element, image, facts)
    found: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return found


def _name(image: Micrograph) -> str:
    """Return the title that viewers show: the origin of the image, then its source."""
    kind = f"{image.history[-1].origin}: " if image.history else ""
    return kind + (plain_text(image.source) or "image")


def _add_instrument(root: Element, facts: Mapping[str, str]) -> tuple[str, ...]:
    """Add the known parts of the instrument and return their names."""
    microscope = {name: facts[key] for key, name in _INSTRUMENT.items() if key in facts}
    objective = {name: facts[key] for key, name in _OBJECTIVE.items() if key in facts}
    detector = {"Model": facts["detector"], "Type": "Other"} if "detector" in facts else {}
    if not (microscope or objective or detector):
        return ()
    instrument = SubElement(root, "Instrument", {"ID": "Instrument:0"})
    if microscope:
        SubElement(instrument, "Microscope", {**microscope, "Type": "Other"})
    if detector:
        SubElement(instrument, "Detector", {"ID": "Detector:0", **detector})
    if objective:
        unit = {"WorkingDistanceUnit": "mm"} if "WorkingDistance" in objective else {}
        SubElement(instrument, "Objective", {"ID": "Objective:0", **objective, **unit})
    return ("Microscope", *(["Detector"] if detector else []), *(["Objective"] if objective else []))


def _add_pixels(element: Element, image: Micrograph, facts: Mapping[str, str], detector: bool) -> None:
    dtype = image.pixels.dtype.name
    attributes = {"ID": "Pixels:0", "DimensionOrder": "XYCZT", "Type": _TYPES.get(dtype, dtype)}
    sizes = {"X": image.width, "Y": image.height, "C": image.channels, "Z": 1, "T": 1}
    attributes |= {f"Size{axis}": str(size) for axis, size in sizes.items()}
    if image.channels > 1:
        attributes["Interleaved"] = "true"
    if image.pixel_size_nm:
        for axis, edge in (("X", image.pixel_size_nm), ("Y", image.pixel_size_nm * image.pixel_aspect)):
            attributes |= {f"PhysicalSize{axis}": repr(edge), f"PhysicalSize{axis}Unit": "nm"}
    pixels = SubElement(element, "Pixels", attributes)
    channel = SubElement(pixels, "Channel", {"ID": "Channel:0:0", "SamplesPerPixel": str(image.channels)})
    if detector:
        SubElement(channel, "DetectorSettings", {"ID": "Detector:0"})
    SubElement(pixels, "TiffData", {"IFD": "0", "PlaneCount": "1"})
    if "exposure_s" in facts:
        exposure = {"ExposureTime": facts["exposure_s"], "ExposureTimeUnit": "s"}
        SubElement(pixels, "Plane", {"TheZ": "0", "TheC": "0", "TheT": "0", **exposure})


def _add_annotations(root: Element, element: Element, image: Micrograph, facts: Mapping[str, str]) -> None:
    maps = [(ACQUISITION, facts)] if facts else []
    maps += [(PROCESSING, step.to_text()) for step in image.history]
    if not maps:
        return
    annotations = SubElement(root, "StructuredAnnotations")
    for index, (namespace, values) in enumerate(maps):
        entry = SubElement(annotations, "MapAnnotation", {"ID": f"Annotation:{index}", "Namespace": namespace})
        table = SubElement(entry, "Value")
        for key, value in values.items():
            SubElement(table, "M", {"K": key}).text = value
        SubElement(element, "AnnotationRef", {"ID": f"Annotation:{index}"})
    if image.history:
        name = f"Annotation:{len(maps)}"
        tag = SubElement(annotations, "TagAnnotation", {"ID": name, "Namespace": ORIGIN})
        SubElement(tag, "Value").text = str(image.history[-1].origin)
        SubElement(element, "AnnotationRef", {"ID": name})


def _date_time(text: str) -> str:
    """Return the date as XML Schema writes it; empty if `text` is not a date with a time."""
    try:
        return datetime.fromisoformat(text).isoformat() if "T" in text else ""
    except ValueError:
        return ""
