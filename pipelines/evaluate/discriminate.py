"""Use case: test whether fresh classifiers can tell generated from real images, and keep the reports with the runs."""

from collections.abc import Sequence
from typing import get_args

from pipelines.data.find import find_dataset
from pipelines.evaluate.keeper import keeper_of
from pipelines.evaluate.reports import save_report
from pipelines.evaluate.requests import DiscriminateRequest
from pipelines.models import ResolvedModel, pair_notes, resolve_model
from pipelines.tracking.datasets import attach_dataset
from pipelines.tracking.keys import Artifact, discriminator_key
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Split
from sem_models.errors import UserError
from sem_models.evaluation.discriminator.kernel_distance import set_distance
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.report import (
    ClassifierSettings,
    DiscriminatorReport,
    DiscriminatorResult,
    caveats,
)
from sem_models.evaluation.discriminator.set_texture import set_texture
from sem_models.evaluation.discriminator.test import discriminator_test, real_against_real
from sem_models.evaluation.discriminator.unpaired_pairs import unpaired_notes
from sem_models.progress import Progress, silent
from sem_models.tasks.models import generated_pairs


def discriminate(
    request: DiscriminateRequest, progress: Progress = silent, settings: ClassifierSettings | None = None
) -> list[DiscriminatorReport]:
    """Test each model with the same classifiers, and real against real once; keep the reports with the runs.

    Args:
        request: Models of one scale; nothing is kept for baselines. Groups of the dataset are held out.
        progress: Told about images and training steps.
        settings: Settings of the classifiers, instead of those in the request.

    Raises:
        UserError: There is no such model, dataset or split, there are too few groups, or the models differ in scale.
    """
    settings = settings or ClassifierSettings(steps=request.steps, patch_px=request.patch_px)
    # In the order of the data flow, whatever the order they were named in.
    chosen: tuple[Split, ...] = tuple(split for split in get_args(Split) if split in request.splits)
    dataset = find_dataset(request.dataset)
    resolved = [resolve_model(ref, scale=1) for ref in dict.fromkeys(request.models)]
    if len({one.model.capabilities.scale for one in resolved}) > 1:
        raise UserError("The models enlarge by different factors; test those of one factor together.")
    reports: list[DiscriminatorReport] = []
    sanity: DiscriminatorResult | None = None
    for one in resolved:
        notes = pair_notes(one.model, dataset)
        pairs = generated_pairs(one.model, dataset, chosen, request.training_images, one.degradation, progress)
        sanity = sanity or real_against_real(pairs, settings, progress)
        report = _report(one, dataset, chosen, pairs, settings, sanity, progress)
        report = report.model_copy(update={"notes": (*report.notes, *notes)})
        reports.append(report)
        if one.run_id:
            run_id = keeper_of(one.run_id)
            _keep(one, run_id, report)
            attach_dataset(run_id, dataset, "evaluation")
    return reports


def _report(
    one: ResolvedModel,
    dataset: Dataset,
    splits: tuple[Split, ...],
    pairs: Sequence[Pair],
    settings: ClassifierSettings,
    sanity: DiscriminatorResult,
    progress: Progress,
) -> DiscriminatorReport:
    found = discriminator_test(pairs, settings, progress)
    kernel, notes = set_distance(pairs, progress)
    if dataset.manifest.layout.is_unpaired:
        notes += unpaired_notes(dataset, splits, one.model.capabilities.scale)
    tested = [pair for pair in pairs if pair.tested]
    return DiscriminatorReport(
        model=one.model.name,
        dataset=dataset.manifest.name,
        digest=dataset.digest,
        splits=splits,
        training_images=len(pairs) - len(tested),
        settings=settings,
        images=len(tested),
        groups=len({pair.group for pair in tested}),
        auc=found.images,
        auc_patches=found.patches,
        sanity=sanity.images,
        sanity_patches=sanity.patches,
        kernel=kernel,
        texture=set_texture(pairs),
        notes=(*caveats(pairs, found, sanity), *notes),
    )


def _keep(one: ResolvedModel, run_id: str, report: DiscriminatorReport) -> None:
    name = "-".join((report.dataset, *report.splits, *(["trained"] if report.training_images else [])))
    values = {
        "auc": report.auc.value, "auc_lo": report.auc.lo, "auc_hi": report.auc.hi,
        "auc_patches": report.auc_patches.value, "auc_real_against_real": report.sanity.value,
    }  # fmt: skip
    if report.kernel:
        # The features are part of the name: these values must not be mixed with those on Inception features.
        values["kernel_vgg16_relu4_3"] = report.kernel.value
    # Each dataset has its own values: a later test on another one must not replace them.
    metrics = {discriminator_key(name, key): value for key, value in values.items() if value is not None}
    save_report(run_id, f"{Artifact.DISCRIMINATOR}/{name}", report, metrics, one.direction)
