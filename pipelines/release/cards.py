"""What is known about registered models, as a page shows it; nothing here loads a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.model_ref import RegistryRef
from pipelines.release.kept_scores import KeptScore, kept_scores
from pipelines.tracking.keys import Tag
from pipelines.tracking.versions import RegisteredVersion
from sem_models.evaluation.metrics.table import LABELS

_LEADING = ("psnr_db", "ssim", "dice")


@dataclass(frozen=True)
class ModelCard:
    """One version of a registered model."""

    ref: RegistryRef
    aliases: tuple[str, ...]
    run_id: str
    task: str
    recipe: str
    dataset: str
    imported_from: str
    """The file whose weights were trained elsewhere; empty for a training of our own."""
    architecture: str
    """The network in that file."""
    direction: str
    """Which generator of a cycle; else empty."""
    scores: tuple[KeptScore, ...]
    """Means over test splits."""
    leading: str
    """The first of these, with its metric and the best baseline."""
    parameters: int | None
    size_bytes: int | None
    s_per_mp: float | None
    device: str
    licence: str
    created: datetime | None

    @property
    def address(self) -> str:
        """How commands and scripts name it: by an alias if it has one."""
        return str(RegistryRef(self.ref.name, alias=self.aliases[0]) if self.aliases else self.ref)


def card_of(version: RegisteredVersion) -> ModelCard:
    """Collect what the tags of a version say; what versions before 0.2 did not record is None or empty."""
    tags = version.tags
    scores = kept_scores(tags)
    return ModelCard(
        ref=version.ref,
        aliases=version.aliases,
        run_id=version.run_id,
        task=tags.get(Tag.TASK, ""),
        recipe=tags.get(Tag.RECIPE, ""),
        dataset=tags.get(Tag.DATASET, ""),
        imported_from=tags.get(Tag.IMPORTED_FROM, ""),
        architecture=tags.get(Tag.ARCHITECTURE, ""),
        direction=tags.get(Tag.DIRECTION, ""),
        scores=scores,
        leading=_leading(scores),
        parameters=_number(tags.get(Tag.PARAMETERS)),
        size_bytes=_number(tags.get(Tag.SIZE_BYTES)),
        s_per_mp=_decimal(tags.get(Tag.S_PER_MP)),
        device=tags.get(Tag.MEASURED_ON, ""),
        licence=tags.get(Tag.LICENCE, ""),
        created=version.created,
    )


def _leading(scores: Sequence[KeptScore]) -> str:
    for metric in _LEADING:
        for score in scores:
            if score.metric == metric:
                return f"{LABELS[metric]} {score.beside_baseline}"
    return ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _decimal(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
