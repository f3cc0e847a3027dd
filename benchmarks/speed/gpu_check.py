"""Whether a GPU computes what a processor computes, how fast, and what bounds it; at most nine minutes.

    python -m benchmarks.speed.gpu_check [--device cpu] [--tiny] [--seconds N] [--out FILE]

Runs the tests that need a GPU, then one preset of each family, in 32 bit and in bf16: training steps of this program
and of the plain eager loop (`plain_training.py`), a prediction compared with that of the processor, memory, and the
three operations of a training step that take the longest, with what bounds them. `--tiny` has narrow networks and
small images, and runs on a processor as well. What the time did not suffice for is named. Writes `gpu_check.json`.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from benchmarks.speed.plain_training import PlainTraining, batches
from benchmarks.speed.training import Watch, make_files
from sem_models.bf16 import has_bf16_units
from sem_models.config.networks.table import capabilities
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import open_dataset
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.methods.table import stage_at
from sem_models.networks.table import build_network
from sem_models.training.preflight import preflight
from sem_models.training.trainer import Trainer

FAMILIES: dict[str, tuple[str, ...]] = {
    "srresnet-x4": (),
    "swinir-light-x4": ("train.batch=8",),
    "hat-x4": ("train.batch=4",),
    "esrgan-x4": ("adversarial.losses.perceptual=0", "adversarial.first_share=0", "train.batch=4"),
    "nafnet-denoise": ("train.batch=8",),
    "mrn-blind": ("train.batch=4",),
    "unet-translate": (),
    "pix2pix": (),
    "cyclegan-translate": (),
    "unet-segment": (),
    "ddpm": (),
}
"""One recipe of each family, with changes; no perceptual loss, whose weights would have to be fetched."""
TINY: dict[str, tuple[str, ...]] = {
    "srresnet-x4-small": ("network.width=8", "network.blocks=1"),
    "swinir-x4-small": ("network.width=12", "network.groups=1", "network.layers=2"),
    "hat-x4-small": ("network.width=12", "network.groups=1", "network.layers=2"),
    "esrgan-x4-small": (
        *("adversarial.losses.perceptual=0", "adversarial.first_share=0", "adversarial.discriminator.width=4"),
        *("network.width=8", "network.blocks=1", "network.growth=4"),
    ),
    "nafnet-denoise-small": ("network.width=4",),
    "mrn-blind-small": ("network.width=4", "network.blocks=1"),
    "unet-translate-small": ("network.width=4",),
    "pix2pix-small": ("network.width=4", "adversarial.discriminator.width=4"),
    "cyclegan-translate-small": ("network.width=4", "network.blocks=1", "adversarial.discriminator.width=4"),
    "unet-segment-small": ("network.width=4",),
    "ddpm-small": ("network.width=8", "train.batch=2"),
}
TOLERANCE = 1e-3
"""Largest difference of a prediction in 32 bit between the devices, of intensities from 0 to 1."""
WARM_UP, STEPS, PROFILED = 5, 20, 2
COMPUTING = 0.4
"""Share of the measured matrix rate above which an operation is said to be bound by arithmetic."""


def main() -> None:
    """Check everything, print and store; the exit status is 1 if anything differs or fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--seconds", type=float, default=530)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = parser.parse_args()
    end = time.monotonic() + chosen.seconds
    if chosen.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    found = _facts(chosen.device)
    print(json.dumps(found), flush=True)
    found["gpu_tests"] = _tests() if chosen.device == "cuda" else "not run: they need CUDA"
    families = TINY if chosen.tiny else FAMILIES
    found["families"], found["left_out"] = {}, []
    for name, changes in families.items():
        if time.monotonic() > end - 0.5 * chosen.seconds / len(families):
            found["left_out"].append(name)
            continue
        found["families"][name] = _family(override(find_recipe(name), changes), chosen.device, found["matrix_flops"])
        print(name, json.dumps(found["families"][name]), flush=True)
    found["bad"] = [name for name, one in found["families"].items() if one.get("error") or not one["predicts_alike"]]
    chosen.out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"Bad: {found['bad'] or 'none'}. Left out: {found['left_out'] or 'none'}. Tests: {found['gpu_tests']}")
    sys.exit(1 if found["bad"] or "failed" in found["gpu_tests"] else 0)


