"""Mixing a starter model with what became of it on real pairs, so that it learns them and forgets little.

Weights are (1 - share) x before + share x after (Wortsman et al., CVPR 2022, "Robust fine-tuning of zero-shot models"),
where *after* is the average of fine-tunings with several seeds (Wortsman et al., ICML 2022, "Model soups"). The share
is chosen on validation images: of those with which the simulated ones lose at most 0.1 dB on average over their
conditions, the one with the highest mean PSNR on the real ones.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from benchmarks.starters.scoring import plain_psnr
from benchmarks.starters.starter import Restore, restoring
from sem_models.config.recipe import Recipe
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import RestorationModel
from sem_models.inference.storage import load_model, save_model

Weights = Mapping[str, Tensor]
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Shares of the fine-tuned weights that are tried."""
MOST_LOST_DB = 0.1
"""What simulated validation images may lose on average."""
REAL = "real"
_BORDER_PX = 4


@dataclass(frozen=True)
class Condition:
    """Validation inputs of one kind, (h, w), and their targets, (h x scale, w x scale)."""

    name: str
    pairs: Sequence[tuple[UnitImage, UnitImage]]

    def mean_psnr_db(self, restore: Restore) -> float:
        """Average the PSNR of the outputs, without a border."""
        inner = np.s_[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX]
        return float(np.mean([plain_psnr(restore(given)[inner], target[inner]) for given, target in self.pairs]))


@dataclass(frozen=True)
class Mixture:
    """The chosen weights, in half precision, and what was tried."""

    weights: dict[str, Tensor]
    share: float
    tried: dict[float, dict[str, float]]
    """Mean PSNR in dB on validation images by share and condition."""


def best_mixture(
    recipe: Recipe, before: Weights, tunings: Sequence[Weights], conditions: Sequence[Condition]
) -> Mixture:
    """Mix a network with the average of its fine-tunings, by the share that validation images choose."""
    after = average(tunings)
    tried = {share: _measured(recipe, mixed(before, after, share), conditions) for share in SHARES}
    share = chosen_share(tried)
    return Mixture({name: value.half() for name, value in mixed(before, after, share).items()}, share, tried)


def average(several: Sequence[Weights]) -> dict[str, Tensor]:
    """Average the weights of networks of one kind."""
    first, *others = several
    return {
        name: sum((one[name].float() for one in others), value.float()) / len(several) for name, value in first.items()
    }


def mixed(before: Weights, after: Weights, share: float) -> dict[str, Tensor]:
    """Mix two networks of one kind; `share` is that of `after`, in [0, 1]."""
    return {name: (1 - share) * value.float() + share * after[name].float() for name, value in before.items()}


def chosen_share(tried: Mapping[float, Mapping[str, float]]) -> float:
    """Choose a share by the rule above from mean PSNR in dB by share and condition; a share of 0 must be among them."""
    kept = [share for share, found in tried.items() if _loses_little(found, tried[0.0])]
    return max(kept, key=lambda share: tried[share][REAL])


def _loses_little(found: Mapping[str, float], before: Mapping[str, float]) -> bool:
    lost = [before[name] - found[name] for name in before if name != REAL]
    return float(np.mean(lost)) <= MOST_LOST_DB


def model_with(recipe: Recipe, weights: Weights) -> RestorationModel:
    """Return the model with these weights, in half precision as on the shelf."""
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), recipe, {name: value.half() for name, value in weights.items()})
        return load_model(Path(folder), "cpu", recipe.name)


def _measured(recipe: Recipe, weights: Weights, conditions: Sequence[Condition]) -> dict[str, float]:
    restore = restoring(model_with(recipe, weights))
    return {condition.name: condition.mean_psnr_db(restore) for condition in conditions}
