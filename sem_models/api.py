"""The Python interface: read a micrograph, load a trained model, restore the micrograph, evaluate the model.

The tests run the examples in a folder that contains `micrograph.tif`, the model folder `model` and the dataset
`datasets/steel`.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias, overload

from sem_models.config.backend import BackendChoice
from sem_models.datasets.dataset import open_dataset
from sem_models.datasets.manifest import Split
from sem_models.evaluation.report import EvaluationReport
from sem_models.images.databar import crop_databar, find_databar
from sem_models.images.io import read, write
from sem_models.images.micrograph import Micrograph
from sem_models.inference import storage
from sem_models.inference.ensemble import ensemble_of
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor, choose_device
from sem_models.inference.told_width import at_strength, other_strength
from sem_models.starters.shelf import STARTER, load_starter
from sem_models.tasks.models import apply_model, evaluate_model, input_is_mask, task_of, with_deviation

Applied: TypeAlias = RestorationModel | str
"""A loaded model, or the name of a starter model."""
__all__ = ["Micrograph", "evaluate", "load_model", "read_micrograph", "restore", "write_micrograph"]


def read_micrograph(path: str | PathLike[str], page: int = 0) -> Micrograph:
    """Read one page of an image file in its native data type.

    Args:
        path: A TIFF, PNG, JPEG, BMP or MRC file. The formats dm3, dm4, emd and ser need the optional extra `formats`.
        page: Index of the image in a file with several images, counted from 0.

    Returns:
        The pixels, of shape (H, W, C) and in the data type of the file, with the pixel size in nm if the file states
        it, the acquisition facts, and the processing history if the workbench wrote the file.

    Raises:
        UserError: The file is missing, damaged, not an image, or has no such page.

    Examples:
        >>> import sem_models
        >>> micrograph = sem_models.read_micrograph("micrograph.tif")
        >>> micrograph.pixels.shape, micrograph.pixels.dtype.name, micrograph.pixel_size_nm
        ((96, 128, 1), 'uint8', 10.0)
    """
    place = Path(path)
    return replace(read.read_micrograph(place, page), sha256=read.file_sha256(place))


def write_micrograph(path: str | PathLike[str], micrograph: Micrograph) -> None:
    """Write a micrograph with its pixel size and provenance. An incomplete file is never left behind.

    Args:
        path: File to write. Its suffix selects the format: `.tif` (OME-TIFF) or `.png`.
        micrograph: The image, written in its own data type. PNG can only hold 8-bit and 16-bit images.

    Raises:
        UserError: The suffix is not supported, or the format cannot hold the data type.

    Examples:
        >>> import sem_models
        >>> micrograph = sem_models.read_micrograph("micrograph.tif")
        >>> sem_models.write_micrograph("copy.png", micrograph)
        >>> bool((sem_models.read_micrograph("copy.png").pixels == micrograph.pixels).all())
        True
    """
    write.write_micrograph(Path(path), micrograph)


def load_model(folder: str | PathLike[str], device: str = "auto") -> RestorationModel:
    """Load a starter model, or a trained model from a folder with `model.safetensors` and `recipe.json`.

    `sem-workbench export RUN_ID --format folder --out FOLDER` writes such a folder. The network is built from the
    stored recipe; no pickle is loaded and no stored code is executed.

    Args:
        folder: Folder with the weights and the recipe, or the name of a starter model, `starter:denoise`.
        device: `cpu`, `cuda`, or `auto`, which uses a GPU if there is one.

    Raises:
        UserError: Files are missing or damaged, or the weights do not belong to the recipe.

    Examples:
        >>> import sem_models
        >>> model = sem_models.load_model("model", device="cpu")
        >>> model.recipe.name, model.capabilities.scale
        ('srresnet-x4-small', 4)
    """
    if isinstance(folder, str) and folder.startswith(STARTER):
        return load_starter(folder.removeprefix(STARTER), choose_device(device))
    return storage.load_model(Path(folder), choose_device(device))


@overload
def restore(
    model: Applied | Sequence[Applied],
    micrograph: Micrograph,
    *,
    databar: Literal["cut", "keep"] = "cut",
    tile: int | None = None,
    strength_px: float | None = None,
    backend: BackendChoice = "auto",
    std: Literal[False] = False,
) -> Micrograph: ...
@overload
def restore(
    model: Applied | Sequence[Applied],
    micrograph: Micrograph,
    *,
    databar: Literal["cut", "keep"] = "cut",
    tile: int | None = None,
    strength_px: float | None = None,
    backend: BackendChoice = "auto",
    std: Literal[True],
) -> tuple[Micrograph, Micrograph]: ...
def restore(
    model: Applied | Sequence[Applied],
    micrograph: Micrograph,
    *,
    databar: Literal["cut", "keep"] = "cut",
    tile: int | None = None,
    strength_px: float | None = None,
    backend: BackendChoice = "auto",
    std: bool = False,
) -> Micrograph | tuple[Micrograph, Micrograph]:
    """Apply a model to a micrograph of any size, tile by tile.

    Args:
        model: A model loaded by `load_model`, or the name of a starter model, `starter:denoise`; or several models of
            one task, for instance of several seeds, whose outputs are averaged.
        micrograph: Image with the number of channels that the model expects. A model that synthesises images from
            masks expects a mask with one channel; a segmentation model returns one.
        databar: Whether to `cut` the instrument's data bar first or `keep` it. Networks are trained without data
            bars and garble the text in them.
        tile: Edge length of a tile in input pixels. None chooses one that suits the device.
        strength_px: Blur to undo, sigma of a Gaussian in px, for a refocusing model that can be told. 0: nothing;
            None is the default of the model.
        backend: What computes the network on the CPU: `torch`, `openvino`, `onnx`, or `auto`, which uses what was
            measured to be fastest if there is enough work, and gives the same output to within 1e-5 of its range.
        std: Whether to return the standard deviation of the output as well: as the model states it if it has learned
            to; of several models, their spread; else the spread over eight orientations of the input, which takes eight
            times as long. A spread is a lower limit: errors that all have in common are not seen.

    Returns:
        The output in the data type of the input, with the pixel size divided by the scale of the model, and with this
        step added to the provenance. With `std`, also the standard deviation, (H, W, 1) float32 in grey levels of the
        output.

    Raises:
        UserError: The number of channels is not the one that the model expects, it cannot be told the blur, its outputs
            have no standard deviation, or the models cannot be averaged.

    Examples:
        >>> import sem_models
        >>> model = sem_models.load_model("model", device="cpu")
        >>> restored = sem_models.restore(model, sem_models.read_micrograph("micrograph.tif"))
        >>> restored.pixels.shape, restored.pixels.dtype.name, restored.pixel_size_nm
        ((384, 512, 1), 'uint8', 2.5)
        >>> restored.provenance.startswith("Restored: srresnet-x4-small applied to micrograph.tif")
        True
    """
    several = [model] if isinstance(model, str | RestorationModel) else list(model)
    loaded = [load_model(one) if isinstance(one, str) else one for one in several]
    told = [at_strength(one, strength_px) for one in loaded]
    applied = told[0] if len(told) == 1 else ensemble_of(told)
    cut = databar == "cut" and not input_is_mask(applied)
    image = crop_databar(micrograph, find_databar(micrograph)) if cut else micrograph
    stated = with_deviation(applied, spread=True) if std else None
    predictor = Predictor(stated or applied, _device(loaded[0]), tile, backend=backend)
    if stated:
        return predictor.predict_with_deviation(image, origin=task_of(applied).origin)
    return apply_model(predictor, image)


def evaluate(
    model: RestorationModel, dataset: str | PathLike[str], split: Split = "test", *, strength_px: float | None = None
) -> EvaluationReport:
    """Score a model and the baselines of its task on the whole images of one split.

    The inputs are simulated by the forward model that the model was trained with, unless the dataset is paired and
    contains recorded inputs.

    Args:
        model: A model loaded by `load_model`.
        dataset: Folder of a prepared dataset.
        split: Split to score. Results to be reported come from `test`.
        strength_px: Blur to undo, as in `restore`. None is the default of the model.

    Returns:
        A report with one row for each image and method. `report.mean(method, metric)` is the mean with its 95 %
        confidence interval; `report.gain(metric, baseline)` is the mean difference from a baseline over the images.

    Raises:
        UserError: The dataset does not exist, it has no reference to compare with, the split is empty, or the model
            cannot be told the blur.

    Examples:
        >>> import sem_models
        >>> model = sem_models.load_model("model", device="cpu")
        >>> report = sem_models.evaluate(model, "datasets/steel")
        >>> report.methods[0] == report.model, len(report.methods) > 1
        (True, True)
        >>> 10 < report.mean(report.model, "psnr_db").mean < 60
        True
    """
    opened = open_dataset(Path(dataset))
    report = evaluate_model(at_strength(model, strength_px), opened, split, model.recipe.degradation)
    return report.model_copy(update={"strength_px": other_strength(model, strength_px)})


def _device(model: RestorationModel) -> str:
    # An ONNX graph has no parameters; its only tensor is a buffer.
    return next(itertools.chain(model.network.parameters(), model.network.buffers())).device.type
