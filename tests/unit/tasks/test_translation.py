"""Conditional discriminators, what a translation refuses, and networks with many levels."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from sem_models.config.networks.pix2pix import Pix2PixConfig
from sem_models.config.networks.table import capabilities
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import build_model
from sem_models.losses.adversarial import discriminator_loss
from sem_models.methods.adversarial_losses import AdversarialLoss, shown_channels
from sem_models.methods.recipe_check import check_recipe
from sem_models.methods.table import build_method, stages
from sem_models.networks.table import build_network
from sem_models.tasks.compatibility import check_compatible
from sem_models.training.trainer import train
from tests.support.domains import write_all
from tests.support.images import smooth_images
from tests.support.recorder import Recorder
from tests.support.small_recipes import narrow

PAIRED = ("pix2pix", "pix2pix-lsgan", "pix2pix-small", "pix2pix-lsgan-small")


@pytest.fixture
def pairs(tmp_path: Path) -> Dataset:
    """Six pairs of a texture and its negative, 96 px."""
    images = smooth_images(6)
    raw = write_all(tmp_path / "a", "a", images)
    target = write_all(tmp_path / "b", "a", [255 - image for image in images])
    options = PrepareOptions(name="pairs", raw=(raw,), kind="paired", target=target, group_by=r"^a(\d)", databar_rows=0)
    return write_dataset(plan_dataset(options), tmp_path / "datasets" / "pairs")


def with_channels(dataset: Dataset, role: str, channels: int) -> Dataset:
    """The dataset with a manifest that gives images of this role so many channels."""
    entries = tuple(
        entry.model_copy(
            update={
                "arrays": tuple(
                    array.model_copy(update={"shape": (*array.shape[:2], channels)}) if array.role == role else array
                    for array in entry.arrays
                )
            }
        )
        for entry in dataset.manifest.entries
    )
    return Dataset(dataset.folder, dataset.manifest.model_copy(update={"entries": entries}))


class Spy(nn.Module):
    """Records its inputs and returns one logit for each image."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Tensor] = []
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        self.shown.append(x.detach())
        return self.weight * x.mean((1, 2, 3), keepdim=True)


