"""How much of a texture is left in drawn images, by sampler and number of steps, with an exact predictor.

    python -m benchmarks.synthesis.texture

Pixels are independent Gaussians, for which the best prediction has a closed form: what is lost is lost by the sampler.
Writes `texture.json`: deviation of the drawn pixels over that of the images. Takes seconds.
"""

import json
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.synthesis.ddim import by_ddim
from sem_models.config.method_settings import DiffusionSettings, Sampling
from sem_models.inference.diffusion.noise_schedule import ForwardProcess
from sem_models.inference.diffusion.solver import NoisePredictor, decode
from sem_models.progress import Progress, silent

SHARES = (0.02, 0.05, 0.1)
"""Standard deviation of the texture, as a fraction of the range of intensities."""
STEPS = (5, 10, 25, 50)
DDIM_STEPS = (25, 50, 200)
_SIZE = 256


def exact(process: ForwardProcess, sigma: float) -> NoisePredictor:
    """The posterior mean of the noise for independent pixels of mean 0 and deviation `sigma`, signed."""

    def predict(noisy: Tensor, t: Tensor, progress: Progress = silent) -> Tensor:  # noqa: ARG001
        signal, noise = process.signal[int(t[0])], process.noise[int(t[0])]
        return noise / (signal**2 * sigma**2 + noise**2) * noisy

    return predict


def white() -> Tensor:
    """Noise with mean 0 and deviation 1 exactly."""
    noise = torch.randn(1, 1, _SIZE, _SIZE, generator=torch.Generator().manual_seed(0))
    return (noise - noise.mean()) / noise.std()


def main() -> None:
    """Measure both samplers and write the numbers."""
    found: dict[str, dict[int, list[float]]] = {"DPM-Solver++ 2M, uniform in log-SNR": {}, "DDIM, uniform in time": {}}
    solver, ddim = found.values()
    for share in SHARES:
        sigma = 2 * share
        for steps in STEPS:
            settings = DiffusionSettings(sampling=Sampling(steps=steps))
            drawn = decode(exact(ForwardProcess(settings), sigma), settings, white())
            solver.setdefault(steps, []).append(round(drawn.std().item() / sigma, 4))
        linear = DiffusionSettings(betas="linear")
        for steps in DDIM_STEPS:
            drawn = by_ddim(exact(ForwardProcess(linear), sigma), linear, white(), steps, clip=False)
            ddim.setdefault(steps, []).append(round(drawn.std().item() / sigma, 4))
    text = json.dumps({"shares": SHARES, "kept": found}, indent=1)
    Path(__file__).with_name("texture.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
