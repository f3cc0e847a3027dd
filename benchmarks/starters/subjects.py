"""What each starter model's input check, standard deviation and pictures are measured on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.starters import denoise, enlarge, lines, refocus, stem
from benchmarks.starters.foreign import NOT_FOR, SETS
from benchmarks.starters.scoring import Rows
from benchmarks.starters.specimens import DATASET, SOURCES, STEM
from benchmarks.starters.stored import read_result
from sem_models.config.degradation import Blur, Degradation
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.manifest import Entry

RECORDED = "as recorded"
NOTHING = Degradation(scale=1)
CONDITIONS = {"noisy": "reduced, at 100 e/px", "0": "without blur"}
"""What a text says for conditions whose names are short."""
_TRANSMISSION = ("tissue, sections", "TiO2, transmission")


@dataclass(frozen=True)
class Subject:
    """One starter model and the inputs that it is for."""

    name: str
    conditions: Mapping[str, Degradation]
    """How its inputs are simulated, by the name that tables have for it."""
    untouched: str
    """Name of the input, or of what needs no training, in its table of harm."""
    dataset: str = DATASET
    others: tuple[str, ...] = tuple(name for name in SETS if name not in (*NOT_FOR, *_TRANSMISSION))
    """Sets of the kind that it is for, but that it did not learn from."""
    also: tuple[Degradation, ...] = ()
    """Forward models by which its reference is widened, beside those of the conditions."""
    has_doubt: bool = False
    """Whether it states a standard deviation."""

    @property
    def model(self) -> str:
        """Its name in tables."""
        return f"starter:{self.name}"

    @property
    def scale(self) -> int:
        """How many times larger its outputs are."""
        return next(iter(self.conditions.values())).scale

    @property
    def forwards(self) -> tuple[Degradation, ...]:
        """The forward models of its reference."""
        return (*self.conditions.values(), *self.also)

    @property
    def noisy(self) -> dict[str, Degradation]:
        """The conditions with noise, for which the standard deviation is calibrated and measured."""
        return {name: forward for name, forward in self.conditions.items() if forward.is_noisy}

    def counts(self, entry: Entry) -> bool:
        """Whether an image is like those that the model is for: recorded, unless it learned from simulations alone."""
        return self.dataset != DATASET or entry.name.startswith(tuple(SOURCES))

    def harm(self) -> dict[str, Rows]:
        """Scores of foreign images by condition, from its own results."""
        content: dict[str, Any] = read_result(self.name)
        if self.name == lines.NAME:
            return {lines.SPOILT: content["foreign"]}
        return {str(stem.HARM_DOSE): content["harm"]} if self.name == stem.NAME else dict(content["harm"])


def _enlarging(scale: int) -> Subject:
    tracks = {track: enlarge.forward(scale, track) for track in enlarge.TRACKS}
    trained = (find_recipe(f"starter-sr-x{scale}").degradation,) * 2
    return Subject(f"sr-x{scale}", tracks, enlarge.INPUT, also=trained, has_doubt=True)


def _blurred(width_px: float) -> Degradation:
    return refocus.NOISE.model_copy(update={"blur": Blur(size_px=(width_px, width_px)) if width_px else None})


SUBJECTS = (
    Subject(
        denoise.NAME,
        {RECORDED: NOTHING, **{str(dose): denoise.forward(dose) for dose in denoise.DOSES}},
        denoise.INPUT,
        has_doubt=True,
    ),
    Subject(
        stem.NAME,
        {RECORDED: NOTHING, **{str(dose): stem.forward(dose) for dose in stem.DOSES}},
        stem.INPUT,
        STEM,
        others=NOT_FOR,
        has_doubt=True,
    ),
    _enlarging(2),
    _enlarging(4),
    Subject(refocus.NAME, {f"{width:g}": _blurred(width) for width in (0.0, 2.0, 4.0)}, refocus.INPUT),
    Subject(
        lines.NAME,
        {RECORDED: NOTHING, lines.SPOILT: Degradation(scale=1, lines=lines.SETTINGS)},
        lines.INTERPOLATED,
        also=(denoise.forward(50), denoise.forward(200)),
    ),
)
