"""Signs of a failing generator: checkerboards, identical outputs for all inputs, and their curves and warnings."""

import re
from types import SimpleNamespace

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from sem_models.config.networks.table import capabilities
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.methods.health import RecentDiversity, checkerboard, health
from sem_models.methods.table import build_method, stages
from sem_models.training.monitoring import GanWatch, StepLogger
from tests.support.images import natural
from tests.support.recorder import Recorder
from tests.support.small_recipes import narrow


def textures(seed: int, count: int = 4, size: int = 128) -> Tensor:
    """Different two-phase textures with detector noise."""
    images = torch.cat([natural(size, size, sigma=1.5 + index, seed=seed + index) for index in range(count)])
    return images + 0.02 * torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))


def pattern(period: int, size: int = 128) -> Tensor:
    """A checkerboard of amplitude 1, of single pixels or of 2 x 2 blocks."""
    cell = torch.arange(size) // (period // 2)
    return 1.0 - 2.0 * ((cell[:, None] + cell) % 2)


IMAGES = {"textures": textures(0), "other textures": textures(50), "noise": torch.rand(4, 1, 128, 128)}


@pytest.mark.parametrize("name", IMAGES)
def test_images_without_a_pattern_give_one(name: str) -> None:
    """Compared with themselves, with similar images, and after smoothing, like the output of a cautious network."""
    images = IMAGES[name]
    assert float(checkerboard(images, images)) == 1
    assert float(checkerboard(images.flip(3), images.roll(1, 0))) == pytest.approx(1, abs=0.4)
    smooth = nn.functional.avg_pool2d(images, 5, stride=1, padding=2, count_include_pad=False)
    assert float(checkerboard(0.5 * images + 0.5 * smooth, images)) == pytest.approx(1, abs=0.7)


@pytest.mark.parametrize("period", [2, 4])
@pytest.mark.parametrize("name", ["textures", "other textures"])
def test_a_faint_checkerboard_stands_out(name: str, period: int) -> None:
    """Four grey levels of 8 bit; doubling the amplitude multiplies its power by four."""
    images = IMAGES[name]
    excess = [float(checkerboard(images + a * pattern(period), images)) - 1 for a in (0.016, 0.032)]
    assert excess[0] > 2
    assert excess[1] / excess[0] == pytest.approx(4, rel=0.1)


def test_power_of_a_pure_checkerboard_in_closed_form() -> None:
    """On a flat image: power a^2 at one frequency over a baseline of 1e-7."""
    grey = torch.full((1, 1, 64, 64), 0.5)
    found = float(checkerboard(grey + 0.01 * pattern(2, 64), grey))
    assert found == pytest.approx(1e-4 / 1e-7 + 1, rel=1e-3)


def test_a_pattern_that_the_targets_have_is_no_sign() -> None:
    images = IMAGES["textures"] + 0.05 * pattern(2)
    assert float(checkerboard(images, images)) == 1
    assert float(checkerboard(IMAGES["textures"], images)) == pytest.approx(1, rel=1e-3)


def test_transposed_convolutions_are_found_and_resizing_is_not() -> None:
    """As Odena et al. describe: untrained transposed convolutions alternate from pixel to pixel, resizing does not."""
    found = {}
    for name in ("transposed", "resize"):
        torch.manual_seed(0)
        up = (
            nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1)
            if name == "transposed"
            else nn.Sequential(nn.Upsample(scale_factor=2.0, mode="bilinear"), nn.Conv2d(1, 1, 3, padding=1))
        )
        for parameter in up.parameters():
            nn.init.constant_(parameter, 0.1)
        with torch.no_grad():
            found[name] = float(checkerboard(up(textures(0, size=64)), textures(0)))
    assert found["transposed"] > 50
    assert found["resize"] < 2


def test_patches_that_are_too_small_say_nothing() -> None:
    images = torch.rand(2, 1, 16, 64)
    assert float(checkerboard(images + pattern(2)[:16, :64], images)) == 1


def test_a_batch_of_one_is_compared_with_the_steps_before() -> None:
    """The same output for changing inputs has no spread; outputs that vary like the targets have full spread."""
    targets = textures(3, count=6)
    for outputs, expected in ((targets, 1.0), (0.25 * targets, 0.25), (targets[:1].expand_as(targets), 0.0)):
        memory = RecentDiversity(steps=4)
        seen = []
        for output, target in zip(outputs, targets, strict=True):
            memory.remember(output[None], target[None])
            seen.append(float(memory()))
        assert seen[0] == 1, "of a single picture nothing can be said"
        assert seen[1:] == pytest.approx([expected] * 5, abs=1e-5)
        again = RecentDiversity(steps=4)
        again.load_state_dict(memory.state_dict())
        for one in (again, memory):
            one.remember(targets[:1], targets[:1])
        assert float(again()) == float(memory())


@pytest.mark.parametrize(
    ("topic", "spoil", "words"),
    [
        ("checkerboard", lambda image: image + 0.03 * pattern(2), "stands out .* times"),
        ("contrast-inverted", lambda image: 1 - image, "light and dark are exchanged"),
        ("mode-collapse", lambda image: image[:1].expand_as(image), "nearly the same image for every input"),
    ],
)
def test_each_fault_is_a_curve_and_a_warning_in_words(topic: str, spoil, words: str) -> None:
    targets = textures(7)
    method = SimpleNamespace(observations=lambda: health(spoil(targets), targets))
    recorder = Recorder()
    step_logger = StepLogger(
        override(find_recipe("pix2pix-small"), ["train.log_every=1"]), method, recorder, torch.device("cpu")
    )
    for step in range(1, 13):
        step_logger.step(step, 1e-3, {}, seconds=0.1, data_s=0.0)
    assert {(10, f"watch/{name}") for name in ("checkerboard", "contrast", "diversity")} <= set(recorder.values)
    ((step, said, text),) = recorder.warnings
    assert (step, said) == (10, topic)
    assert re.search(words, text)


def test_sound_outputs_are_left_alone() -> None:
    watch = GanWatch()
    targets = textures(11)
    outputs = 0.8 * targets + 0.1 + 0.01 * torch.randn(targets.shape, generator=torch.Generator().manual_seed(1))
    report = {name: float(value) for name, value in health(outputs, targets).items()}
    assert not [warning for _ in range(30) for warning in watch(report)]


@pytest.mark.parametrize(("name", "watched"), [("unet-translate-small", True), ("srresnet-x2-small", False)])
def test_supervised_networks_that_double_are_watched_for_checkerboards(name: str, watched: bool) -> None:
    """A network that only enlarges at its end has no dotted edges; `observations` is read after a step."""
    recipe = narrow(find_recipe(name))
    method = build_method(recipe, Fabric(accelerator="cpu", devices=1))
    assert method.observations() == {}
    scale = capabilities(recipe.network).scale
    image = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    batch = {"input": image, "target": image.repeat_interleave(scale, 2).repeat_interleave(scale, 3)}
    (stage,) = stages(recipe)
    method.training_step(batch, "restorer", stage)
    assert set(method.observations()) == ({"checkerboard"} if watched else set())
