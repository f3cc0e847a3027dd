"""Use case: write a model for other programs, only if it gives the same numbers there."""

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.model_ref import StarterRef
from pipelines.models import resolve_model
from pipelines.release.requests import ExportRequest
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.table import NETWORK_FACTS, packages
from sem_models.errors import FieldRef, UserError
from sem_models.images.intensity import IntensityRange, from_unit, to_unit
from sem_models.images.io.partial import partial_folder, partial_path
from sem_models.images.provenance import SOFTWARE
from sem_models.inference.model import RestorationModel
from sem_models.inference.model_folder import RECIPE, WEIGHTS
from sem_models.inference.storage import Belongings, save_weights
from sem_models.inference.told_width import at_strength
from sem_models.starters.card import CARD, Card, card_text
from sem_models.starters.shelf import read_card, starter_folder
from sem_models.tasks.table import find_task

if TYPE_CHECKING:
    from bioimageio.spec.model.v0_5 import ModelDescr

warnings.filterwarnings("ignore", message=".*isinstance.treespec.*", category=FutureWarning)
OPSET = 18
LARGEST_DIFFERENCE = 1e-4
LIMITS = "intensity_limits"
"""Key in the metadata of an ONNX file: JSON of `IntensityLimits`."""
_TEST_SIZES = ((64, 64), (72, 96))


