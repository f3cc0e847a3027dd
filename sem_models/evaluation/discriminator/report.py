"""What the discriminator test says of one model on one dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.datasets.manifest import Split
from sem_models.evaluation.discriminator.auc import Auc
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.set_texture import SetTexture

FEW_GROUPS = 8
"""A percentile bootstrap of fewer is clearly too narrow."""


class ClassifierSettings(Frozen):
    """Everything that the result of a discriminator test depends on beside the images."""

    patch_px: Annotated[int, Field(ge=16)] = 64
    batch: Annotated[int, Field(ge=4, multiple_of=2)] = 32
    """Half of it real, half generated."""
    steps: Annotated[int, Field(ge=1)] = 200
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    folds: Annotated[int, Field(ge=2)] = 5
    """Parts into which the groups are divided; each part is judged by a classifier that never saw it."""
    seeds: Annotated[tuple[int, ...], Field(min_length=3)] = (0, 1, 2)
    border_px: Annotated[int, Field(ge=0)] = 8
    """Cut off at each edge, where padding leaves marks that are no texture."""


@dataclass(frozen=True)
class KernelDistance:
    """Squared maximum mean discrepancy; 0 where both sets come from one distribution, below it by chance only."""

    features: str
    """`VGG16 relu4_3, 128 px`: what the value is on."""
    value: float
    lo: float | None
    hi: float | None
    """95 % jackknife interval over groups; None with fewer than three."""
    groups: int
    patches: int
    """Of both sets together."""

    @property
    def label(self) -> str:
        """Heading of a column."""
        return f"Kernel distance ({self.features})"


@dataclass(frozen=True)
class DiscriminatorResult:
    """AUC on whole images (mean logit over patches) and on single patches."""

    images: Auc
    patches: Auc


class DiscriminatorReport(Frozen):
    """Everything needed to read and compare the test of one model."""

    version: Literal[1, 2] = 2
    """1: real against real was halves of each image, which shading told apart."""
    model: str
    dataset: str
    digest: str
    splits: tuple[Split, ...]
    """Whose images are judged."""
    training_images: int
    """Of the training split, that judges learned from besides; the generator has learned from them, too."""
    settings: ClassifierSettings
    images: int
    groups: int
    """Images and specimens that are judged."""
    auc: Auc
    """On whole images."""
    auc_patches: Auc
    sanity: Auc
    """Real against real: cells of real images, dealt to two sides by chance; must contain 0.5."""
    sanity_patches: Auc
    kernel: KernelDistance | None
    texture: SetTexture | None = None
    """Of both sets; None in reports that are older."""
    notes: tuple[str, ...] = ()

    @property
    def setting(self) -> tuple[object, ...]:
        """What two reports must share to be compared."""
        return self.version, self.digest, self.splits, self.training_images, self.settings


def caveats(pairs: Sequence[Pair], found: DiscriminatorResult, sanity: DiscriminatorResult) -> tuple[str, ...]:
    """What a reader must know before believing the numbers."""
    groups = len({pair.group for pair in pairs if pair.judged})
    extra = sum(not pair.judged for pair in pairs)
    # Patches are many more, so that they show a lean of the judges that few images hide.
    untrue = [auc for auc in (sanity.images, sanity.patches) if auc.lo is not None and not auc.contains_half]
    said = [
        f"The interval rests on {groups} groups and is too narrow." if groups < FEW_GROUPS else "",
        f"Judges also learned from {extra} images of the training split, where the generator is at its best: that "
        "can only make the test milder." if extra else "",
        f"Real against real gave {untrue[0].text} instead of 0.5: the test itself is not to be trusted here."
        if untrue else "",
        "The AUC lies below 0.5: look for generated images that copy real ones of other groups."
        if found.images.hi is not None and found.images.hi < 0.5 else "",
    ]  # fmt: skip
    return tuple(text for text in said if text)