def _facts(device: str) -> dict[str, Any]:
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    facts = {"device": device, "name": name, "torch": torch.__version__, "preflight": str(preflight())}
    return facts | {"matrix_flops": _matrix_flops(device), "copy_bytes_per_s": _copy_rate(device)}


def _tests() -> str:
    """Run the tests marked `gpu`; returns the last line of pytest."""
    call = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests/unit", "tests/contract"]
    done = subprocess.run(call, stdout=subprocess.PIPE, text=True, timeout=180)
    return (done.stdout.strip().splitlines() or ["failed: pytest said nothing"])[-1]


def _family(recipe: Recipe, device: str, peak: dict[str, float]) -> dict[str, Any]:
    """Everything about one recipe; an error is a result like others."""
    try:
        found: dict[str, Any] = _compared(recipe, device)
        # Without units for it, and kernels of each operation, bf16 is for GPUs and the networks measured with it.
        both = device == "cuda" or (capabilities(recipe.network).half_on_cpu and has_bf16_units(device))
        for precision in ("32-true", "bf16-mixed")[: 2 if both else 1]:
            found[precision] = _trained(override(recipe, [f"train.precision={precision}"]), device, peak[precision])
        return found
    except Exception as error:
        # The others are of interest all the same.
        return {"error": f"{type(error).__name__}: {error}"[:500], "predicts_alike": False}


def _compared(recipe: Recipe, device: str) -> dict[str, Any]:
    """Predict the same image on both devices, and take the gradient of the same patch."""
    torch.manual_seed(0)
    networks = {place: build_network(recipe.network).eval() for place in ("cpu", device)}
    networks[device].load_state_dict(networks["cpu"].state_dict())
    facts = capabilities(recipe.network)
    inputs: tuple[torch.Tensor, ...]
    if facts.auxiliary == "noise":
        inputs = torch.rand(1, 1, 64, 64), torch.tensor([100])
    else:
        inputs = (torch.rand(1, facts.channels_in, 64, 64),)
    made = {place: _output_and_gradient(networks[place].to(place), inputs, place) for place in ("cpu", device)}
    apart = [float((made["cpu"][i] - made[device][i]).abs().max() / made["cpu"][i].abs().max()) for i in range(2)]
    found: dict[str, Any] = {"output_apart": apart[0], "gradient_apart": apart[1]}
    if facts.auxiliary != "noise":
        size = 96 if recipe.train.patch <= 128 and device == "cpu" else 512
        image = np.random.default_rng(0).random((facts.channels_in, size, size), np.float32)
        model = RestorationModel(recipe, networks["cpu"].requires_grad_(False), recipe.name)
        there = replace(model, network=networks[device].requires_grad_(False))
        start = time.perf_counter()
        output = Predictor(there, device).predict_unit(image)
        found["predict_s"] = time.perf_counter() - start
        found["prediction_apart"] = float(np.abs(output - Predictor(model, "cpu").predict_unit(image)).max())
    worst = max(found["output_apart"], found["gradient_apart"], found.get("prediction_apart", 0.0))
    return found | {"predicts_alike": worst < TOLERANCE}


def _output_and_gradient(network: nn.Module, inputs: Any, place: str) -> tuple[torch.Tensor, torch.Tensor]:
    output = network(*(part.to(place) for part in inputs))
    output.square().mean().backward()
    gradients = [p.grad.flatten() for p in network.parameters() if p.grad is not None]
    return output.detach().cpu(), torch.cat(gradients).cpu()


