"""What somebody has to learn from: the kind of a dataset, and what its images are like, which no file says."""

from dataclasses import dataclass

from sem_models.datasets.kinds import Kind


@dataclass(frozen=True)
class Material:
    """Images of one kind of dataset."""

    name: str
    kind: Kind
    label: str
    """What users call it."""
    is_noisy: bool = False
    """Whether all images are noisy, so that none of them shows what a denoised image should be."""
    are_frames: bool = False
    """Whether input and target of a pair differ by their noise alone."""


MATERIALS: dict[str, Material] = {
    material.name: material
    for material in (
        Material("clean", "single", "Good images, from which worse inputs are simulated"),
        Material("noisy", "single", "Noisy images, none of them clean", is_noisy=True),
        Material("pairs", "paired", "Pairs of an input and the image that is wanted"),
        Material("frames", "paired", "Pairs of two noisy frames of one field", is_noisy=True, are_frames=True),
        Material("domains", "unpaired", "Two sets of images that need not show the same places"),
        Material("masks", "masked", "Images with masks of their classes"),
    )
}


def materials_of(kind: Kind) -> tuple[Material, ...]:
    """Return what a dataset of that kind may hold, the usual one first."""
    return tuple(material for material in MATERIALS.values() if material.kind == kind)
