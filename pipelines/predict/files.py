"""Use case: apply a model to files and folders; a bad file is reported, the others are processed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.model_ref import ModelRef
from pipelines.models import resolve_model
from pipelines.predict.batch import STD_FOLDER, FileWork, OutputNames, input_files, process_files
from pipelines.predict.pixel_sizes import drawn_size
from pipelines.predict.projection import with_projection
from pipelines.predict.requests import ApplicationRequest, DataBarChoice, PredictRequest
from pipelines.predict.sampling import resampled
from pipelines.predict.second_frame import MeasuredBlur, caveats, measured_blur, told_blur
from sem_models.datasets.preparation.sources import find_extra_inputs
from sem_models.errors import Message, UserError
from sem_models.images.databar import find_databar
from sem_models.images.io.read import read_identified_pages
from sem_models.images.micrograph import Micrograph
from sem_models.inference.ensemble import EnsembleModel, ensemble_of
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.stated_doubt import StatedDoubtModel
from sem_models.inference.told_width import at_strength
from sem_models.progress import Progress, silent
from sem_models.tasks.models import apply_to_file, input_is_mask, task_of, with_deviation


@dataclass(frozen=True)
class Prediction:
    """The outcome for one page of an input file."""

    source: str
    page: int
    output: str | None
    error: Message | None
    databar_rows: int = 0
    """Input rows at the bottom that were cut off."""
    extra_inputs: tuple[str, ...] = ()
    """Files whose channels followed those of `source`."""
    warning: str = ""
    """What to know before the output is trusted."""
    abstention: str | None = None
    """File with a map of where the model left the input as it was, from 0 to 1, if it makes one."""
    std: str | None = None
    """File with the standard deviation of the output, in its grey levels, if there is one."""
    std_is_learned: bool = False
    """Whether the model states it; else it is a spread, which is a lower limit."""
    std_members: int = 0
    """Number of models over which it is the spread; 0: one model, over orientations of the input."""
    blur_px: float | None = None
    """Width of the blur, sigma, if it was measured with a second frame."""
    blur_error_px: float | None = None
    """Its standard error."""
    backend: str = ""
    """What computed the network, with its version, if it was not PyTorch."""


def predict(request: PredictRequest, progress: Progress = silent) -> list[Prediction]:
    """Write a TIFF for each page of each input image, with pixel size and provenance.

    Outputs have the dtype of their input, translations that of the images that the model learned to make.

    Inputs are never replaced. A page that cannot be used, or whose result exists already, is reported as an error.

    Raises:
        UserError: There is no such model, no input was found, no input could be used, or a second frame is given from
            which the blur cannot be measured.
    """
    found = input_stacks(request)
    blur = measured_blur(request, [stack[0] for stack in found.stacks])
    work = application(request, OutputNames(request.out, found.files, request.overwrite), blur)
    # Of a single file, which may be large, the tiles are counted.
    what = "files" if len(found.stacks) > 1 else None
    return process_files(work, found.stacks, progress, what, lost_files(found))


def application(request: ApplicationRequest, names: OutputNames, blur: MeasuredBlur | None = None) -> "Application":
    """Load the models of a request, ready to be applied to files; raise `UserError` where there is none."""
    found = [_prepared(request, ref, blur) for ref in (request.model, *request.ensemble)]
    models = [model for model, _ in found]
    model = ensemble_of(models) if request.ensemble else models[0]
    size_nm = drawn_size(found[0][1]) if input_is_mask(model) else None
    predictor = Predictor(model, tile=request.tile_px, backend=request.backend)
    stated = None if request.std == "never" else with_deviation(model, spread=request.std == "always")
    return Application(
        predictor, names, request.databar, size_nm, blur, predictor.with_model(stated) if stated else None
    )


def _prepared(request: ApplicationRequest, ref: ModelRef, blur: MeasuredBlur | None) -> tuple[UnitModel, str | None]:
    """Load a model with the settings of the request; also return its run, if it has one."""
    resolved = resolve_model(ref, request.scale)
    model = at_strength(resampled(resolved.model, request.changes), request.strength_px)
    if blur:
        model = told_blur(model, blur)
    return with_projection(model) if request.projection else model, resolved.run_id


def lost_files(found: "InputStacks") -> list[Prediction]:
    """Describe the files that cannot be used because an extra input is missing."""
    texts = {path: Message(f"{path.name}: an extra input is missing.") for path in found.incomplete}
    return [Prediction(str(path), 0, None, text) for path, text in texts.items()]


Stack = tuple[Path, ...]
"""A file and its extra inputs, in the order of their channels."""


@dataclass(frozen=True)
class Application(FileWork[Stack, tuple[Micrograph, ...], Prediction]):
    """A model applied to the pages of stacks of files."""

    predictor: Predictor
    names: OutputNames
    databar: DataBarChoice
    drawn_nm: float | None
    """Pixel size of drawings of masks without a scale; None if the model does not draw, or its images had several."""
    blur: MeasuredBlur | None = None
    stated: Predictor | None = None
    """Applies the model with the standard deviation of its output as the last channel."""

    def pages(self, stack: Stack) -> Iterator[tuple[Micrograph, ...]]:
        """Yield page after page, one image from each file."""
        try:
            yield from zip(*map(read_identified_pages, stack), strict=True)
        except ValueError as error:
            names = " and ".join(path.name for path in stack)
            raise UserError(f"{names} differ in their number of pages; export the same number from each.") from error

    def apply(self, stack: Stack, number: int, page: tuple[Micrograph, ...], progress: Progress) -> Prediction:
        """Compute the output for all channels of a page."""
        target = self.names.of_page(stack[0], page[0])
        if page[0].pixel_size_nm is None:
            page = (replace(page[0], pixel_size_nm=self.drawn_nm), *page[1:])
        no_bar = self.databar == "keep" or input_is_mask(self.predictor.model)
        bars = [find_databar(image, 0 if no_bar else None) for image in page]
        task, others = task_of(self.predictor.model), tuple(map(str, stack[1:]))
        beside = task.abstention_file(self.predictor.model, target)
        if beside:
            self.names.require_free(stack[0], beside)
        std = self._std_file(stack[0], target)
        joined = task.join(page, bars)
        if self.stated and std:
            step = self.stated.predict_to_file(joined, target, progress, task.origin, std)
        else:
            step = apply_to_file(self.predictor, joined, target, progress)
        made = str(beside) if beside else None
        doubts = caveats(self.predictor.model, self.blur) if self.blur else ()
        warning = "; ".join(filter(None, (step.warning, page[0].scale_warning, *doubts)))
        found = Prediction(str(stack[0]), number, str(target), None, bars[0].rows, others, warning, made)
        if self.stated and std:
            source = self.stated.model
            members = len(source.members) if isinstance(source, EnsembleModel) else 0
            learned = isinstance(source, StatedDoubtModel)
            found = replace(found, std=str(std), std_is_learned=learned, std_members=members)
        if self.blur:
            found = replace(found, blur_px=self.blur.width_px, blur_error_px=self.blur.error_px)
        return replace(found, backend=step.backend)

    def _std_file(self, source: Path, target: Path) -> Path | None:
        """Return where the standard deviation goes; its folder keeps it apart from the results of other inputs."""
        if self.stated is None:
            return None
        std = target.parent / STD_FOLDER / f"{target.stem}-std.tif"
        self.names.require_free(source, std)
        std.parent.mkdir(exist_ok=True)
        return std

    def failed(self, stack: Stack, number: int, error: Message) -> Prediction:
        """See `FileWork`."""
        return Prediction(str(stack[0]), number, None, error, extra_inputs=tuple(map(str, stack[1:])))


@dataclass(frozen=True)
class InputStacks:
    """All inputs of one run."""

    stacks: tuple[Stack, ...]
    incomplete: tuple[Path, ...]
    """First files whose extra inputs are incomplete."""

    @property
    def files(self) -> list[Path]:
        """All files, which no result may replace."""
        return [*self.incomplete, *(path for stack in self.stacks for path in stack)]


def input_stacks(request: ApplicationRequest) -> InputStacks:
    """Match files below `inputs` with one from every place in `extra_inputs`, by name as in preparation.

    Raises:
        UserError: A place does not exist or holds no image, or a file is named in two places.
    """
    first = input_files(request.inputs, request.out)
    found = find_extra_inputs(first, [input_files([place], request.out) for place in request.extra_inputs])
    return InputStacks(tuple((path, *others) for path, others in found.of.items()), found.alone)
