"""Provenance: the processing steps that an image went through after it was recorded."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from sem_models.images.facts import Fact, facts_from_text, facts_to_text, plain_text
from sem_models.version import __version__

SOFTWARE = f"SEM Workbench {__version__}"
MOST_STEPS = 100
"""Largest number of steps that is read from one file. A damaged or malicious file may claim more."""
_LONGEST_SETTINGS = 2**16
_INPUT = "input."


class Origin(StrEnum):
    """How the pixels of an image that no instrument recorded were made."""

    RESTORED = "restored"
    """Estimated from a recorded image of the same field and contrast: denoised, refocused, enlarged."""
    TRANSLATED = "translated"
    """Redrawn from a recorded image in another contrast."""
    SYNTHETIC = "synthetic"
    """Drawn or simulated: it does not show a specimen."""
    SEGMENTED = "segmented"
    """A label map."""

    @property
    def shows_what_was_recorded(self) -> bool:
        """Whether the acquisition facts of the recorded image (voltage, detector, ...) also apply to this one."""
        return self in (Origin.RESTORED, Origin.SEGMENTED)


def _one_line(value: str) -> str:
    return plain_text(value, _LONGEST_SETTINGS)


Text = Annotated[str, AfterValidator(_one_line)]


class ProcessingStep(BaseModel):
    """One step between the recorded image and this one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    origin: Origin
    """What this step made of the image."""
    model: Text = ""
    """Name of the model or filter."""
    run: Text = ""
    """Id of the training run that produced the model."""
    settings: Text = ""
    """Settings chosen for this step."""
    input: Text = ""
    """Name of the input file, with `#page` if the file has several pages."""
    input_sha256: Text = ""
    """SHA-256 of the input file."""
    input_facts: Mapping[str, Fact] = {}
    """Acquisition facts of the input that do not apply to the output."""
    software: Text = ""
    backend: Text = ""
    """What computed the network, with its version, if it was not PyTorch."""
    date: Text = ""
    """ISO 8601, UTC."""
    warning: Text = ""
    """What to know before the output is trusted."""
    note: Text = ""
    """Description of the whole step by an early version, which recorded nothing else."""

    @classmethod
    def now(cls, origin: Origin, model: str, *, run: str = "", settings: str = "") -> "ProcessingStep":
        """Return a step with the current date and the version of this program."""
        date = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(origin=origin, model=model, run=run, settings=settings, software=SOFTWARE, date=date)

    @classmethod
    def from_note(cls, note: str) -> "ProcessingStep":
        """Return a step from the note of an early version: a sentence, or the settings of a simulation as JSON."""
        drawn = note.startswith(("Synthetic", "{"))
        return cls(origin=Origin.SYNTHETIC if drawn else Origin.RESTORED, note=note)

    def with_settings(self, *, first: str = "", last: str = "") -> "ProcessingStep":
        """Return the step with more settings before and behind those that it has."""
        settings = ", ".join(text for text in (first, self.settings, last) if text)
        return self.model_copy(update={"settings": settings})

    def __str__(self) -> str:
        """Describe the step in one sentence that begins with the origin."""
        if self.note:
            return self.note
        what = " applied to ".join(part for part in (self.model, self.input) if part)
        said = ", ".join(part for part in (what, self.settings, self.date[:10]) if part)
        return f"{self.origin.capitalize()}: {said}, by {self.software}"

    def to_text(self) -> dict[str, str]:
        """Return all known fields as text by name, for file formats that store only text."""
        fields = self.model_dump(mode="json", exclude={"input_facts"}, exclude_defaults=True)
        facts = facts_to_text(self.input_facts)
        return {**fields, **{_INPUT + name: text for name, text in facts.items()}}

    @classmethod
    def from_text(cls, texts: Mapping[str, str]) -> "ProcessingStep | None":
        """Parse the output of `to_text`; None if `texts` does not describe a step."""
        facts = {key.removeprefix(_INPUT): text for key, text in texts.items() if key.startswith(_INPUT)}
        try:
            return cls.model_validate({**texts, "input_facts": facts_from_text(facts)})
        except ValidationError:
            return None


STEPS = TypeAdapter(tuple[ProcessingStep, ...])
"""Converts steps to and from JSON."""
