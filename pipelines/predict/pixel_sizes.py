"""The pixel size that a model was trained on, and micrographs resampled to it: networks know structures in pixels."""

from dataclasses import replace

from pipelines.tracking.run_facts import manifest_of
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Manifest
from sem_models.errors import FieldRef, UserError
from sem_models.images.micrograph import Micrograph
from sem_models.images.resample import resample

SAME = 1e-3
"""Sizes that differ by less than one in a thousand count as equal, as in `resample`."""


def learned_size(manifest: Manifest, role: Role) -> float | None:
    """Return the pixel size in nm of the training images of a role; None where they have several, or it is unknown."""
    images = [entry.array(role) for entry in manifest.entries if entry.split == "train" and entry.has(role)]
    sizes = {image.pixel_size_nm for image in images}
    return sizes.pop() if len(sizes) == 1 else None


def drawn_size(run_id: str | None) -> float | None:
    """Return the pixel size in nm of the images that a run learned to draw; None as in `learned_size`."""
    if run_id is None:
        return None
    manifest = manifest_of(run_id)
    return learned_size(manifest, manifest.layout.sharp_role)


def at_size(image: Micrograph, known_nm: float | None, learner: str) -> tuple[Micrograph, list[str]]:
    """Return the image at the pixel size that `learner` was trained on, and notes on what was done to it.

    Raises:
        UserError: The pixel size of the image is unknown, but that of the learner is known.
    """
    warnings = [image.scale_warning] if image.scale_warning else []
    if known_nm is None:
        return image, [
            *warnings,
            f"the {learner} learned from several or unknown pixel sizes: the image was taken as it is",
        ]
    size = image.pixel_size_nm
    if size is None:
        raise UserError(
            f"{image.source}: pixel size unknown, but the {learner} learned from {known_nm:g} nm/px; state it with ",
            FieldRef("pixel_size_nm"),
            ".",
        )
    pixels = resample(image.pixels, size / known_nm)
    notes = [] if pixels is image.pixels else [f"image resampled from {size:g} to {known_nm:g} nm/px"]
    return replace(image, pixels=pixels, pixel_size_nm=known_nm), [*warnings, *notes]
