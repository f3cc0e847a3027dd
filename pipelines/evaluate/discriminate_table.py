"""Discriminator tests as rows for people, and those of compared runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.reports import stored_discriminations
from sem_models.evaluation.discriminator.report import DiscriminatorReport
from sem_models.evaluation.discriminator.set_texture import HEADINGS, SetTexture

CAPTION = (
    "AUC of a fresh classifier that tells generated from real images, on groups that it never saw: 0.5 means that it "
    "cannot, 1 that it always can. Mean over seeds [95 % bootstrap interval over groups]. Real against real: the "
    "same test between cells of real images, which must give 0.5; where it does not, do not trust the AUC. Kernel "
    "distance: on the features named, so not comparable with published KIDs."
)


_EARLIER = (
    "These tests were made by an earlier version, which compared the halves of each image as real against real; "
    "shading alone tells those apart. Repeat the tests before you believe their AUC."
)

TEXTURE_CAPTION = (
    "Texture of the tested images as sets, in unit intensity: mean over images [95 % interval over groups]; "
    "generated images should agree with real ones. Histogram: Wasserstein distance of all grey levels to those of the "
    "real images, 0 is best; for the real images, that between halves of their groups, which is due to chance alone."
)


@dataclass(frozen=True)
class Discriminations:
    """Tests of one setting, the lowest AUC first, and what is missing beside them."""

    reports: tuple[tuple[str, DiscriminatorReport], ...]
    """Label of the run and its report."""
    warnings: tuple[str, ...]


def rows(reports: Sequence[tuple[str, DiscriminatorReport]]) -> list[dict[str, str]]:
    """Tabulate one row per model."""
    return [_row(label, report) for label, report in reports]


def _row(label: str, report: DiscriminatorReport) -> dict[str, str]:
    kernel = report.kernel
    row = {
        "model": label, "AUC, images → 0.5": report.auc.text, "AUC, patches → 0.5": report.auc_patches.text,
        "real against real": report.sanity.text, "real against real, patches": report.sanity_patches.text,
    }  # fmt: skip
    if kernel:
        limits = "" if kernel.lo is None else f" [{kernel.lo:.4g}, {kernel.hi:.4g}]"
        row[f"{kernel.label} ↓"] = f"{kernel.value:.4g}{limits}"
    over = f"{len(report.auc.per_seed)} seeds, interval over {report.auc.resampled}"
    return {
        **row,
        "tested on": f"{report.images} images of {report.groups} groups ({', '.join(report.splits)}), {over}",
    }


def texture_rows(reports: Sequence[tuple[str, DiscriminatorReport]]) -> list[dict[str, str]]:
    """Tabulate the real images first, then one row per model; reports from before textures were measured have none."""
    known = [(label, report.texture) for label, report in reports if report.texture]
    return [_real_row(known[0][1]), *(_texture_row(label, found) for label, found in known)] if known else []


def _real_row(found: SetTexture) -> dict[str, str]:
    chance = "-" if found.histogram_real is None else f"{found.histogram_real:.3g}"
    return {"images": "real", **{HEADINGS[name]: mean.text for name, mean in found.real.items()}, "histogram ↓": chance}


def _texture_row(label: str, found: SetTexture) -> dict[str, str]:
    means = {HEADINGS[name]: mean.text for name, mean in found.generated.items()}
    return {"images": label, **means, "histogram ↓": f"{found.histogram:.3g}"}


def discriminations_of(comparison: Comparison) -> Discriminations:
    """Collect tests of the compared runs, of the setting that most of them share, on the dataset of the comparison."""
    digest = comparison.columns[0].report.digest
    found = [(c.label, report) for c in comparison.columns for report in stored_discriminations(c.run.run_id)]
    here = [(label, report) for label, report in found if report.digest == digest]
    if not here:
        return Discriminations((), ())
    alike = max(([pair for pair in here if pair[1].setting == one.setting] for _, one in here), key=len)
    labels = {label for label, _ in alike}
    missing = [column.label for column in comparison.columns if column.label not in labels]
    warnings = [f"{label} has no discriminator test of this setting." for label in missing]
    warnings += [_EARLIER] if any(report.version == 1 for _, report in alike) else []
    return Discriminations(tuple(sorted(alike, key=lambda pair: pair[1].auc.value)), tuple(warnings))
