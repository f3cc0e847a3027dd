"""What is known about registered models, as a page shows it; nothing here loads a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pipelines.model_ref import RegistryRef
from pipelines.tracking.keys import Tag
from pipelines.tracking.promotions import scores_of
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
    scores: Mapping[str, str]
    """Means over test splits, by `DATASET: label`."""
    leading: str
    """The first of these, with its metric."""
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
    scores = labelled(scores_of(tags))
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
        leading=_leading(tags),
        parameters=_number(tags.get(Tag.PARAMETERS)),
        size_bytes=_number(tags.get(Tag.SIZE_BYTES)),
        s_per_mp=_decimal(tags.get(Tag.S_PER_MP)),
        device=tags.get(Tag.MEASURED_ON, ""),
        licence=tags.get(Tag.LICENCE, ""),
        created=version.created,
    )


def labelled(scores: Mapping[str, str]) -> dict[str, str]:
    """Return scores by `steel: PSNR (dB)`, as people read it, instead of `steel-test.psnr_db`."""
    found = {}
    for key, text in scores.items():
        dataset, _, metric = key.rpartition("-test.")
        found[f"{dataset}: {LABELS.get(metric, metric)}"] = text
    return found


def _leading(tags: Mapping[str, str]) -> str:
    scores = scores_of(tags)
    for metric in _LEADING:
        for key, text in scores.items():
            if key.endswith(f"-test.{metric}"):
                return f"{LABELS[metric]} {text.partition(' ')[0]}"
    return ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _decimal(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
