"""The facts of a micrograph as rows of a table, and what to know about them."""

import re
from collections.abc import Iterator, Sequence

from pages.widgets.words import BAR_ORIGINS, as_text
from pipelines.counts import counted, dose_text, dtype_text
from pipelines.viewing.inspection import FileFacts, Inspection
from sem_models.images.facts import FACTS

_SHOWN = (
    "instrument", "detector", "beam", "voltage_kv", "beam_current_pa", "working_distance_mm", "magnification",
    "dwell_time_us", "acquired",
)  # fmt: skip
_LABELS = {"voltage_kv": "Voltage", "acquired": "Recorded"}
_FEW = 1e-3
"""Share of clipped pixels below which none is stated: even an unclipped image has a brightest pixel."""
_UNIT = re.compile(r"_(kv|pa|mm|us)$")


def file_rows(facts: FileFacts) -> dict[str, str]:
    """Return what the file states."""
    rows = {
        "Size": f"{facts.width:,} x {facts.height:,} px{_field(facts)}",
        "Pixel size": length_text(facts.pixel_size_nm) if facts.pixel_size_nm else "not stated in the file",
        "Bit depth": dtype_text(facts.dtype) + (", colour" if facts.channels > 1 else ""),
    }
    recorded = {_label(name): _value(name, facts) for name in _SHOWN if name in facts.metadata}
    return rows | (recorded or {"Acquisition": "neither voltage nor detector is stated in the file"})


def pixel_rows(facts: FileFacts, found: Inspection) -> dict[str, str]:
    """Return what the pixels show."""
    bar = found.databar
    bar_text = f"{counted(bar.rows, 'row')} at the bottom, {BAR_ORIGINS[bar.found_by]}" if bar.rows else "none found"
    return {"Data bar": bar_text} | dict(_quality_rows(facts, found))


def _quality_rows(facts: FileFacts, found: Inspection) -> Iterator[tuple[str, str]]:
    state = found.quality
    if state is None:
        yield "Noise and detail", "cannot be told from a colour image"
        return
    dose, std = state.equivalent_dose_e_per_px, state.noise_std
    level = f"; for its contrast as of {dose_text(dose)}" if dose else ""
    yield "Noise", f"± {percent(std)} of the grey range{level}" if std else "cannot be told"
    if state.finest_px:
        nm = state.finest_px * facts.pixel_size_nm if facts.pixel_size_nm else None
        yield "Finest detail", f"{state.finest_px:.1f} px{f' ({length_text(nm)})' if nm else ''}"
    else:
        yield "Finest detail", "cannot be told"
    clipped = {"darkest": state.darkest, "brightest": state.brightest}
    seen = [f"{percent(share)} at the {name} value" for name, share in clipped.items() if share > _FEW]
    yield "Clipping", ", ".join(seen) or f"less than {percent(_FEW)} of the pixels"
    lines = state.lines_without_signal
    yield "Lines without signal", f"{lines:,}" if lines else "none found"


def caveats(facts: FileFacts, found: Inspection) -> list[str]:
    """List what has to be known to read the rows correctly."""
    said = [f"This image was processed before: {as_text(facts.provenance)}."] if facts.provenance else []
    if facts.scale_warning:
        said.append(f"The {facts.scale_warning}.")
    if replaced := facts.metadata.get("replaced_pixels"):
        said.append(f"{counted(int(replaced), 'pixel')} without a value were replaced by the lowest one.")
    state = found.quality
    if state is None:
        return said
    rows, columns = state.measured_px
    said.append(
        f"Noise, finest detail and lines were measured in the middle {columns} x {rows} px of this one frame. Finest "
        "detail is as strong as the noise there; a soft specimen and an image out of focus look alike."
    )
    said += [f"Noise: {state.no_noise}"] if state.no_noise else [f"Noise: {text}" for text in state.noise_caveats]
    return [*said, f"Finest detail: {state.no_finest}"] if state.no_finest else said


def percent(share: float) -> str:
    """Write a share with one decimal: `1.7 %`."""
    return f"{100 * share:.1f} %"


def length_text(nm: float) -> str:
    """Write a length in pm, nm, µm or mm, with three digits."""
    return _with_prefix(nm * 1e3, "m", ("p", "n", "µ", "m"))


def current_text(pa: float) -> str:
    """Write a current in fA, pA, nA or µA, with three digits."""
    return _with_prefix(pa * 1e3, "A", ("f", "p", "n", "µ"))


def _with_prefix(smallest: float, unit: str, prefixes: Sequence[str]) -> str:
    """Write a number of the smallest unit in the largest one of which there is at least one."""
    power = max((power for power in range(len(prefixes)) if smallest >= 1e3**power), default=0)
    return f"{smallest / 1e3**power:.3g} {prefixes[power]}{unit}"


def _field(facts: FileFacts) -> str:
    if not facts.pixel_size_nm:
        return ""
    height = facts.height * facts.pixel_size_nm
    return f" ({length_text(facts.width * facts.pixel_size_nm)} x {length_text(height)})"


def _label(name: str) -> str:
    return _LABELS.get(name) or _UNIT.sub("", name).replace("_", " ").capitalize()


def _value(name: str, facts: FileFacts) -> str:
    value = facts.metadata[name]
    if name == "beam_current_pa" and isinstance(value, int | float):
        return current_text(value)
    unit = FACTS[name].unit.replace("us", "µs")
    number = f"{value:,.6g}" if isinstance(value, int | float) else as_text(str(value))
    return f"{number} {unit}".strip()