def export(request: ExportRequest) -> Path:
    """Write a model as a `folder` of weights and recipe, as `onnx`, or as `bioimageio` with test tensors.

    Raises:
        UserError: It is a baseline, or outputs differ by more than 1e-4 of the intensity range.
    """
    model, out = request.model, request.out
    resolved = at_strength(resolve_model(model).model, request.strength_px)
    if not isinstance(resolved, RestorationModel):
        raise UserError(f"{model}: baselines have no weights to export; name a run or a registered model.")
    card = read_card(model.name) if isinstance(model, StarterRef) else None
    if request.format == "folder":
        return _write_folder(resolved, out, card)
    if not resolved.takes_one_pass:
        raise UserError(f"{model}: a diffusion model draws in many steps, which cannot be exported as one network.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        weights = Path(place) / "model.onnx"
        difference = _converted(resolved, weights)
        if difference > LARGEST_DIFFERENCE:
            raise UserError(f"{model}: ONNX Runtime differs by {difference:.1e} from PyTorch; nothing was written.")
        made = weights
        if request.format == "bioimageio":
            made = _write_bioimageio(resolved, weights, Path(place) / "package.zip", card)
        _appear(made, out)
    return out


def _appear(made: Path, out: Path) -> None:
    """Copy a complete file to where it is asked for; whoever looks there never finds a part of it."""
    part = partial_path(out)
    try:
        shutil.copyfile(made, part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _converted(model: RestorationModel, path: Path) -> float:
    """Do as `_write_onnx`, but refuse networks of others that cannot be converted."""
    try:
        return _write_onnx(model, path)
    except Exception as error:  # torch and ONNX Runtime raise many kinds, without a base of their own
        code = packages(model.recipe.network)
        if not code:
            raise
        raise UserError(
            f"{model.name} is computed by {' and '.join(code)} and could not be converted to ONNX; use ",
            FieldRef("format", "folder"),
            ".",
        ) from error


def _write_folder(model: RestorationModel, out: Path, card: Card | None) -> Path:
    """Write what `sem_models.load_model` reads, and the card of a starter model; it appears once it is complete."""
    if out.is_file():
        raise UserError(f"{out} is a file, but a folder is to be written; choose another name.")
    if out.is_dir():
        # It may hold other files of the user, and be the root of a disk.
        with tempfile.TemporaryDirectory() as place:
            _fill_folder(model, Path(place), card)
            for file in sorted(Path(place).iterdir()):
                _appear(file, out / file.name)
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    part = partial_folder(out)
    try:
        _fill_folder(model, part, card)
        part.chmod(0o755)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return out


def _fill_folder(model: RestorationModel, folder: Path, card: Card | None) -> None:
    save_weights(folder / WEIGHTS, model.network.state_dict(), model.direction, Belongings.of(model))
    (folder / RECIPE).write_text(model.recipe.model_dump_json(indent=1) + "\n")
    if card:
        (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n")
        (folder / "README.md").write_text(card_text(card))
        for picture in card.pictures:
            shutil.copyfile(starter_folder(card.name) / picture.file, folder / picture.file)


def _write_onnx(model: RestorationModel, path: Path) -> float:
    """Export, and return the largest difference from PyTorch over images of two sizes."""
    import onnxruntime

    network = model.module.cpu().float().eval()
    example = torch.rand(1, model.capabilities.channels_in, *_sizes_for(model)[0])
    step = model.capabilities.size_multiple
    axes = {axis: _dimension(name, step) for axis, name in ((2, "height"), (3, "width"))}
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=["image"],
        output_names=["restored"],
        dynamic_shapes=({**axes},),
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    _describe(model, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    differences = []
    for size in _sizes_for(model):
        image = _test_image(model, size)
        (restored,) = session.run(None, {"image": image})
        with torch.inference_mode():
            expected = network(torch.from_numpy(image)).numpy()
        differences.append(float(np.abs(restored - expected).max()))
    return max(differences)


def _describe(model: RestorationModel, path: Path) -> None:
    """Add the metadata, and a check of the image size, to the ONNX file, whose network works in unit intensity."""
    import onnx

    facts, content = model.capabilities, onnx.load(path)
    properties = {
        "software": SOFTWARE,
        "recipe": model.recipe.name,
        "task": find_task(model.recipe).name,
        "run": model.run_id,
        "note": model.note,
        "scale": str(facts.scale),
        "size_multiple": str(facts.size_multiple),
        "smallest_px": str(facts.window or ""),
        "halo_px": str(facts.halo),
        **({LIMITS: model.limits.model_dump_json()} if model.limits else {}),
    }
    onnx.helper.set_model_props(content, {key: value for key, value in properties.items() if value})
    content.doc_string = model.summary
    if facts.size_multiple > 1:
        _check_multiples(content.graph, facts.size_multiple)
    if facts.window:
        _check_least_size(content.graph, facts.window)
    onnx.save(content, path)


def _check_multiples(graph: Any, step: int) -> None:
    """Let the first node fail, under a name that says why, for images that are no multiple of `step` pixels.

    ONNX has no assertions. Without this, a concatenation deep in the network fails and names two sizes of feature maps.
    """
    from onnx import helper

    name = f"height_and_width_must_be_multiples_of_{step}"
    checked = _behind_check(graph, "image_of_multiples")
    graph.node.insert(0, helper.make_node("SpaceToDepth", ["image"], [name], name=name, blocksize=step))
    graph.node.insert(1, helper.make_node("DepthToSpace", [name], [checked], name=checked, blocksize=step))


def _check_least_size(graph: Any, least: int) -> None:
    """Let the first node fail, under a name that says why, for images of fewer than `least` pixels along an axis.

    The pixel that must be there is compared with itself, and the image is taken whatever comes of it.
    """
    from onnx import TensorProto, helper

    index, same, checked = "last_of_smallest", "smallest_is_there", _behind_check(graph, "image_of_least_size")
    graph.initializer.append(helper.make_tensor(index, TensorProto.INT64, [1], [least - 1]))
    rows, pixel = f"height_must_be_at_least_{least}", f"width_must_be_at_least_{least}"
    nodes = (
        helper.make_node("Gather", ["image", index], [rows], name=rows, axis=2),
        helper.make_node("Gather", [rows, index], [pixel], name=pixel, axis=3),
        helper.make_node("Equal", [pixel, pixel], [same], name=same),
        helper.make_node("Where", [same, "image", "image"], [checked], name=checked),
    )
    for place, node in enumerate(nodes):
        graph.node.insert(place, node)


def _behind_check(graph: Any, checked: str) -> str:
    """Let all nodes that read the image read `checked` instead, and return this name."""
    for node in graph.node:
        node.input[:] = [checked if source == "image" else source for source in node.input]
    return checked


def _dimension(name: str, step: int) -> Any:
    """Allow any size that is a multiple of `step`, which a network with skips between grids needs."""
    if step == 1:
        return torch.export.Dim(name, min=8, max=65536)
    return step * torch.export.Dim(f"{name}_of_{step}", min=-(-8 // step), max=65536 // step)


def _sizes_for(model: RestorationModel) -> list[tuple[int, int]]:
    """Raise the test sizes to what the network takes, and beyond what its halo and its window of averages cover."""
    facts = model.capabilities
    step, least = facts.size_multiple, max(2 * _padding(facts), facts.window or 0) + 1
    raised = [[-(-max(edge, least) // step) * step for edge in size] for size in _TEST_SIZES]
    return [(height, width + step * index) for index, (height, width) in enumerate(raised)]


def _padding(facts: Capabilities) -> int:
    """Return the halo by which consumers pad images, after which sizes must still be multiples of the step."""
    return -(-facts.halo // facts.size_multiple) * facts.size_multiple


def _test_image(model: RestorationModel, size: tuple[int, int]) -> NDArray[np.float32]:
    shape = (1, model.capabilities.channels_in, *size)
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def _write_bioimageio(model: RestorationModel, weights: Path, out: Path, card: Card | None) -> Path:
    from bioimageio.spec import save_bioimageio_package

    folder = weights.parent
    image = _test_image(model, _sizes_for(model)[0])
    given, made = _grey_levels(model, given=True), _grey_levels(model, given=False)
    if given:
        native, _ = from_unit(image, given.limits, np.dtype(given.dtype))
        np.save(folder / "input.npy", native)
        image = to_unit(native, given.limits)
    else:
        np.save(folder / "input.npy", image)
    with torch.inference_mode():
        restored = model.module(torch.from_numpy(image)).numpy()
    np.save(
        folder / "output.npy",
        restored * np.float32(made.limits.span) + np.float32(made.limits.lo) if made else restored,
    )
    # Packages hold no further files, so that pictures would be missing.
    text = (
        card_text(card.model_copy(update={"pictures": ()})) if card else f"# {model.recipe.name}\n\n{model.summary}\n"
    )
    validation = "See the scores." if card else "See the run."
    (folder / "README.md").write_text(f"{text}\n## Validation\n\n{validation}\n")
    return Path(save_bioimageio_package(_description(model, weights), output_path=out.absolute()))


class _GreyLevels(NamedTuple):
    dtype: str
    limits: IntensityRange


def _grey_levels(model: RestorationModel, given: bool) -> _GreyLevels | None:
    """Data type and limits of the images on one side of a model; None where it knows none, or several.

    Inputs of two detectors have limits of their own, which the ONNX metadata tells.
    """
    limits = model.limits
    side = (limits.input if given else limits.output) if limits else ()
    if not side or len(set(side[0].parts)) > 1:
        return None
    return _GreyLevels(side[0].dtype, IntensityRange(*side[0].parts[0]))


def _description(model: RestorationModel, weights: Path) -> "ModelDescr":
    """Describe the package: axes with halo and scale, test tensors, citation."""
    from bioimageio.spec.model import v0_5 as spec

    facts, folder, network = model.capabilities, weights.parent, model.recipe.network.kind
    step = spec.ParameterizedSize(min=_sizes_for(model)[0][0], step=facts.size_multiple)
    halo = _padding(facts)

    def axes(given: bool) -> list[object]:
        channels = facts.channels_in if given else facts.channels_out
        names = [spec.Identifier("intensity" if channels == 1 else f"intensity{index}") for index in range(channels)]
        # The network is exported for one image at a time; consumers divide larger batches.
        fixed: list[object] = [spec.BatchAxis(size=1), spec.ChannelAxis(channel_names=names)]
        for name in ("y", "x"):
            identifier = spec.AxisId(name)
            if given:
                fixed.append(spec.SpaceInputAxis(id=identifier, size=step))
            else:
                reference = spec.SizeReference(tensor_id=spec.TensorId("image"), axis_id=identifier)
                space = spec.SpaceOutputAxisWithHalo(
                    id=identifier, size=reference, scale=1 / facts.scale, halo=halo * facts.scale
                )
                fixed.append(space)
        return fixed

    source = spec.FileDescr(source=folder / "input.npy")
    levels, made = _grey_levels(model, given=True), _grey_levels(model, given=False)
    before: list[Any] = []
    after: list[Any] = []
    data = spec.IntervalOrRatioDataDescr(type=levels.dtype if levels else "float32")
    if levels:
        span, lo = levels.limits.span, levels.limits.lo
        before = [
            spec.ScaleLinearDescr(kwargs=spec.ScaleLinearKwargs(gain=1 / span, offset=-lo / span)),
            # Otherwise the library converts the result to the data type of the image.
            spec.EnsureDtypeDescr(kwargs=spec.EnsureDtypeKwargs(dtype="float32")),
        ]
    if made:
        after = [spec.ScaleLinearDescr(kwargs=spec.ScaleLinearKwargs(gain=made.limits.span, offset=made.limits.lo))]
    return spec.ModelDescr(
        name=f"SEM Workbench {model.recipe.name}",
        description=model.summary,
        authors=[spec.Author(name="SEM Workbench")],
        cite=[spec.CiteEntry(text=f"The architecture {network}", url=spec.HttpUrl(NETWORK_FACTS[network].source))],
        license=spec.LicenseId("Apache-2.0"),
        documentation=spec.FileDescr(source=folder / "README.md"),
        inputs=[
            spec.InputTensorDescr(
                id=spec.TensorId("image"), axes=axes(given=True), test_tensor=source, data=data, preprocessing=before
            )
        ],
        outputs=[
            spec.OutputTensorDescr(
                id=spec.TensorId("restored"),
                axes=axes(given=False),
                test_tensor=spec.FileDescr(source=folder / "output.npy"),
                postprocessing=after,
            )
        ],
        weights=spec.WeightsDescr(onnx=spec.OnnxWeightsDescr(source=weights, opset_version=OPSET)),
    )
