"""What the discriminator test says of one model on one dataset, and how its pairs of images are made."""

from collections.abc import Sequence
from typing import Literal

from sem_models.config.degradation import Degradation
from sem_models.config.frozen import Frozen
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Split
from sem_models.evaluation.discriminator.auc import Auc
from sem_models.evaluation.discriminator.kernel_distance import PATCH_PX, KernelDistance, kernel_distance
from sem_models.evaluation.discriminator.network import ClassifierSettings
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.set_texture import SetTexture
from sem_models.evaluation.discriminator.test import DiscriminatorResult
from sem_models.evaluation.discriminator.unpaired_pairs import unpaired_pairs
from sem_models.evaluation.evaluate import cases_for
from sem_models.features.weights import FeaturesUnavailable
from sem_models.inference.label_maps import label_recipe
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent

FEW_GROUPS = 8
"""A percentile bootstrap of fewer is clearly too narrow."""


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


def generated_pairs(
    model: UnitModel,
    dataset: Dataset,
    splits: Sequence[Split],
    training_images: bool,
    degradation: Degradation,
    progress: Progress = silent,
) -> list[Pair]:
    """Apply a model to whole images as an evaluation does; of several channels the mean is judged.

    In unpaired datasets each output is set beside a real image of the other domain.

    Raises:
        UserError: The dataset has no real image to compare an output with, or scales do not agree.
    """
    if dataset.manifest.kind == "unpaired" and label_recipe(model) is None:
        return unpaired_pairs(model, dataset, splits, training_images, progress)
    case_of, predictor = cases_for(model, dataset, degradation), Predictor(model)
    wanted: tuple[Split, ...] = (*splits, "train") if training_images and "train" not in splits else tuple(splits)
    entries = [entry for split in dict.fromkeys(wanted) for entry in dataset.entries(split)]
    pairs = []
    for index, entry in enumerate(entries):
        case = case_of(entry)
        output = predictor.predict_unit(case.input)
        pairs.append(Pair(case.target.mean(0), output.mean(0), entry.name, entry.group, entry.split in splits))
        progress(index + 1, len(entries), "images generated")
    return pairs


def set_distance(pairs: Sequence[Pair], progress: Progress = silent) -> tuple[KernelDistance | None, tuple[str, ...]]:
    """Kernel distance of the judged images, or a note why there is none."""
    judged = [pair for pair in pairs if pair.judged]
    if len({pair.group for pair in judged}) < 2 or min(min(pair.real.shape) for pair in judged) < PATCH_PX:
        return None, (f"The kernel distance needs two groups of images of at least {PATCH_PX} px.",)
    real, generated = [pair.real for pair in judged], [pair.generated for pair in judged]
    try:
        return kernel_distance(real, generated, [pair.group for pair in judged], progress=progress), ()
    except FeaturesUnavailable as error:
        return None, (f"The kernel distance was not computed: {error}.",)


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
