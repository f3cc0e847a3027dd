"""What can be done with a micrograph: by which model, and whether its quality speaks for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipelines.counts import counted, dose_text
from pipelines.model_ref import ModelRef, RegistryRef, StarterRef
from pipelines.tracking.keys import Experiment, Tag
from pipelines.tracking.runs import RunInfo
from sem_models.tasks.base import Task
from sem_models.tasks.denoising import DENOISING
from sem_models.tasks.inpainting import INPAINTING
from sem_models.tasks.refocusing import REFOCUSING
from sem_models.tasks.segmentation import SEGMENTATION
from sem_models.tasks.super_resolution import SUPER_RESOLUTION
from sem_models.tasks.translation import TRANSLATION

if TYPE_CHECKING:
    from pipelines.tracking.versions import RegisteredVersion
    from sem_models.evaluation.recording_quality import RecordingQuality

_STARTER_DOSES_E_PER_PX: Final = {"denoise": (2.0, 100.0), "denoise-stem": (1.0, 50.0)}
"""Doses that the denoisers among the starter models were made for; their cards say so in words."""
_LITTLE_NOISE_E_PER_PX: Final = 200.0
"""From there on, by the same card, classical filters keep more detail."""
_FINE_PX: Final = 2.5
"""Above this, detail is not limited by the size of the pixels: 2 px is the limit of sampling, and the rest allows for
the error of the measurement."""

_ATOMIC_NM: Final = 0.1
"""Columns of atoms are about 0.2 nm apart, so that larger pixels cannot show them."""


@dataclass(frozen=True)
class Offer:
    """One thing that can be done with a micrograph."""

    title: str
    """In the words of somebody who has the image, not the network: `Remove noise`."""
    model: ModelRef | None
    """None where none was trained yet."""
    reason: str
    """What speaks for it or against it."""
    advised: bool
    """Whether the quality of the image speaks for it, and the input check not against it."""
    warning: str = ""
    """How the image is unlike those that the model learned from, without a full stop; empty if it is not."""

    @property
    def made_by(self) -> str:
        """Name the model for people."""
        if isinstance(self.model, RegistryRef):
            return f"model {self.model.name}"
        return f"`{self.model}`, which comes with the program" if self.model else ""


Advice = tuple[bool, str]
"""Whether the quality of an image speaks for a task, and why."""


def _unchecked(model: ModelRef) -> str:  # noqa: ARG001
    return ""


def offers(
    quality: "RecordingQuality | None",
    trained: Mapping[str, ModelRef],
    warning_of: Callable[[ModelRef], str] = _unchecked,
    pixel_size_nm: float | None = None,
) -> list[Offer]:
    """List what can be done with a micrograph, advised things first.

    Args:
        quality: Its quality; None if it is unknown.
        trained: A registered model for each task, by its name, that has one.
        warning_of: Says how the image is unlike those that a model learned from; empty if it is not.
        pixel_size_nm: None if the file does not state it.
    """
    image = _Image(quality, warning_of, pixel_size_nm)
    found = [offer for way in _WAYS if (offer := _offer(way, trained.get(way.task.name), image))]
    return sorted(found, key=lambda offer: not offer.advised)


def trained_models(versions: "Sequence[RegisteredVersion]", runs: Sequence[RunInfo]) -> dict[str, ModelRef]:
    """Choose a registered model for each task, by its name: the newest with an alias, else the newest.

    Models of lessons, which learned from simulations for minutes, are left to those who name them.

    Args:
        versions: Newest first within a model.
        runs: All trainings, which know their task.
    """
    tasks = {run.run_id: run.tags.get(Tag.TASK, "") for run in runs if run.experiment != Experiment.DEMO}
    found: dict[str, ModelRef] = {}
    for version in sorted(versions, key=lambda one: not one.aliases):
        if version.run_id in tasks:
            found.setdefault(tasks[version.run_id], _reference(version))
    return found


def alike(run_id: str, runs: Sequence[RunInfo]) -> list[RunInfo]:
    """List the other finished runs that learned the same task from the same dataset: seeds, or other networks.

    Their outputs have the same intensity limits and can be averaged.
    """
    own = next((run for run in runs if run.run_id == run_id), None)
    if own is None or not own.tags.get(Tag.DATASET_DIGEST):
        return []
    what = [own.tags.get(key) for key in (Tag.TASK, Tag.DATASET_DIGEST)]
    return [
        run
        for run in runs
        if run.run_id != run_id
        and run.status == "FINISHED"
        and [run.tags.get(key) for key in (Tag.TASK, Tag.DATASET_DIGEST)] == what
    ]


def _reference(version: "RegisteredVersion") -> RegistryRef:
    if version.aliases:
        return RegistryRef(version.name, version.aliases[0])
    return RegistryRef(version.name, version=version.version)


@dataclass(frozen=True)
class _Image:
    """What is known about a micrograph."""

    quality: "RecordingQuality | None"
    warning_of: Callable[[ModelRef], str]
    pixel_size_nm: float | None

    @property
    def may_show_atoms(self) -> bool:
        """Whether its pixels are as fine as an atomic-resolution scan needs, as far as is known."""
        return self.pixel_size_nm is None or self.pixel_size_nm <= _ATOMIC_NM


@dataclass(frozen=True)
class _Way:
    """A task that begins with a micrograph."""

    task: Task
    title: str
    advice: Callable[[ModelRef | None, "RecordingQuality | None"], Advice | None]
    """None where there is nothing to offer."""
    untrained: ModelRef | None = None
    """What does it without a training of one's own."""
    for_atoms: ModelRef | None = None
    """What does it for atomic-resolution scans, which are unlike the images that `untrained` learned from."""


