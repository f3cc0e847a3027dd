"""What people read about a task, as plain data: no page and no command has words of its own for one."""

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
    """Words for one task."""

    verb: str
    """On the button that applies a model."""
    icon: str
    """Of that button, as Streamlit names it."""
    caveat: str
    """What must not be forgotten when looking at an output."""
    panels: Mapping[str, str] = field(default_factory=lambda: _PANELS)
    """Captions of the pictures of a validation, by the names under which they are stored."""
    display: str = ""
    """How those pictures are displayed, where they do not share one display window."""
    no_forward_model: str = ""
    """Why a training never looks at the forward model of its recipe; empty where it may."""


RESTORING = Words(
    "Restore",
    ":material/auto_fix_high:",
    "Restored detail is an estimate: check what matters against the recorded pixels.",
)
