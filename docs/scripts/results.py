"""All generated tables of the result pages, by name, and the pages of tables that belong to them."""

from collections.abc import Callable

from docs.scripts import (
    columns,
    coverage,
    denoising,
    equal_conditions,
    inpainting,
    lab_load,
    near_duplicates,
    real_scans,
    refocusing,
    samplers,
    speed,
    starters,
    super_resolution,
    texture,
    translation,
    without_pairs,
)
from docs.scripts.stored import BENCHMARKS

DETAILS = {
    "denoising": "denoising/RESULTS.md",
    "refocusing": "refocusing/RESULTS.md",
    "without-pairs": "translation/UNPAIRED.md",
    "masks": "synthesis/RESULTS.md",
    "super-resolution": "super_resolution/RESULTS.md",
}
"""Tables written by the `summarise` scripts, by the page to which they belong."""


def _details(name: str, source: str) -> Callable[[], str]:
    """A page with the tables of one benchmark, as its script wrote them."""

    def page() -> str:
        text = (BENCHMARKS / source).read_text()
        return f"{text}\nWritten by `benchmarks/{source.split('/')[0]}`; discussed under [{name}](../{name}.md).\n"

    return page


TABLES: dict[str, Callable[[], str]] = {
    "super-resolution": super_resolution.super_resolution,
    "equal-clean": equal_conditions.equal_clean,
    "equal-clean-contrasts": equal_conditions.equal_clean_contrasts,
    "equal-clean-gains": equal_conditions.equal_clean_gains,
    "equal-noisy": equal_conditions.equal_noisy,
    "equal-noisy-contrasts": equal_conditions.equal_noisy_contrasts,
    "equal-noisy-gains": equal_conditions.equal_noisy_gains,
    "real-scans": real_scans.real_scans,
    "real-scan-gains": real_scans.real_scan_gains,
    "real-scan-contrasts": real_scans.real_scan_contrasts,
    "real-scan-registration": real_scans.real_scan_registration,
    "ablation": super_resolution.ablation,
    "inpainting": inpainting.inpainting,
    "refocusing": refocusing.refocusing,
    "refocusing-default": refocusing.refocusing_default,
    "refocusing-series": refocusing.refocusing_series,
    "two-frames": refocusing.two_frames,
    "two-real-frames": refocusing.two_real_frames,
    "real-atoms": denoising.real_atoms,
    "lattice-columns": columns.lattice_columns,
    "lattice-sublattices": columns.lattice_sublattices,
    "lattice-defects": columns.lattice_defects,
    "posterior-mean": denoising.posterior_mean,
    "posterior-mean-lines": denoising.posterior_mean_of_lines,
    "translation": translation.translation,
    "without-pairs": without_pairs.without_pairs,
    "coverage": coverage.coverage,
    "texture": texture.texture,
    "samplers": samplers.samplers,
    "seed-coverage": coverage.seed_coverage,
    **starters.tables(),
    "speed": speed.memory_formats,
    "speed-backends": speed.backends,
    "speed-backend-rates": speed.backend_rates,
    "speed-training": speed.training,
    "speed-validation": speed.validation,
    "speed-tiles": speed.tiles,
    "speed-halos": speed.halos,
    "speed-prediction": speed.prediction,
    "speed-tasks": speed.task_start,
    "speed-viewer": speed.viewer,
    "speed-serving": speed.serving,
    "speed-pages": speed.pages,
    "speed-scores": speed.scores,
    "speed-many": speed.many_files,
    "speed-estimate": speed.estimate,
    "lab-counts": lab_load.counts,
    "lab-times": lab_load.times,
    "lab-servers": lab_load.servers,
    "copies": near_duplicates.copies,
    "links": near_duplicates.recordings,
    "overlaps": near_duplicates.overlaps,
}
PAGES = {
    **{f"results/tables/{name}.md": _details(name, source) for name, source in DETAILS.items()},
    "results/tables/translation.md": translation.page,
}
