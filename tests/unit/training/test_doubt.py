"""A calibrated doubt head covers nine of ten errors, whatever it stated before, at each dose."""

from pathlib import Path

import pytest
import torch

from sem_models.config.degradation import Degradation
from sem_models.config.presets.table import find_recipe
from sem_models.evaluation.restoration import make_case
from sem_models.inference.model import RestorationModel
from sem_models.networks.doubt_head import DoubtHead
from sem_models.networks.table import build_network
from sem_models.training.doubt import NINE_OF_TEN, calibrate
from tests.support.small_recipes import narrow
from tests.unit.training.test_learned_inputs import dataset

RECIPE = narrow(find_recipe("nafnet-denoise"))
FORWARDS = tuple(Degradation(scale=1, dose_e_per_px=dose) for dose in (10, 200))


@pytest.mark.parametrize("before", [0.2, 3.0])
def test_nine_of_ten_errors_are_covered_at_each_dose(tmp_path: Path, before: float) -> None:
    torch.manual_seed(0)
    network = build_network(RECIPE.network).eval().requires_grad_(False)
    network.forward = lambda x: torch.nn.functional.avg_pool2d(torch.nn.functional.pad(x, (1,) * 4, "reflect"), 3, 1)
    model, head = RestorationModel(RECIPE, network, "mean"), DoubtHead().requires_grad_(False)
    head.layers[-1].bias.fill_(before)
    images = dataset(tmp_path, 144)
    entries = images.entries("val")
    calibrate(model, head, images, entries, FORWARDS)
    for forward in FORWARDS:
        shares = []
        for entry in entries:
            case = make_case(images, entry, forward, 1)
            given, target = (torch.from_numpy(image)[None] for image in (case.input, case.target))
            output = model(given)
            shares.append(float(((target - output).abs() <= NINE_OF_TEN * head(given, output)).float().mean()))
        assert sum(shares) / len(shares) == pytest.approx(0.9, abs=0.03)