@pytest.mark.parametrize("conditional", [True, False])
def test_a_conditional_discriminator_sees_condition_and_image(
    conditional: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy()
    monkeypatch.setattr("sem_models.methods.adversarial_losses.build_discriminator", lambda *_: spy)
    changes = ["network.channels_in=2", f"adversarial.conditional={str(conditional).lower()}"]
    recipe = override(narrow(find_recipe("pix2pix-small")), changes)
    method = build_method(recipe, Fabric(accelerator="cpu", devices=1))
    batch = {"input": torch.rand(2, 2, 32, 32), "target": torch.rand(2, 1, 32, 32)}
    (stage,) = stages(recipe)
    for part in stage.parts:
        method.training_step(batch, part, stage)
    fake, real = spy.shown
    condition = [batch["input"]] if conditional else []
    assert torch.equal(real, torch.cat([*condition, batch["target"]], 1))
    assert fake.shape[1] == (3 if conditional else 1)
    assert not conditional or torch.equal(fake[:, :2], batch["input"])


@pytest.mark.parametrize(("given", "wanted", "shown"), [(6, 1, 7), (3, 1, 4), (3, 3, 6), (1, 1, 2)])
@pytest.mark.parametrize("name", PAIRED)
def test_channels_of_the_discriminator_follow_the_network(name: str, given: int, wanted: int, shown: int) -> None:
    recipe = override(find_recipe(name), [f"network.channels_in={given}", f"network.channels_out={wanted}"])
    check_recipe(recipe)
    assert shown_channels(recipe) == shown
    assert shown_channels(override(recipe, ["adversarial.conditional=false"])) == wanted
    narrowed = narrow(recipe)
    method = build_method(narrowed, Fabric(accelerator="cpu", devices=1))
    assert next(iter(method.networks["discriminator"].parameters())).shape[1] == shown


def test_parameters_of_the_published_discriminators() -> None:
    """For the preset with 6, 3 and 1 input channels, and for colour on both sides."""
    for channels, count in (((6, 1), 2_769_729), ((3, 1), 2_766_657), ((3, 3), 2_768_705), ((1, 1), 2_764_609)):
        changes = [
            f"network.channels_in={channels[0]}",
            f"network.channels_out={channels[1]}",
            "adversarial.discriminator.norm=batch",
        ]
        recipe = override(find_recipe("pix2pix"), changes)
        kept: dict[str, nn.Module] = {}

        class Keeper:
            gradient = torch.autograd.grad

            def add(self, part: str, network: nn.Module, *_: object, **__: object) -> nn.Module:
                kept[part] = network  # noqa: B023
                return network

        AdversarialLoss("discriminator", 1.0, recipe, Keeper())
        assert sum(parameter.numel() for parameter in kept["discriminator"].parameters()) == count


@pytest.mark.parametrize("kind", ["bce", "lsgan"])
def test_the_discriminators_loss_is_halved(kind) -> None:
    real, fake = torch.tensor([0.3, -0.2]), torch.tensor([0.1, 0.7])
    cost = F.binary_cross_entropy_with_logits if kind == "bce" else F.mse_loss
    expected = 0.5 * (cost(real, torch.ones(2)) + cost(fake, torch.zeros(2)))
    assert discriminator_loss(kind, real, fake).item() == pytest.approx(expected.item())


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("pix2pix", ["adversarial.discriminator.channels=1"], r"takes 1 .*shown 2 \(1 of the input, 1 of the image\)"),
        ("srgan-x2-small", ["adversarial.conditional=true"], "enlarges 2 times.*conditional=false"),
        ("cyclegan-denoise", ["adversarial.conditional=true"], "Method cycle shows its discriminators images without"),
        ("srgan-x2-small", ["adversarial.discriminator.channels=3"], r"takes 3 channel\(s\), but is shown 1;"),
        ("unet-translate-bce", ["network.head=linear"], "may leave .*network.head=sigmoid"),
        ("nafnet-denoise", ["losses.bce=1"], "output of nafnet may leave .*another loss"),
        ("pix2pix", ["train.patch=128"], "128 px is not a multiple of 256"),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, changes: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_recipe(override(find_recipe(name), changes))


def test_inputs_and_targets_have_channels_of_their_own(pairs: Dataset) -> None:
    grey = override(find_recipe("pix2pix-small"), ["train.patch=64"])
    six = override(grey, ["network.channels_in=6"])
    light = with_channels(pairs, "input", 6)
    check_compatible(grey, pairs.manifest)
    check_compatible(six, light.manifest)
    with pytest.raises(UserError, match=r"6 channel.* in its input.* takes 1; use network\.channels_in=6"):
        check_compatible(grey, light.manifest)
    with pytest.raises(UserError, match=r"3 channel.* in its target.* gives 1; use network\.channels_out=3"):
        check_compatible(six, with_channels(light, "target", 3).manifest)


def test_single_images_teach_no_translation(small_dataset: Dataset) -> None:
    with pytest.raises(UserError, match="is single; prepare pairs"):
        check_compatible(override(find_recipe("unet-translate-small"), ["train.patch=64"]), small_dataset.manifest)


@pytest.mark.parametrize(
    "config", [Pix2PixConfig(levels=4, width=4), UNetConfig(variant="batch-norm", depth=4, width=4)]
)
@pytest.mark.parametrize("size", [(37, 50), (16, 33), (48, 64)])
def test_sizes_that_do_not_divide_are_reflected_and_cropped(config, size: tuple[int, int]) -> None:
    """Like numpy's reflection at the lower and right edge, and never resized, which would change every pixel."""
    torch.manual_seed(0)
    recipe = find_recipe("unet-translate").model_copy(update={"network": config})
    model = build_model(recipe, build_network(config).state_dict(), torch.device("cpu"))
    image = np.random.default_rng(0).random((1, *size), np.float32)
    multiple = capabilities(config).size_multiple
    missing = [(0, 0), *((0, -length % multiple) for length in size)]
    with torch.inference_mode():
        whole = model(torch.from_numpy(np.pad(image, missing, mode="reflect"))[None])[0].numpy()
    found = Predictor(model, "cpu").predict_unit(image)
    np.testing.assert_allclose(found, whole[:, : size[0], : size[1]], atol=1e-5)


def test_a_trained_model_gives_the_same_twice() -> None:
    """In evaluation mode there is no dropout; training mode shows its effect."""
    config = Pix2PixConfig(levels=6, width=4)
    torch.manual_seed(0)
    network = build_network(config)
    x = torch.rand(1, 1, 64, 64)
    assert any(isinstance(layer, nn.Dropout) for layer in network.modules())
    assert not torch.equal(network(x), network(x))
    model = build_model(find_recipe("pix2pix").model_copy(update={"network": config}), network.state_dict(), x.device)
    assert torch.equal(model(x), model(x))


@pytest.mark.parametrize(("levels", "places"), [(8, 3), (7, 2), (5, 0)])
def test_dropout_lies_behind_the_innermost_block(levels: int, places: int) -> None:
    """In U-Net-256 in the three following blocks of 512 features."""
    with torch.device("meta"):
        network = build_network(Pix2PixConfig(levels=levels))
    found = [index for index, block in enumerate(network.up) if isinstance(block[-1], nn.Dropout)]
    assert found == list(range(levels - 2 - places, levels - 2))


def test_a_sigmoid_head_is_the_probability_of_the_logit() -> None:
    torch.manual_seed(0)
    plain, head = (build_network(UNetConfig(width=4, head=head)) for head in ("linear", "sigmoid"))
    head.load_state_dict(plain.state_dict())
    x = torch.rand(1, 1, 16, 16)
    torch.testing.assert_close(head(x), torch.special.expit(plain(x)))
    with pytest.raises(ValueError, match="cannot have a sigmoid"):
        UNetConfig(residual=True, head="sigmoid")


@pytest.mark.parametrize("name", ["pix2pix-small", "unet-translate-bce-small"])
def test_a_negative_is_learned(name: str, pairs: Dataset, tmp_path: Path) -> None:
    """Both kinds of translation beat the identity baseline within seconds."""
    recipe = override(find_recipe(name), ["network.channels_in=1", "train.patch=64", "train.steps=60",
                                          "train.batch=2", "train.validate_every=60", "network.width=8"])  # fmt: skip
    recorder = Recorder()
    train(recipe, pairs, tmp_path / "run", recorder)
    assert recorder.values[60, "val/psnr_db"] > recorder.values[60, "val/floor_psnr_db"] + 3


def test_presets_are_those_of_the_papers() -> None:
    recipe = find_recipe("pix2pix")
    assert recipe.adversarial is not None
    assert (recipe.adversarial.gan, find_recipe("pix2pix-lsgan").adversarial.gan) == ("bce", "lsgan")
    assert recipe.adversarial.losses[0].weight == 100
    assert (recipe.adversarial.optimiser.lr, recipe.adversarial.optimiser.betas) == (2e-4, (0.5, 0.999))
    (stage,) = stages(recipe)
    assert [stage.rate("restorer", step) for step in (0, stage.steps // 2, stage.steps)] == [2e-4, 2e-4, 0]
    original = find_recipe("unet-translate-bce")
    assert (original.optimiser.lr, original.train.batch, original.network.channels_in) == (1e-4, 5, 6)
    assert isinstance(original, Recipe)
    assert original.train.steps == 500 * -(-199 // original.train.batch)
