"""The settings of a lab: `lab.toml` in the home folder. Where there is none, the workbench is one person's desk."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from pipelines.home import home
from pipelines.people.person import ROLES, Role
from sem_models.config.frozen import Frozen
from sem_models.errors import UserError

FILE = "lab.toml"


class Quota(Frozen):
    """How much one person may use; what is not set is not limited."""

    disk_gb: float | None = Field(None, gt=0)
    """Datasets, uploads, results and the files of trainings, in 1e9 bytes."""
    queued: int | None = Field(None, ge=0)
    """Trainings that wait or run at one time."""
    tasks: int | None = Field(None, ge=0)
    """Other background work at one time, such as predictions and scores, which waits for no slot."""
    device_hours: float | None = Field(None, ge=0)
    """Hours of trainings within 30 days, times the devices (GPUs, or one CPU) that each used."""


class Slurm(Frozen):
    """How work becomes a job of SLURM; what is not set is left to SLURM's own defaults."""

    use_for: tuple[str, ...] = ("train",)
    """Use cases that run as jobs unless a request says otherwise, by the names of their commands."""
    time_min: int | None = Field(None, gt=0)
    """Longest time of a job, min. A training that is not done by then goes on in the next one."""
    save_s: int = Field(180, gt=0)
    """How long before the end of this time a training is told to save its state, s."""
    cpus_per_device: int = Field(1, gt=0)
    gres_per_device: str = ""
    """The generic resource that is one device, such as `gpu` or `gpu:a100`; without it, a device is its processors."""
    sbatch: dict[str, str] = Field(default_factory=dict)
    """Further options of `sbatch`, without their dashes, such as `partition`, `account` or `mem`."""


class Lab(Frozen):
    """Who may sign in, and what they may use."""

    roles: dict[str, Role]
    """The role that membership in a group gives; of several, the highest counts."""
    default_role: Role | None = None
    """Of people in none of these groups; without it they are refused."""
    groups_claim: str = "groups"
    """Where the ID token lists the groups of a person."""
    id_claim: Literal["sub", "preferred_username", "email"] = "sub"
    """What tells persons apart. `sub` never changes; the others are easier to read, where they are never reused."""
    sign_in_hours: float = Field(12, gt=0)
    """How long a sign-in lasts: after this time, changes of groups at the provider have taken effect."""
    roots: dict[Role, tuple[Path, ...]] = Field(default_factory=dict)
    """Folders of the server whose files people of this role, or of a higher one, may read."""
    upload_mb: int = Field(500, gt=0)
    """Largest uploaded file, in 1e6 bytes."""
    upload_megapixels: int = Field(400, gt=0)
    """Largest page of an uploaded file, in 1e6 samples."""
    upload_decoded_mb: int = Field(4000, gt=0)
    """What all pages of an uploaded file may take together once they are decoded, in 1e6 bytes."""
    quotas: dict[Role, Quota] = Field(default_factory=dict)
    slurm: Slurm | None = None

    @field_validator("roots")
    @classmethod
    def _absolute(cls, roots: dict[Role, tuple[Path, ...]]) -> dict[Role, tuple[Path, ...]]:
        wrong = next((path for paths in roots.values() for path in paths if not path.is_absolute()), None)
        if wrong is not None:
            raise ValueError(f"{wrong} is not an absolute path")
        return roots

    def roots_of(self, role: Role) -> tuple[Path, ...]:
        """Return the folders of a role and of those below it."""
        return tuple(path for one in ROLES[: ROLES.index(role) + 1] for path in self.roots.get(one, ()))

    def quota_of(self, role: Role) -> Quota:
        """Return what people of a role may use."""
        return self.quotas.get(role, Quota())


def find_lab() -> Lab | None:
    """Read the settings of the lab, as they are now; None at one person's desk.

    Raises:
        UserError: The file cannot be read or used. Nobody is let in then.
    """
    path = home().root / FILE
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"The settings of the lab in {path} cannot be read: {error.strerror or error}.") from error


@lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int) -> Lab:  # noqa: ARG001  (a changed file is read again)
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text())
        return Lab.model_validate(content)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a TOML file: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{path}, setting {place}: {reason[:1].lower()}{reason[1:]}.") from error
