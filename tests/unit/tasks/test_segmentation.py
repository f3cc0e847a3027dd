"""Dice and IoU, baselines, validation, tables and outputs of tasks on label maps."""

import math
from pathlib import Path

import numpy as np
import pytest

from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.evaluation.baselines.label_maps import class_means, majority
from sem_models.evaluation.metrics.segmentation import segmentation_scores
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from sem_models.tasks.models import apply_model, evaluate_model, generated_pairs
from sem_models.tasks.table import find_task
from tests.support.masked_sets import GREY_OF_CLASS, RAW_OF_CLASS, grey_classes, rings
from tests.support.recorder import Recorder
from tests.support.segmenters import AS_IT_IS, ByGrey, ready


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return grey_classes(tmp_path)


def test_scores_by_hand() -> None:
    """Class 0: 2 px shared of 3 and 4; class 1: 2 px of 4 and 3; class 2: absent from both; class 3: never found."""
    truth = np.array([[0, 0, 0, 0], [1, 1, 1, 3]])
    output = np.array([[0, 0, 1, 1], [1, 1, 0, 0]])
    found = segmentation_scores(output, truth, 4)
    assert found["dice_0"] == pytest.approx(2 * 2 / (4 + 4))
    assert found["iou_0"] == pytest.approx(2 / 6)
    assert found["dice_1"] == pytest.approx(2 * 2 / (4 + 3))
    assert found["iou_1"] == pytest.approx(2 / 5)
    assert math.isnan(found["dice_2"])
    assert found["dice_3"] == found["iou_3"] == 0
    assert found["dice"] == pytest.approx((0.5 + 4 / 7 + 0) / 3)
    perfect = segmentation_scores(truth, truth, 4)
    assert perfect["dice"] == perfect["iou"] == 1


def test_scores_by_sets() -> None:
    rng = np.random.default_rng(0)
    output, truth = rng.integers(0, 5, (2, 40, 30))
    found = segmentation_scores(output.astype(np.uint8), truth.astype(np.uint8), 5)
    for index in range(5):
        a, b = set(np.flatnonzero(output == index)), set(np.flatnonzero(truth == index))
        assert found[f"dice_{index}"] == pytest.approx(2 * len(a & b) / (len(a) + len(b)))
        assert found[f"iou_{index}"] == pytest.approx(len(a & b) / len(a | b))


def test_baselines_know_the_training_split_alone(tmp_path: Path, dataset: Dataset) -> None:
    assert class_means(dataset).greys == pytest.approx((GREY_OF_CLASS / 255).tolist(), abs=1e-6)
    assert majority(dataset).index == 0
    for entry in (*dataset.entries("val"), *dataset.entries("test")):
        path = dataset.folder / entry.array("image").file
        np.save(path, 255 - np.load(path))
    assert class_means(dataset).greys == pytest.approx((GREY_OF_CLASS / 255).tolist(), abs=1e-6)


def test_tables_of_both_tasks(dataset: Dataset) -> None:
    found = evaluate_model(ByGrey(ready("unet-segment-small", dataset)), dataset, "test", AS_IT_IS)
    assert found.methods == ("by-grey", "baseline:majority")
    assert found.metrics == ("dice", "dice_0", "dice_1", "dice_2", "iou", "iou_0", "iou_1", "iou_2")
    assert set(found.values("by-grey", "dice")) == {1.0}
    entry = dataset.entries("test")[0]
    share = float((dataset.array(entry, "mask") == 0).mean())
    assert found.values("baseline:majority", "dice")[0] == pytest.approx(2 * share / (1 + share) / 3)
    assert "class 1 is label 127" in found.notes[-1]
    drawn = evaluate_model(ByGrey(ready("cgan-masks-small", dataset)), dataset, "test", AS_IT_IS)
    assert drawn.methods == ("by-grey", "baseline:class-means")
    assert drawn.degradation == "masks"
    assert set(drawn.values("by-grey", "psnr_db")) == {100.0}
    assert drawn.values("by-grey", "std_ratio") == pytest.approx([1.0])
    assert drawn.values("by-grey", "histogram_distance") == pytest.approx([0.0], abs=1e-6)
    assert not drawn.comparable(found)


