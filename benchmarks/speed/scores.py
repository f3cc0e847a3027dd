"""PSNR, SSIM and LPIPS of images of 1024 x 1024 px: ours against scikit-image and `lpips` called plainly, side by side.

    python -m benchmarks.speed.scores [--rounds N] [--targets N] [--outputs N]

Each target is compared with several outputs, as in an evaluation with its baselines; both ways take turns, target by
target. Processor time is compared where there is one thread, time by the clock where there are several: other work on
the machine disturbs the latter. Writes `scores.json` next to this file. Needs the weights of AlexNet (`TORCH_HOME`).
"""

import argparse
import json
import os
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sem_models.evaluation.metrics.lpips import TargetFeatures
from sem_models.evaluation.metrics.ssim import ssim
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.features.weights import declare_torchvision_ops

SIZE_PX = 1024
Image = NDArray[np.float32]
Scores = list[tuple[float, float, float]]


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--targets", type=int, default=3)
    parser.add_argument("--outputs", type=int, nargs="+", default=[1, 4])
    options = parser.parse_args()
    plainly = _plain_scores()
    result: dict[str, Any] = {
        "size_px": SIZE_PX,
        "processors": os.cpu_count(),
        "versions": {"torch": torch.__version__},
    }
    for threads in (1, os.cpu_count() or 1):
        torch.set_num_threads(threads)
        for outputs in options.outputs:
            name = f"{threads} threads, {outputs} outputs a target"
            result[name] = _compared(plainly, options.targets * options.rounds, outputs)
            print(name, result[name])
    result["load_average"] = round(os.getloadavg()[0], 2)
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


def _compared(plainly: Callable[[Image, Sequence[Image]], Scores], targets: int, outputs: int) -> dict[str, Any]:
    ways = {"plain": plainly, "ours": _our_scores}
    cpu: dict[str, list[float]] = {"plain": [], "ours": []}
    wall: dict[str, list[float]] = {"plain": [], "ours": []}
    furthest = 0.0
    for number in range(targets + 1):
        target, made = _images(number, outputs)
        found = {}
        for way, score in ways.items():
            start, clock = time.process_time(), time.perf_counter()
            found[way] = score(target, made)
            if number:  # the first one warms up
                cpu[way].append((time.process_time() - start) / outputs)
                wall[way].append((time.perf_counter() - clock) / outputs)
        furthest = max(furthest, float(np.abs(np.subtract(found["plain"], found["ours"])).max()))
    return {
        "pairs": targets * outputs,
        **{f"{way}_cpu_ms": round(1000 * statistics.median(cpu[way]), 1) for way in ways},
        **{f"{way}_wall_ms": round(1000 * statistics.median(wall[way]), 1) for way in ways},
        "times_as_fast_cpu": round(statistics.median(np.divide(cpu["plain"], cpu["ours"])), 2),
        "times_as_fast_wall": round(statistics.median(np.divide(wall["plain"], wall["ours"])), 2),
        "largest_difference": furthest,
    }


def _images(seed: int, outputs: int) -> tuple[Image, list[Image]]:
    draw = np.random.default_rng(seed)
    smooth = gaussian_filter(draw.random((SIZE_PX, SIZE_PX)), 3)
    target = ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
    noisy = (target + draw.normal(0, 0.02 * (1 + number), target.shape) for number in range(outputs))
    return target, [np.clip(image, 0, 1).astype(np.float32) for image in noisy]


def _our_scores(target: Image, outputs: Sequence[Image]) -> Scores:
    features = TargetFeatures(target, 1.0)
    return [(psnr_db(image, target, 1.0), ssim(image, target, 1.0), features.lpips(image)) for image in outputs]


def _plain_scores() -> Callable[[Image, Sequence[Image]], Scores]:
    declare_torchvision_ops()
    import lpips
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = lpips.LPIPS(net="alex", verbose=False)

    def scores(target: Image, outputs: Sequence[Image]) -> Scores:
        return [
            (
                float(peak_signal_noise_ratio(target, image, data_range=1.0)),
                float(structural_similarity(target, image, data_range=1.0)),
                _distance(network, target, image),
            )
            for image in outputs
        ]

    return scores


def _distance(network: torch.nn.Module, target: Image, image: Image) -> float:
    with torch.inference_mode():
        return float(
            network(*(torch.from_numpy(one)[None, None].expand(1, 3, -1, -1) * 2 - 1 for one in (image, target)))
        )


if __name__ == "__main__":
    main()
