"""Diffusion models of one contrast each, and the pixel size that those of one translation learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.models import resolve_model
from pipelines.pixel_sizes import SAME, learned_size
from pipelines.run_facts import manifest_of
from pipelines.sampling import resampled
from sem_models.data.manifest import Role
from sem_models.errors import UserError
from sem_models.inference.diffusion import DiffusionModel, as_diffusion


@dataclass(frozen=True)
class Contrast:
    """A model that draws images of one contrast."""

    model: DiffusionModel
    pixel_size_nm: float | None
    """Of what it learned from; None where that had several, or none."""


def contrast_model(text: str, changes: Sequence[str]) -> Contrast:
    """Load MODEL with `diffusion.sampling.KEY=VALUE` changes.

    Raises:
        UserError: It is no diffusion model, or draws colours.
    """
    resolved = resolve_model(text)
    model = as_diffusion(resampled(resolved.model, changes))
    if model.capabilities.channels_out != 1:
        raise UserError(f"{model.name} draws {model.capabilities.channels_out} channels, where a grey one is needed.")
    manifest = manifest_of(resolved.run_id) if resolved.run_id else None
    role: Role = "target" if manifest and manifest.kind == "paired" else "image"
    return Contrast(model, learned_size(manifest, role) if manifest else None)


def common_size(contrasts: Sequence[Contrast]) -> tuple[float | None, tuple[str, ...]]:
    """What the models learned from, in nm, as far as it is known, and a note on those of which it is not.

    Raises:
        UserError: They learned from two pixel sizes.
    """
    known = [contrast for contrast in contrasts if contrast.pixel_size_nm]
    sizes = [contrast.pixel_size_nm for contrast in known if contrast.pixel_size_nm]
    if sizes and max(sizes) > min(sizes) * (1 + SAME):
        said = " and ".join(f"{contrast.model.name} from {contrast.pixel_size_nm:g} nm/px" for contrast in known)
        raise UserError(f"The models learned from two pixel sizes, {said}: prepare both datasets with one --resample.")
    size = sizes[0] if sizes else None
    unsure = [contrast.model.name for contrast in contrasts if size and not contrast.pixel_size_nm]
    other = "learned from several or unknown pixel sizes: that of the other model was taken"
    return size, tuple(f"{name} {other}" for name in unsure)
