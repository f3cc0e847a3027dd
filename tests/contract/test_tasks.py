"""One row for each task: it rejects unsuitable datasets, makes batches, ranks checkpoints, has baselines and labels."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from sem_models.config.degradation import Degradation
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.table import capabilities
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Kind
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.sources import PrepareOptions
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from sem_models.tasks.batches import BatchSource
from sem_models.tasks.compatibility import adapt, check_compatible
from sem_models.tasks.models import apply_model, evaluate_model, file_channels
from sem_models.tasks.table import TASKS, find_task
from tests.support.domains import write_all
from tests.support.images import smooth_images
from tests.support.masked_sets import RAW_OF_CLASS, grey_classes, rings
from tests.support.recorder import Recorder
from tests.support.small_recipes import short


@dataclass(frozen=True)
class Row:
    """A preset of the task, datasets that it accepts, and datasets that it must refuse."""

    recipe: Recipe
    dataset: Kind
    refused: tuple[tuple[str, Kind, str], ...]
    """Changes of the preset, a dataset, and part of a message that says what to do."""
    better: Callable[[Tensor], Tensor]
    """(N, C, H, W) input to an output that is better than `worse`."""
    worse: Callable[[Tensor], Tensor]


def enlarged(x: Tensor) -> Tensor:
    return torch.nn.functional.interpolate(x, scale_factor=2, mode="bicubic")


def flat(scale: int, channels: int = 1) -> Callable[[Tensor], Tensor]:
    return lambda x: x.new_zeros(len(x), channels, x.shape[2] * scale, x.shape[3] * scale)


GREYS = torch.tensor([40, 120, 220]) / 255
NOISE = ("train.patch=32", "degradation.dose_e_per_px=none", "degradation.read_noise=0.02")
ROWS: dict[str, Row] = {
    "super-resolution": Row(
        short("srresnet-x2-small", "train.patch=32"),
        "single",
        (("", "unpaired", "learns from pairs or single images"), ("degradation.scale=4", "single", "both to the same")),
        enlarged,
        flat(2),
    ),
    "denoising": Row(
        short("nafnet-denoise-small", *NOISE),
        "single",
        (("", "unpaired", "learns from pairs or single images"), ("train.patch=128", "single", "lower train.patch")),
        lambda x: x,
        flat(1),
    ),
    "refocusing": Row(
        short("srn-known-small", "train.patch=32", "degradation.dose_e_per_px=none", "degradation.read_noise=0"),
        "single",
        (("", "unpaired", "learns from pairs or single images"), ("train.patch=128", "single", "lower train.patch")),
        lambda x: x,
        flat(1),
    ),
    "translation": Row(
        short("unet-translate-small", "train.patch=32"),
        "paired",
        (("", "single", "prepare pairs"), ("network.channels_in=3", "paired", "network.channels_in=1")),
        lambda x: 1 - x,
        lambda x: x,
    ),
    "synthesis": Row(
        short("cgan-masks-small", "train.patch=32"),
        "masked",
        (("", "single", "prepare it .*masked"), ("network.channels_in=4", "masked", "network.channels_in=3")),
        lambda x: (x * GREYS[:, None, None]).sum(1, keepdim=True),
        flat(1),
    ),
    "segmentation": Row(
        short("unet-segment-small", "train.patch=32"),
        "masked",
        (("", "single", "prepare it .*masked"), ("network.channels_out=4", "masked", "network.channels_out=3")),
        lambda x: -(x - GREYS[:, None, None]).abs(),
        flat(1, 3),
    ),
    "inpainting": Row(
        short("inpaint-lines-small", "train.patch=32"),
        "single",
        (("", "paired", "prepare undamaged images"), ("degradation.lines=none", "single", "degradation.lines.rate")),
        lambda x: x[:, :1],
        lambda x: x[:, :1] * (1 - x[:, 1:]),
    ),
}


class Stand:
    """Stands in for a trained network."""

    name = "stand-in"

    def __init__(self, recipe: Recipe, apply: Callable[[Tensor], Tensor]) -> None:
        self.recipe, self._apply = recipe, apply

    @property
    def capabilities(self) -> Capabilities:
        facts = capabilities(self.recipe.network)
        return Capabilities(facts.channels_in, facts.channels_out, facts.scale, 0)

    def __call__(self, x: Tensor) -> Tensor:
        return self._apply(x)


@pytest.fixture
def datasets(tmp_path: Path) -> Callable[[Kind], Dataset]:
    """Small datasets of each layout with images of 64 px; targets are the negatives of their inputs."""
    known: dict[Kind, Dataset] = {}

    def made(kind: Kind) -> Dataset:
        folder = tmp_path / kind
        if kind == "masked":
            return grey_classes(folder)
        images = smooth_images(5, 64)
        raw = write_all(folder / "a", "a", images)
        if kind == "single":
            options = PrepareOptions(name="d", raw=(raw,), databar_rows=0)
        else:
            letter = "a" if kind == "paired" else "b"
            target = write_all(folder / "b", letter, [255 - image for image in images])
            pattern = r"^\w(\d)"
            options = PrepareOptions(name="d", raw=(raw,), kind=kind, target=target, group_by=pattern, databar_rows=0)
        return write_dataset(plan_dataset(options), folder / "d")

    def once(kind: Kind) -> Dataset:
        if kind not in known:
            known[kind] = made(kind)
        return known[kind]

    return once


def test_every_task_has_a_row_and_a_preset() -> None:
    assert set(ROWS) == set(TASKS) == {recipe.task for recipe in RECIPES.values()}
    assert all(name == task.name == ROWS[name].recipe.task for name, task in TASKS.items())


@pytest.mark.parametrize("name", ROWS)
def test_it_learns_from_its_usual_kind_and_says_what_else_to_do(name: str, datasets) -> None:
    row = ROWS[name]
    assert row.dataset in TASKS[name].usual_kinds(row.recipe)
    dataset = datasets(row.dataset)
    check_compatible(adapt(row.recipe, dataset.manifest), dataset.manifest)
    for change, kind, advice in row.refused:
        recipe = short(row.recipe.name, "train.patch=32", change) if change else row.recipe
        with pytest.raises(UserError, match=advice):
            check_compatible(recipe, datasets(kind).manifest)


@pytest.mark.parametrize("name", ROWS)
def test_batches_have_what_the_network_takes_and_gives(name: str, datasets) -> None:
    row = ROWS[name]
    dataset = datasets(row.dataset)
    recipe = adapt(row.recipe, dataset.manifest)
    batch = BatchSource(recipe, dataset, torch.device("cpu")).next()
    facts, count, patch = capabilities(recipe.network), recipe.train.batch, recipe.train.patch
    assert set(batch) == {"input", "target"}
    small = patch // facts.scale
    assert batch["input"].shape == (count, facts.channels_in, small, small)
    assert batch["target"].shape == (count, facts.channels_out, patch, patch)
    assert batch["input"].dtype == batch["target"].dtype == torch.float32
    assert not torch.equal(batch["input"], batch["target"]), "the identity would be learned"


@pytest.mark.parametrize("name", ROWS)
def test_validation_ranks_the_better_model_first(name: str, datasets) -> None:
    row, recorder = ROWS[name], Recorder()
    dataset = datasets(row.dataset)
    recipe = adapt(row.recipe, dataset.manifest)
    validator = find_task(recipe).validator(recipe, dataset, "cpu")
    good, bad = (validator(Stand(recipe, apply), 1, recorder) for apply in (row.better, row.worse))
    shown = validator.score
    assert shown == find_task(recipe).score
    assert {shown.metric, shown.baseline_metric} <= set(good)
    assert shown.ranking is not None
    assert shown.ranking.quality(good) > shown.ranking.quality(bad)
    (panels,) = {tuple(panels) for panels in recorder.samples.values()}
    assert set(panels) <= set(TASKS[name].words.panels), "each picture has a caption"


@pytest.mark.parametrize("name", ROWS)
def test_a_table_has_a_baseline_that_knows_less_than_the_truth(name: str, datasets) -> None:
    row = ROWS[name]
    dataset = datasets(row.dataset)
    recipe = adapt(row.recipe, dataset.manifest)
    report = evaluate_model(Stand(recipe, row.better), dataset, "test", recipe.degradation)
    model, *baselines = report.methods
    assert model == "stand-in"
    assert baselines
    assert all(baseline.startswith("baseline:") for baseline in baselines)
    assert {row.image for row in report.rows} == {entry.name for entry in dataset.entries("test")}
    metric = find_task(recipe).score.name
    assert metric in report.metrics, "what ranks checkpoints is also scored on the test split"
    assert all(np.isfinite(report.values(baseline, metric)).all() for baseline in baselines)


@pytest.mark.parametrize("name", ROWS)
def test_files_are_as_the_task_says(name: str, datasets) -> None:
    row = ROWS[name]
    dataset = datasets(row.dataset)
    recipe, task = adapt(row.recipe, dataset.manifest), TASKS[name]
    model = Stand(recipe, row.better)
    grey = smooth_images(1, 48)[0]
    pixels = RAW_OF_CLASS[rings(3, 48)] if task.input_is_mask(recipe) else grey
    assert file_channels(model) == 1
    result = apply_model(Predictor(model, "cpu"), Micrograph(pixels[:, :, None], 5.0))
    scale = capabilities(recipe.network).scale
    assert result.pixels.shape == (48 * scale, 48 * scale, 1)
    assert result.pixels.dtype == np.uint8
    assert result.pixel_size_nm == 5.0 / scale
    assert result.provenance.lower().startswith(task.origin.value)
    if not task.gives_images:
        assert set(np.unique(result.pixels)) <= set(RAW_OF_CLASS)


@pytest.mark.parametrize("name", ROWS)
def test_labels_are_complete(name: str) -> None:
    words = TASKS[name].words
    assert all((words.verb, words.icon, words.caveat, words.panels))
    assert words.icon.startswith(":material/")
    assert words.caveat.endswith(".")
    assert all(text.endswith(".") for text in (words.display, words.no_forward_model) if text)


def test_tasks_are_read_without_torch() -> None:
    """A page that needs only labels must not wait for torch."""
    import subprocess
    import sys

    asked = "import sys; import sem_models.tasks.table, sem_models.tasks.compatibility; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False"


def test_an_unknown_task_lists_the_known_ones() -> None:
    from sem_models.tasks.table import task_named

    with pytest.raises(UserError, match="'colouring': use one of super-resolution, denoising"):
        task_named("colouring")


def test_a_degradation_that_does_nothing_leaves_no_truth(datasets) -> None:
    row = ROWS["denoising"]
    with pytest.raises(UserError, match="no reference"):
        evaluate_model(Stand(row.recipe, row.better), datasets("single"), "test", Degradation(scale=1))
