"""What people call the curves of a run."""

from pages.runs.live import MEMORY_MIB, STEPS_PER_S, WAITING_MS
from sem_models.tasks.table import VALIDATION_SCORES

_FIXED = {
    STEPS_PER_S: "Steps per second",
    WAITING_MS: "Waiting for data (ms per step)",
    MEMORY_MIB: "Memory held (MiB)",
    **{score.metric: f"Validation: {score.axis}" for score in VALIDATION_SCORES},
    **{score.baseline_metric: f"Baseline: {score.axis}" for score in VALIDATION_SCORES},
}
_KINDS = {"train": "Loss", "val": "Validation", "watch": "Watched"}


def curve_name(key: str) -> str:
    """Return `Validation: PSNR (dB)` for `val/psnr_db`, `Loss: charbonnier` for `train/charbonnier`."""
    kind, _, name = key.partition("/")
    return _FIXED.get(key) or (f"{_KINDS[kind]}: {name.replace('_', ' ')}" if kind in _KINDS else key)
