"""A calibrated doubt head covers nine of ten errors, whatever it stated before, at each dose."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from sem_models.config.degradation import Degradation
from sem_models.config.presets.table import find_recipe
from sem_models.evaluation.restoration import make_case
from sem_models.inference.model import RestorationModel
from sem_models.networks.doubt_head import DoubtHead
from sem_models.networks.table import build_network
from sem_models.physics.downsampling import upsample
from sem_models.training.doubt import NINE_OF_TEN, calibrate
from tests.support.small_recipes import narrow
from tests.unit.training.test_learned_inputs import dataset

RECIPES = {1: narrow(find_recipe("nafnet-denoise")), 2: narrow(find_recipe("starter-sr-x2"))}


@pytest.mark.parametrize(("scale", "before"), [(1, 0.2), (1, 3.0), (2, 0.2)])
def test_nine_of_ten_errors_are_covered_at_each_dose(tmp_path: Path, scale: int, before: float) -> None:
    torch.manual_seed(0)
    network = build_network(RECIPES[scale].network).eval().requires_grad_(False)
    network.forward = lambda x: F.interpolate(F.avg_pool2d(F.pad(x, (1,) * 4, "reflect"), 3, 1), scale_factor=scale)
    model, head = RestorationModel(RECIPES[scale], network, "mean"), DoubtHead().requires_grad_(False)
    head.layers[-1].bias.fill_(before)
    images = dataset(tmp_path, 144)
    entries = images.entries("val")
    forwards = tuple(Degradation(scale=scale, dose_e_per_px=dose) for dose in (10, 200))
    calibrate(model, head, images, entries, forwards)
    for forward in forwards:
        shares = []
        for entry in entries:
            case = make_case(images, entry, forward, scale)
            given, target = (torch.from_numpy(image)[None] for image in (case.input, case.target))
            output, enlarged = model(given), upsample(given, scale)
            shares.append(float(((target - output).abs() <= NINE_OF_TEN * head(enlarged, output)).float().mean()))
        assert sum(shares) / len(shares) == pytest.approx(0.9, abs=0.03)
