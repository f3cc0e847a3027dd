"""What people read about a task, as plain data, so that pages and commands need no words of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    """What to keep in mind when looking at an output: what must not be measured in it."""
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
DENOISED = replace(
    RESTORING,
    caveat="Do not measure noise, texture or anything fainter than the noise in a denoised image: it is smoothed away "
    "or guessed.",
)
ENLARGED = replace(
    RESTORING,
    caveat="Do not measure what is smaller than two pixels of the input, or the sharpness of edges, in an enlarged "
    "image: it is learned from other images.",
)
REFOCUSED = replace(
    RESTORING,
    caveat="Do not measure resolution, the sharpness of edges or noise in a refocused image: they are those of the "
    "training images.",
)
