"""The Python interface: read a micrograph, load a trained model, restore, evaluate.

The examples are run by the tests in a folder that holds `micrograph.tif`, the model folder `model` and the dataset
`datasets/steel`.
"""

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Literal

from sem_models.datasets.dataset import open_dataset
from sem_models.datasets.manifest import Split
from sem_models.evaluation.report import EvaluationReport
from sem_models.images.databar import crop_databar, find_databar
from sem_models.images.io import read, write
from sem_models.images.micrograph import Micrograph
from sem_models.inference import storage
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor, choose_device
from sem_models.tasks.models import apply_model, evaluate_model, input_is_mask

__all__ = ["Micrograph", "evaluate", "load_model", "read_micrograph", "restore", "write_micrograph"]


def read_micrograph(path: str | PathLike[str], page: int = 0) -> Micrograph:
    """Read one page of an image file in its native data type.

    Args:
        path: A TIFF, PNG, JPEG, BMP or MRC file; dm3, dm4, emd and ser need the extra `formats`.
        page: Which image of a file that holds several, counted from 0.

    Returns:
        Pixels of shape (H, W, C), their size in nm where the file says it, the facts of the acquisition, and what was
        done to the image since, where the workbench did it.

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
    """Write a micrograph with its pixel size and provenance; the file appears whole or not at all.

    Args:
        path: Ends in `.tif` (OME-TIFF) or `.png`.
        micrograph: Written in its data type; PNG holds 8 and 16 bit only.

    Raises:
        UserError: The suffix or the data type does not go with the format.

    Examples:
        >>> import sem_models
        >>> micrograph = sem_models.read_micrograph("micrograph.tif")
        >>> sem_models.write_micrograph("copy.png", micrograph)
        >>> bool((sem_models.read_micrograph("copy.png").pixels == micrograph.pixels).all())
        True
    """
    write.write_micrograph(Path(path), micrograph)


def load_model(folder: str | PathLike[str], device: str = "auto") -> RestorationModel:
    """Load a trained model from a folder with `model.safetensors` and `recipe.json`.

    `sem-workbench export RUN_ID --format folder --out FOLDER` writes such a folder. The network is built from the
    stored recipe; no pickle is read and no stored code is run.

    Args:
        folder: Where weights and recipe are.
        device: `cpu`, `cuda`, or `auto` for a GPU where there is one.

    Raises:
        UserError: Files are missing or damaged, or the weights do not belong to the recipe.

    Examples:
        >>> import sem_models
        >>> model = sem_models.load_model("model", device="cpu")
        >>> model.recipe.name, model.capabilities.scale
        ('srresnet-x4-small', 4)
    """
    return storage.load_model(Path(folder), choose_device(device))


def restore(
    model: RestorationModel,
    micrograph: Micrograph,
    *,
    databar: Literal["cut", "keep"] = "cut",
    tile: int | None = None,
) -> Micrograph:
    """Apply a model to a micrograph of any size, tile by tile.

    Args:
        model: As `load_model` returns it.
        micrograph: Its number of channels must be what the model takes. A model that draws from masks takes a mask
            of one channel, a segmentation gives one.
        databar: Whether the instrument's data bar is cut first. A network that never saw writing spoils it.
        tile: Edge of a tile in input pixels; None: chosen for the device.

    Returns:
        Pixels in the data type of the input, their size divided by the scale of the model, and the provenance.

    Raises:
        UserError: The channels are not what the model takes.

    Examples:
        >>> import sem_models
        >>> model = sem_models.load_model("model", device="cpu")
        >>> restored = sem_models.restore(model, sem_models.read_micrograph("micrograph.tif"))
        >>> restored.pixels.shape, restored.pixels.dtype.name, restored.pixel_size_nm
        ((384, 512, 1), 'uint8', 2.5)
        >>> restored.provenance.startswith("Restored: srresnet-x4-small applied to micrograph.tif")
        True
    """
    cut = databar == "cut" and not input_is_mask(model)
    image = crop_databar(micrograph, find_databar(micrograph)) if cut else micrograph
    return apply_model(Predictor(model, _device(model), tile), image)


def evaluate(model: RestorationModel, dataset: str | PathLike[str], split: Split = "test") -> EvaluationReport:
    """Score a model beside the baselines of its task, on whole images of one split.

    Inputs are made by the forward model that the model was trained for; paired datasets bring their own.

    Args:
        model: As `load_model` returns it.
        dataset: Folder of a prepared dataset.
        split: `test`, unless you know why not.

    Returns:
        A report with one row for each image and method. `report.mean(method, metric)` is a mean with its 95 %
        interval, `report.gain(metric, baseline)` the difference from a baseline, image by image.

    Raises:
        UserError: There is no such dataset, it has no reference to compare with, or the split is empty.

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
    return evaluate_model(model, opened, split, model.recipe.degradation)


def _device(model: RestorationModel) -> str:
    return next(model.network.parameters()).device.type