def test_the_discriminator_test_pairs_generated_images_with_the_real_image(dataset: Dataset) -> None:
    """Only the mask is given; the output of a segmentation is not an image."""
    pairs = generated_pairs(ByGrey(ready("cgan-masks-small", dataset)), dataset, ("test",), False, AS_IT_IS)
    (entry,) = dataset.entries("test")
    assert [(pair.image, pair.group) for pair in pairs] == [(entry.name, entry.group)]
    assert np.allclose(pairs[0].real, dataset.unit(entry, "image")[0])
    assert np.allclose(pairs[0].generated, pairs[0].real, atol=1e-6)
    with pytest.raises(UserError, match="gives masks, not images"):
        generated_pairs(ByGrey(ready("unet-segment-small", dataset)), dataset, ("test",), False, AS_IT_IS)


def test_other_classes_are_not_scored(dataset: Dataset, tmp_path: Path) -> None:
    recipe = ready("unet-segment-small", dataset).model_copy(update={"labels": (0, 1, 2)})
    with pytest.raises(UserError, match="same labels"):
        evaluate_model(ByGrey(recipe), dataset, "test", AS_IT_IS)


def test_validation_of_a_segmentation_is_by_dice(dataset: Dataset) -> None:
    recorder, recipe = Recorder(), ready("unet-segment-small", dataset)
    validate = find_task(recipe).validator(recipe, dataset, "cpu")
    right, wrong = (validate(ByGrey(recipe, blind), 1, recorder) for blind in (None, 2))
    assert right["val/dice"] == right["val/dice_2"] == 1
    assert wrong["val/dice_2"] == 0
    assert 0.3 < wrong["val/dice"] < 2 / 3
    ranking = validate.score.ranking
    assert ranking.quality(right) > ranking.quality(wrong)
    assert right["val/floor_dice"] < 1 / 3


class Panels(Recorder):
    """Records the sample images."""

    def sample(self, step, name, panels) -> None:
        self.panels = panels


@pytest.mark.parametrize(
    ("name", "coloured"), [("unet-segment-small", {"output", "target"}), ("cgan-masks-small", {"input"})]
)
def test_panels_show_label_maps_in_colours(dataset: Dataset, name: str, coloured: set[str]) -> None:
    recorder, recipe = Panels(), ready(name, dataset)
    scores = find_task(recipe).validator(recipe, dataset, "cpu")(ByGrey(recipe), 1, recorder)
    assert {panel for panel, image in recorder.panels.items() if image.ndim == 3} == coloured
    assert set(recorder.panels) == {"input", "output", "target"}
    if recipe.task == "synthesis":
        assert scores["val/psnr_db"] == scores["val/floor_psnr_db"] == 100
        assert scores["val/std_ratio"] == pytest.approx(1)


def test_files_have_raw_labels_and_give_images_back(dataset: Dataset) -> None:
    classes = rings(7)
    mask, image = (Micrograph(values[classes][:, :, None], 5.0) for values in (RAW_OF_CLASS, GREY_OF_CLASS))
    drawn = apply_model(Predictor(ByGrey(ready("cgan-masks-small", dataset)), "cpu"), mask)
    assert np.array_equal(drawn.pixels, image.pixels)
    assert drawn.pixel_size_nm == 5.0
    assert drawn.provenance.startswith("Synthetic: by-grey")
    found = apply_model(Predictor(ByGrey(ready("unet-segment-small", dataset)), "cpu"), image)
    assert np.array_equal(found.pixels, mask.pixels)
    assert found.pixels.dtype == np.uint8
    assert found.provenance.startswith("Segmented: by-grey")
    strange = mask.with_pixels(np.where(mask.pixels == 127, 90, mask.pixels))
    with pytest.raises(UserError, match=r"contains 90, but the classes are 0, 127, 255"):
        apply_model(Predictor(ByGrey(ready("cgan-masks-small", dataset)), "cpu"), strange)