def _offer(way: _Way, own: ModelRef | None, image: _Image) -> Offer | None:
    model, warning, why = _chosen(way, own, image)
    advice = way.advice(model, image.quality)
    if advice is None or not (model or advice[1]):
        return None
    advised, reason = advice
    return Offer(way.title, model, f"{why}{reason}", advised and model is not None and not warning, warning)


def _chosen(way: _Way, own: ModelRef | None, image: _Image) -> tuple[ModelRef | None, str, str]:
    """Return the model of an offer, the warning of its input check, and why it is not the usual one, if it is not."""
    model = own or way.untrained
    warning = image.warning_of(model) if model else ""
    if own or not warning or not way.for_atoms or not image.may_show_atoms or image.warning_of(way.for_atoms):
        return model, warning, ""
    why = f"The input check warns of `{model}`, but not of this model, which learned from atomic-resolution scans. "
    return way.for_atoms, "", why


def _no_advice(model: ModelRef | None, quality: "RecordingQuality | None") -> Advice:  # noqa: ARG001
    return False, ""


def _on_noise(model: ModelRef | None, quality: "RecordingQuality | None") -> Advice:
    dose = quality.equivalent_dose_e_per_px if quality else None
    if dose is None:
        return False, "How noisy this image is cannot be told."
    noisy = f"For its contrast, as noisy as a scan of {dose_text(dose)}."
    if dose >= _LITTLE_NOISE_E_PER_PX:
        return False, f"{noisy} There is little to remove, and classical filters keep more detail."
    if not isinstance(model, StarterRef):
        return True, noisy
    least, most = _STARTER_DOSES_E_PER_PX[model.name]
    if dose < least:
        return False, f"{noisy} That is more noise than it learned: what it shows may be invented."
    return dose <= most, f"{noisy} It was made for {least:g} to {most:g}."


def _on_enlarging(model: ModelRef | None, quality: "RecordingQuality | None") -> Advice:
    finest = quality.finest_px if quality else None
    if finest is None:
        return False, "How fine its detail is cannot be told."
    if finest > _FINE_PX:
        return False, f"Its detail ends at {finest:.2g} px; 2 px is the limit of sampling. Enlarging shows no more."
    return model is not None, f"Its detail reaches down to {finest:.2g} px, close to the limit of sampling of 2 px."


def _on_focus(model: ModelRef | None, quality: "RecordingQuality | None") -> Advice:  # noqa: ARG001
    return (
        False,
        "One frame cannot tell a soft specimen from an image out of focus; a second frame at another focus can.",
    )


def _on_lines(model: ModelRef | None, quality: "RecordingQuality | None") -> Advice | None:
    if not quality or not quality.lines_without_signal:
        return None if isinstance(model, StarterRef) else (False, "No scan line without signal was found.")
    return True, f"{counted(quality.lines_without_signal, 'scan line')} without signal."


_WAYS: Final = (
    _Way(DENOISING, "Remove noise", _on_noise, StarterRef("denoise"), StarterRef("denoise-stem")),
    _Way(SUPER_RESOLUTION, "Enlarge", _on_enlarging, StarterRef("sr-x2")),
    _Way(REFOCUSING, "Refocus", _on_focus, StarterRef("refocus")),
    _Way(INPAINTING, "Fill in defective lines", _on_lines, StarterRef("clean-lines")),
    _Way(SEGMENTATION, "Segment", _no_advice),
    _Way(TRANSLATION, "Translate to another contrast", _no_advice),
)
