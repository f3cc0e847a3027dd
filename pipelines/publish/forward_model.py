"""The simulated degradation of inputs as sentences of a methods section."""

from sem_models.config.degradation import Blur, BlurKernel, Degradation, Downsampling, Scan

_DOWNSAMPLINGS: dict[Downsampling, str] = {
    "bicubic_aa": "anti-aliased bicubic interpolation",
    "cubic_aliased": "bicubic interpolation without anti-aliasing",
    "gaussian_area": "Gaussian blur and averaging over areas",
}
_KERNELS: dict[BlurKernel, str] = {
    "gaussian": "Gaussian blur",
    "disc": "blur by a disc",
    "astigmatic": "astigmatic Gaussian blur",
}


def simulated_inputs(model: Degradation) -> str:
    """Say how inputs were simulated, in the order in which the forward model is applied; empty if they were not."""
    steps = [
        *(["random grey curves, as of another contrast"] if model.grey_curve else []),
        *([_blur(model.blur)] if model.blur else []),
        *(_downsampling(model) if model.scale > 1 else []),
        *(_scan(model.scan) if model.scan else []),
        *(["defective scan lines (dead, saturated or charged)"] if model.lines else []),
        *_noise(model),
    ]
    return f"Inputs were simulated from the recorded images by {_listed(steps)}." if steps else ""


def _blur(blur: Blur) -> str:
    lo, hi = blur.size_px
    size = f"{lo:g} px" if lo == hi else f"{lo:g} to {hi:g} px, drawn uniformly for each image"
    where = "" if blur.region == "whole" else " in part of each image"
    return f"{_KERNELS[blur.kernel]} of {'radius' if blur.kernel == 'disc' else 'sigma'} {size}{where}"


def _downsampling(model: Degradation) -> list[str]:
    return [f"down-sampling by a factor of {model.scale} with {_DOWNSAMPLINGS[model.downsampling]}"]


def _scan(scan: Scan) -> list[str]:
    said = {
        f"shifts of scan lines (standard deviation {scan.jitter_px:g} px)": scan.jitter_px,
        f"drift of {scan.drift_px:g} px over the frame": scan.drift_px,
        f"offsets of scan lines (standard deviation {_percent(scan.banding)} of the range)": scan.banding,
        f"noise along scan lines (standard deviation {_percent(scan.streaks)} of the range, correlation length "
        f"{scan.streak_length_px:g} px)": scan.streaks,
        f"charging of {_percent(scan.charging)} of the range": scan.charging,
    }
    return [text for text, amount in said.items() if amount]


def _noise(model: Degradation) -> list[str]:
    read = f"Gaussian read noise (standard deviation {_percent(model.read_noise)} of the range)"
    return [*_shot(model.dose_e_per_px), *([read] if model.read_noise else [])]


def _shot(dose: float | tuple[float, float] | None) -> list[str]:
    if dose is None:
        return []
    lo, hi = dose if isinstance(dose, tuple) else (dose, dose)
    electrons = f"{lo:g}" if lo == hi else f"{lo:g} to {hi:g} (log-uniform)"
    return [f"Poisson noise of {electrons} electrons per pixel at full intensity"]


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.3g} %"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