def _trained(recipe: Recipe, device: str, peak: float) -> dict[str, Any]:
    """Time steps of both ways on the same kind of batch, and profile ours."""
    settings = ["train.validate_every=1000000", "train.checkpoint_every=1000000", "train.steps=1000000"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(recipe, folder)
        trainer = Trainer(override(recipe, settings), open_dataset(folder / "dataset"), folder / "run", Watch())
        stage = stage_at(recipe, 0)
        plain, (x, y) = PlainTraining(recipe, device), next(batches(recipe, folder))
    x, y = x.to(device), y.to(device)

    def plainly() -> None:
        with _precision(recipe, device):
            plain.step(x, y)

    ours, theirs = _seconds(lambda: trainer._step(stage), device), _seconds(plainly, device)
    memory = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else float("nan")
    return {
        "ours_ms": round(1000 * ours, 2),
        "plain_ms": round(1000 * theirs, 2),
        "times_as_fast_as_plain": round(theirs / ours, 2),
        "peak_mb": round(memory) if device == "cuda" else None,
        "slowest": _slowest(lambda: trainer._step(stage), device, ours, peak),
    }


@contextlib.contextmanager
def _precision(recipe: Recipe, device: str) -> Iterator[None]:
    with torch.autocast(device, torch.bfloat16, enabled=recipe.train.precision == "bf16-mixed"):
        yield


def _seconds(step: Callable[[], Any], device: str) -> float:
    """Mean duration of a step."""
    warm_up, steps = (WARM_UP, STEPS) if device == "cuda" else (1, 2)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    for _ in range(warm_up):
        step()
    _wait(device)
    start = time.perf_counter()
    for _ in range(steps):
        step()
    _wait(device)
    return (time.perf_counter() - start) / steps


def _slowest(step: Callable[[], None], device: str, seconds: float, peak: float) -> list[dict[str, Any]]:
    """The three operations that take the longest in a step, their share of it, and what bounds them."""
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device == "cuda" else [])]
    with profile(activities=activities, with_flops=True) as profiled:
        for _ in range(PROFILED):
            step()
        _wait(device)
    events = [event for event in profiled.key_averages() if event.key.startswith("aten::")]
    own = "self_device_time_total" if device == "cuda" else "self_cpu_time_total"
    busy = sum(getattr(event, own) for event in events) / 1e6 / PROFILED
    slowest = sorted(events, key=lambda event: -getattr(event, own))[:3]
    convolved = sum(event.flops for event in events if event.key == "aten::conv2d")
    found = []
    for event in slowest:
        own_s = getattr(event, own) / 1e6 / PROFILED
        # The profiler counts those of `conv2d` only; backward, there are two convolutions for each.
        counted = convolved * (1 + ("backward" in event.key)) if "convolution" in event.key else event.flops
        rate = counted / PROFILED / own_s if own_s else 0.0
        found.append(
            {
                "operation": event.key,
                "calls": event.count // PROFILED,
                "share": round(own_s / busy, 2) if busy else None,
                "of_matrix_rate": round(rate / peak, 2) if counted else None,
                "bound_by": _bound(rate / peak, busy / seconds, device),
            }
        )
    return found


def _bound(of_peak: float, occupied: float, device: str) -> str:
    if device == "cuda" and occupied < 0.6:
        return "the host: the device is idle for much of the step"
    return "arithmetic" if of_peak > COMPUTING else "memory, or operations too small for the device"


def _matrix_flops(device: str) -> dict[str, float]:
    """Measured operations per second of products of large matrices."""
    size, found = (8192, {}) if device == "cuda" else (512, {})
    for precision, kind in (("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)):
        a = torch.rand(size, size, device=device, dtype=kind)
        found[precision] = 2 * size**3 / _seconds(partial(torch.mm, a, a), device)
    return found


def _copy_rate(device: str) -> float:
    a = torch.empty((1024 if device == "cuda" else 16) * 2**20, dtype=torch.uint8, device=device)
    b = torch.empty_like(a)
    return 2 * a.numel() / _seconds(lambda: b.copy_(a), device)


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
