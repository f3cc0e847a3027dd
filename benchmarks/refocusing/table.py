"""Refocusing on three real sets: known blur, unknown blur, and partly blurred images.

    python -m benchmarks.refocusing.table --data FOLDER [--home FOLDER] [--jobs N] [--only NAME ...]

Plants, powders and superalloys are pooled and split by specimen. Each model is trained on the pool and scored on whole
test images, through the command line: with the blur of its training, with four sizes of blur over the whole image, on
partly blurred images, and on sharp images. Writes `table.json`; `summarise.py` reads the scores from the runs. The
model that is told the width is scored by `strength.py`.
"""

from pathlib import Path

from benchmarks.pools import FOUR, THREE
from benchmarks.runner import Job, Table, options, prepare

EXPERIMENT = "refocusing"
SAME = (
    "train.batch=8",
    "train.patch=64",
    "train.steps=4000",
    "train.validate_every=100000",
    "train.precision=bf16-mixed",
)
_SIZE = "degradation.blur.size_px"
PARTIAL = ("degradation.blur.region=partial",)
SHARP = ("degradation.blur.region=partial", "degradation.blur.sharp_share=1")


def at(size: float) -> tuple[str, ...]:
    """Settings of one size of blur over the whole image."""
    return (f"{_SIZE}={size},{size}", "degradation.blur.region=whole")


WITHOUT_NOISE = ("degradation.dose_e_per_px=none", "degradation.read_noise=0")
NOISY = "blind, noisy"
TOLD = "told"
AS_THE_SERIES = (
    "degradation.dose_e_per_px=none",
    "degradation.blur.kernel=astigmatic",
    "degradation.blur.size_px=1,5",
    "degradation.read_noise=0.055",
    "train.steps=900",
)
WIDTHS = (at(1), at(2), at(3), at(4))
JOBS = (
    Job("known", "srn-known-small", THREE.dataset, changes=WITHOUT_NOISE, inputs=((), at(1), at(3))),
    Job("blind", "mrn-blind-small", THREE.dataset, changes=WITHOUT_NOISE, inputs=(*WIDTHS, PARTIAL)),
    Job(
        "discriminative", "mrn-discriminative-small", THREE.dataset, changes=WITHOUT_NOISE, inputs=((), *WIDTHS, SHARP)
    ),
    # Like the real focus series: astigmatic, with the noise that `noise` estimates in it, and with tissue.
    Job(NOISY, "mrn-blind-small", FOUR.dataset, changes=AS_THE_SERIES, inputs=()),
    Job(TOLD, "refocus-strength-small", THREE.dataset, inputs=()),
)


def main() -> None:
    """Prepare the pool, then train and score what is missing."""
    chosen = options(__doc__)
    prepare(THREE, chosen.data, chosen.home)
    prepare(FOUR, chosen.data, chosen.home)
    Table(Path(__file__).with_name("table.json"), EXPERIMENT, SAME).run(JOBS, chosen.jobs, chosen.only)


if __name__ == "__main__":
    main()
