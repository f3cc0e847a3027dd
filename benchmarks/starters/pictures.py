"""Pictures for cards: the best, a typical and the worst restoration of simulated specimens.

These are our own phantoms, lattices and atoms, of seeds that no model learned from, so that they may be given away.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from benchmarks.inpainting.measure import inpainted
from benchmarks.starters import lines, refocus, stem
from benchmarks.starters.specimens import single_atoms
from benchmarks.starters.starter import Restore, restoring
from benchmarks.starters.subjects import Subject
from pipelines.data.simulate import Simulation, draw_image, render_image
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.images.intensity import UnitImage
from sem_models.inference.told_width import at_strength
from sem_models.physics.downsampling import upsample
from sem_models.physics.find_line_defects import find_line_defects
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom
from sem_models.starters.card import CardPicture
from sem_models.starters.shelf import load_starter, starter_folder
from sem_models.training.learned_inputs import simulated_input

_SEEDS, _EDGE_PX = range(5000, 5003), 128
_SHOWN = {
    "denoise": ("10", "at 10 e/px"),
    "denoise-stem": ("10", "at 10 e/px"),
    "sr-x2": ("noisy", "reduced twice, at 100 e/px, input enlarged by bicubic interpolation"),
    "sr-x4": ("noisy", "reduced four times, at 100 e/px, input enlarged by bicubic interpolation"),
    "refocus": ("2", "blurred by 2 px, which it is told"),
    "clean-lines": (lines.SPOILT, "with spoilt lines, found by the program"),
}
"""Condition, and what the caption says of it."""


@dataclass(frozen=True)
class _Restored:
    kind: str
    strip: UnitImage
    psnr_db: float
    gain_db: float


def write_pictures(subject: Subject) -> tuple[CardPicture, ...]:
    """Restore simulated specimens and write input, output and truth of three of them beside the card."""
    restore = _method(subject)
    restored = sorted(
        (_restored(subject, restore, kind, f"{kind}-{seed}", truth) for kind, seed, truth in _specimens(subject)),
        key=lambda one: one.gain_db,
    )
    chosen = {"best": restored[-1], "typical": restored[len(restored) // 2], "worst": restored[0]}
    return tuple(_written(subject, title, one, len(restored)) for title, one in chosen.items())


def _specimens(subject: Subject) -> Iterator[tuple[str, int, UnitImage]]:
    for seed in _SEEDS:
        if subject.name == stem.NAME:
            lattice = Simulation("lattice", size_px=_EDGE_PX, period_px=(6.0, 24.0), seed=seed)
            yield "lattice", seed, render_image(draw_image(lattice, 0))
            for part in range(2):
                yield "single atoms", 2 * seed + part, single_atoms(_EDGE_PX, 2 * seed + part)
        else:
            for kind in PHANTOMS:
                yield kind, seed, make_phantom(kind, (_EDGE_PX, _EDGE_PX), seed).truth


def _method(subject: Subject) -> Restore:
    if subject.name == lines.NAME:
        model = load_starter(subject.name)
        return lambda given: inpainted(model, given[None], find_line_defects(given))[0]
    if subject.name == refocus.NAME:
        return restoring(at_strength(load_starter(subject.name), 2.0))
    return restoring(load_starter(subject.name))


def _restored(subject: Subject, restore: Restore, kind: str, name: str, truth: UnitImage) -> _Restored:
    forward = subject.conditions[_SHOWN[subject.name][0]]
    given = simulated_input(truth, forward, frame_seed(name, "card"))
    enlarged: UnitImage = upsample(torch.from_numpy(given)[None, None], subject.scale)[0, 0].numpy()
    shown, output = (np.clip(image, 0, 1) for image in (enlarged, restore(given)))
    before, after = (psnr_db(image, truth, 1.0) for image in (shown, output))
    return _Restored(kind, np.concatenate([shown, output, truth], axis=1), after, after - before)


def _written(subject: Subject, title: str, one: _Restored, count: int) -> CardPicture:
    file = f"{title}.png"
    grey = (np.clip(one.strip, 0, 1) * 255).round().astype(np.uint8)
    Image.fromarray(grey).save(starter_folder(subject.name) / file, optimize=True)
    caption = (
        f"{title.capitalize()} of {count} simulated specimens {_SHOWN[subject.name][1]} ({one.kind}): "
        f"input, output, truth; {one.psnr_db:.1f} dB, {one.gain_db:+.1f} dB over the input"
    )
    return CardPicture(file=file, caption=caption)
