"""The table of baselines: methods without learning that appear in the same table as every model of their task."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sem_models.config.degradation import Blur, Degradation, Downsampling
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import cubic_halo, projected_halo
from sem_models.errors import SettingRef, UserError
from sem_models.evaluation.baselines import filters
from sem_models.evaluation.baselines.filters import WholeImageFilter
from sem_models.evaluation.baselines.lines import InterpolatedLines
from sem_models.inference.model import UnitModel
from sem_models.names import quoted
from sem_models.physics.blur import blur_kernels
from sem_models.physics.downsampling import back_project, upsample
from sem_models.suggestions import closest, one_of


@dataclass(frozen=True)
class Bicubic:
    """Bicubic enlargement (Keys, a = -0.5) of the mean over channels, which is what scores compare."""

    scale: int
    name: str = "baseline:bicubic"

    @property
    def capabilities(self) -> Capabilities:
        """One channel in and out, with the halo of the cubic kernel."""
        return Capabilities(1, 1, self.scale, cubic_halo(self.scale))

    def __call__(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W), averaged over channels, to (N, 1, H x scale, W x scale)."""
        return upsample(x.mean(1, keepdim=True), self.scale)


@dataclass(frozen=True)
class ProjectedBicubic:
    """Bicubic enlargement, corrected until it agrees with its input: what projection alone is worth."""

    scale: int
    downsampling: Downsampling
    name: str = "baseline:bicubic+projection"

    @property
    def capabilities(self) -> Capabilities:
        """One channel in and out, with the halo of all cubics one after the other."""
        halo = cubic_halo(self.scale) + projected_halo(self.scale)
        return Capabilities(1, 1, self.scale, halo, back_projection=self.downsampling)

    def __call__(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W), averaged over channels, to (N, 1, H x scale, W x scale)."""
        grey = x.mean(1, keepdim=True)
        return back_project(upsample(grey, self.scale), grey, self.scale, self.downsampling)


@dataclass(frozen=True)
class Identity:
    """The input itself, averaged over its channels; if the output is larger, each pixel is repeated."""

    scale: int
    name: str = "baseline:identity"

    @property
    def capabilities(self) -> Capabilities:
        """One channel in and out, no halo."""
        return Capabilities(1, 1, self.scale, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W), averaged over channels, as (N, 1, H x scale, W x scale)."""
        grey = x.mean(1, keepdim=True)
        return F.interpolate(grey, scale_factor=self.scale, mode="nearest") if self.scale > 1 else grey


def _filter(
    name: str, apply: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> Callable[[Degradation], UnitModel]:
    return lambda _: WholeImageFilter(f"baseline:{name}", apply)


def _deconvolution(
    name: str, of_kernel: Callable[[NDArray[np.float32]], Callable[[NDArray[np.float32]], NDArray[np.float32]]]
) -> Callable[[Degradation], UnitModel]:
    return lambda forward: WholeImageFilter(f"baseline:{name}", of_kernel(known_kernel(forward.blur, name)))


BASELINES: dict[str, Callable[[Degradation], UnitModel]] = {
    "bicubic": lambda forward: Bicubic(forward.scale),
    "bicubic+projection": lambda forward: ProjectedBicubic(forward.scale, forward.downsampling),
    "identity": lambda forward: Identity(forward.scale),
    "nlm+bicubic": lambda forward: WholeImageFilter("baseline:nlm+bicubic", filters.non_local_means, forward.scale),
    "gaussian": _filter("gaussian", filters.gaussian_filter),
    "nlm": _filter("nlm", filters.non_local_means),
    "tv": _filter("tv", filters.total_variation),
    "unsharp": _filter("unsharp", filters.unsharp),
    "wiener": _deconvolution("wiener", filters.wiener),
    "richardson-lucy": _deconvolution("richardson-lucy", filters.richardson_lucy),
    "interpolated-lines": lambda _: InterpolatedLines(),
}
_ENLARGING: tuple[str, ...] = ("bicubic", "identity")
_DENOISING: tuple[str, ...] = ("identity", "gaussian", "nlm", "tv")
_REFOCUSING: tuple[str, ...] = ("identity", "unsharp", "wiener", "richardson-lucy")


def find_baseline(name: str, degradation: Degradation) -> UnitModel:
    """Return the baseline of that name for a forward model; raises a `UserError` for a name that is unknown here."""
    if name == "constant":
        raise UserError(
            "baseline:constant is the mean of a dataset's training targets: it can be scored on a dataset, not applied "
            "to files."
        )
    if name not in BASELINES:
        similar = [f"baseline:{other}" for other in closest(name, BASELINES) or BASELINES]
        raise UserError(f"There is no baseline {quoted(name)}; use {one_of(similar)}.")
    return BASELINES[name](degradation)


def baselines_for(degradation: Degradation, recorded: bool = False) -> list[UnitModel]:
    """Return the baselines that belong in every table of models that undo this forward model.

    Args:
        degradation: Of recorded inputs, only scale and blur are used.
        recorded: Whether the inputs were recorded. They are noisy then, and no forward model made them.
    """
    if degradation.scale == 1:
        names = _REFOCUSING if degradation.blur else _DENOISING
    elif recorded or degradation.is_noisy:
        names = (*_ENLARGING, "nlm+bicubic")
    else:
        names = (*_ENLARGING, "bicubic+projection") if degradation.only_reduces else _ENLARGING
    return [BASELINES[name](degradation) for name in names]


def known_kernel(blur: Blur | None, wanted_by: str) -> NDArray[np.float32]:
    """Return the (k, k) kernel that deconvolutions assume: of the mean blur size, round even if the blur is astigmatic.

    Raises:
        UserError: There is no blur to undo.
    """
    if blur is None:
        raise UserError(
            f"baseline:{wanted_by} undoes a known blur: it can be scored on a dataset with ",
            SettingRef("degradation.blur.size_px", "2,2"),
            ", not applied to files.",
        )
    middle = sum(blur.size_px) / 2
    known = Blur(kernel="disc" if blur.kernel == "disc" else "gaussian", size_px=(middle, middle))
    kernel: NDArray[np.float32] = blur_kernels(known, 1, torch.Generator().manual_seed(0))[0].numpy()
    return kernel
