"""Brightness, contrast and storage of training patches, against closed forms."""

import pytest
import torch
from pydantic import ValidationError

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.training import GreyLevels
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.sampling.recording import record
from sem_models.errors import UserError
from sem_models.tasks.compatibility import check_compatible


def recorded(settings: GreyLevels, count: int = 400) -> tuple[torch.Tensor, torch.Tensor]:
    """A ramp from 0 to 1 as the target, and the same with a constant offset as the input."""
    target = torch.linspace(0, 1, 16).reshape(1, 1, 4, 4).expand(count, 1, 4, 4)
    batch = record({"input": target + 0.3, "target": target}, settings, torch.Generator().manual_seed(0))
    return batch["input"], batch["target"]


def test_spans_are_log_uniform_inside_the_range_and_a_share_is_inverted() -> None:
    _, target = recorded(GreyLevels(span=(0.25, 1), inverted=0.3, stored=0))
    change = target[:, 0, -1, -1] - target[:, 0, 0, 0]
    octaves = torch.log2(change.abs())
    assert float(octaves.mean()) == pytest.approx(-1, abs=0.1)
    assert octaves.min() >= -2.001
    assert octaves.max() <= 0.001
    assert target.min() >= -1e-6
    assert target.max() <= 1 + 1e-6
    assert float((change < 0).float().mean()) == pytest.approx(0.3, abs=0.07)


def test_input_and_target_are_changed_alike() -> None:
    given, target = recorded(GreyLevels(stored=0))
    gain = target[:, :, -1:, -1:] - target[:, :, :1, :1]
    torch.testing.assert_close(given - target, (0.3 * gain).expand_as(target))


def test_stored_inputs_are_what_8_bit_holds_and_targets_stay() -> None:
    given, target = recorded(GreyLevels(span=(1, 1), inverted=0, stored=1), 3)
    expected = (torch.linspace(0, 1, 16) + 0.3).clamp(0, 1).mul(255).round() / 255
    torch.testing.assert_close(given[0, 0].flatten(), expected)
    torch.testing.assert_close(target[0, 0].flatten(), torch.linspace(0, 1, 16))


def test_grey_levels_need_a_clean_target_of_the_same_contrast(small_dataset: Dataset) -> None:
    with pytest.raises(ValidationError, match="span"):
        GreyLevels(span=(0.5, 1.5))
    check_compatible(override(find_recipe("starter-denoise"), ["train.patch=32"]), small_dataset.manifest)
    for name in ("n2v-denoise-small", "inpaint-lines-small"):
        recipe = override(find_recipe(name), ["train.grey_levels.inverted=0.5", "train.patch=32"])
        with pytest.raises(UserError, match=r"train\.grey_levels=none"):
            check_compatible(recipe, small_dataset.manifest)
        assert "grey_levels" not in override(recipe, ["train.grey_levels=none"]).model_dump_json()
