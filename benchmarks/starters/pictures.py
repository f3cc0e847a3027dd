"""Pictures for the card of `starter:denoise`: its best, a typical and its worst restoration of simulated specimens.

They are our own phantoms, of seeds that it did not learn from, so that they may be given away.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from benchmarks.starters.denoise import NAME, forward
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.images.intensity import UnitImage
from sem_models.inference.predictor import Predictor
from sem_models.physics.degrade import degrade
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom
from sem_models.starters.card import CardPicture
from sem_models.starters.shelf import load_starter, starter_folder

_SEEDS, _EDGE_PX, _DOSE = range(5000, 5003), 128, 10.0


@dataclass(frozen=True)
class _Restored:
    kind: str
    strip: UnitImage
    psnr_db: float
    gain_db: float


def write_pictures() -> tuple[CardPicture, ...]:
    """Restore three phantoms of each kind and write input, output and truth of three of them beside the card."""
    predictor = Predictor(load_starter(NAME), "cpu", backend="torch")
    restored = sorted(
        (_restored(predictor, kind, seed) for kind in PHANTOMS for seed in _SEEDS), key=lambda one: one.gain_db
    )
    chosen = {"best": restored[-1], "typical": restored[len(restored) // 2], "worst": restored[0]}
    return tuple(_written(title, one) for title, one in chosen.items())


def _restored(predictor: Predictor, kind: str, seed: int) -> _Restored:
    truth = make_phantom(kind, (_EDGE_PX, _EDGE_PX), seed).truth
    generator = torch.Generator().manual_seed(frame_seed(f"{kind}-{seed}", "card"))
    noisy: UnitImage = degrade(torch.from_numpy(truth)[None, None], forward(_DOSE), generator)[0, 0].numpy()
    output = np.clip(predictor.predict_unit(noisy[None])[0], 0, 1)
    before, after = (psnr_db(image, truth, 1.0) for image in (np.clip(noisy, 0, 1), output))
    return _Restored(kind, np.concatenate([noisy, output, truth], axis=1), after, after - before)


def _written(title: str, one: _Restored) -> CardPicture:
    file = f"{title}.png"
    grey = (np.clip(one.strip, 0, 1) * 255).round().astype(np.uint8)
    Image.fromarray(grey).save(starter_folder(NAME) / file, optimize=True)
    caption = (
        f"{title.capitalize()} of {len(PHANTOMS) * len(_SEEDS)} simulated specimens at {_DOSE:g} e/px ({one.kind}): "
        f"input, output, truth; {one.psnr_db:.1f} dB, {one.gain_db:+.1f} dB over the input"
    )
    return CardPicture(file=file, caption=caption)
