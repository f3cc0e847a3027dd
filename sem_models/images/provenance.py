"""What was done to an image since it was recorded."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from sem_models.images.facts import Fact, facts_from_text, facts_to_text, plain_text
from sem_models.version import __version__

SOFTWARE = f"SEM Workbench {__version__}"
MOST_STEPS = 100
"""Of one file; a damaged or hostile one may claim more."""
_LONGEST_SETTINGS = 2**16
_INPUT = "input."


class Origin(StrEnum):
    """How the pixels of an image came about, where no instrument recorded them as they are."""

    RESTORED = "restored"
    """Estimated from a recorded image of the same field and contrast: denoised, refocused, enlarged."""
    TRANSLATED = "translated"
    """Redrawn from a recorded image in another contrast."""
    SYNTHETIC = "synthetic"
    """Drawn or simulated: shows no specimen."""
    SEGMENTED = "segmented"
    """A label map."""

    @property
    def shows_what_was_recorded(self) -> bool:
        """Whether voltage, detector and the like of the recorded image describe this one too."""
        return self in (Origin.RESTORED, Origin.SEGMENTED)


def _one_line(value: str) -> str:
    return plain_text(value, _LONGEST_SETTINGS)


Text = Annotated[str, AfterValidator(_one_line)]


class ProcessingStep(BaseModel):
    """One step between the recorded image and this one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    origin: Origin
    """What the image is since this step."""
    model: Text = ""
    """Model or filter, as people name it."""
    run: Text = ""
    """Id of the training run that the model comes from."""
    settings: Text = ""
    """What was chosen for this step."""
    input: Text = ""
    """File that went in, with `#page` for one page of several."""
    input_sha256: Text = ""
    """Of that file."""
    input_facts: Mapping[str, Fact] = {}
    """Acquisition facts of the input that do not hold for the output."""
    software: Text = ""
    date: Text = ""
    """ISO 8601, UTC."""
    warning: Text = ""
    """What to know before the output is trusted."""
    note: Text = ""
    """The whole step in words, where an earlier version wrote nothing else."""

    @classmethod
    def now(cls, origin: Origin, model: str, *, run: str = "", settings: str = "") -> "ProcessingStep":
        """A step that this version takes at this moment."""
        date = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(origin=origin, model=model, run=run, settings=settings, software=SOFTWARE, date=date)

    @classmethod
    def from_note(cls, note: str) -> "ProcessingStep":
        """A step of an early version, which wrote a sentence, or settings of a simulation as JSON."""
        drawn = note.startswith(("Synthetic", "{"))
        return cls(origin=Origin.SYNTHETIC if drawn else Origin.RESTORED, note=note)

    def __str__(self) -> str:
        """One sentence that begins with the origin."""
        if self.note:
            return self.note
        what = " applied to ".join(part for part in (self.model, self.input) if part)
        said = ", ".join(part for part in (what, self.settings, self.date[:10]) if part)
        return f"{self.origin.capitalize()}: {said}, by {self.software}"

    def to_text(self) -> dict[str, str]:
        """Name and value of everything that is known, for formats that hold nothing but text."""
        fields = self.model_dump(mode="json", exclude={"input_facts"}, exclude_defaults=True)
        facts = facts_to_text(self.input_facts)
        return {**fields, **{_INPUT + name: text for name, text in facts.items()}}

    @classmethod
    def from_text(cls, texts: Mapping[str, str]) -> "ProcessingStep | None":
        """The reverse of `to_text`; None where `texts` do not describe a step."""
        facts = {key.removeprefix(_INPUT): text for key, text in texts.items() if key.startswith(_INPUT)}
        try:
            return cls.model_validate({**texts, "input_facts": facts_from_text(facts)})
        except ValidationError:
            return None


STEPS = TypeAdapter(tuple[ProcessingStep, ...])
"""Steps as JSON."""
