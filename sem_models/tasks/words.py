"""What people read about a task, as plain data, so that pages and commands need no words of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_PANELS = {
    "input": "Input",
    "floor": "Baseline: bicubic",
    "output": "Model",
    "target": "Target",
    "real": "A real image, for comparison",
}


@dataclass(frozen=True)
class Words:
    """Labels and sentences about one task."""

    verb: str
    """Label of the button that applies a model."""
    icon: str
    """Icon of that button, by its Streamlit name."""
    caveat: str
    """What to keep in mind when looking at an output."""
    panels: Mapping[str, str] = field(default_factory=lambda: _PANELS)
    """Captions of the validation images, by the names under which they are stored."""
    display: str = ""
    """How those images are displayed, if they do not share one display window."""
    no_forward_model: str = ""
    """Why training ignores the forward model of the recipe; empty if it does not."""


RESTORING = Words(
    "Restore",
    ":material/auto_fix_high:",
    "Restored detail is an estimate: check what matters against the recorded pixels.",
)
