"""Make the starter models: prepare the specimens, train, shelve the weights, measure, and write the cards.

    python -m benchmarks.starters.make --data FOLDER [--home FOLDER] [--pictures FOLDER] [--only NAME ...]

Finished trainings are kept in `runs.json` and not repeated. The best checkpoint on validation specimens, in half
precision, goes to `sem_models/starters/NAME`, with the scores of the module of its kind on the card.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runner import Job, Table, options
from benchmarks.starters import denoise, enlarge, lines, refocus, stem, trust
from benchmarks.starters.specimens import DATASET, SOURCES, STEM, prepare_specimens, prepare_stem
from benchmarks.starters.starter import Measure, Measured, Words
from pipelines.model_ref import RunRef
from pipelines.models import model_folder
from sem_models.datasets.dataset import open_dataset
from sem_models.images.io.read import file_sha256
from sem_models.inference.model_folder import CHECKPOINT, RECIPE, WEIGHTS, CheckpointFacts, read_facts, read_recipe
from sem_models.inference.storage import load_weights, save_model
from sem_models.starters.card import CARD, Card, LearnedSet
from sem_models.starters.shelf import starter_folder

RUNS = Path(__file__).with_name("runs.json")
VERSION = 1


@dataclass(frozen=True)
class Starter:
    """How one starter model is made."""

    name: str
    words: Words
    measure: Measure
    dataset: str = DATASET
    finish: Callable[[Path], None] | None = None
    """Chooses on validation specimens what the training does not, for the model on the shelf."""

    @property
    def job(self) -> Job:
        """The training."""
        return Job(self.name, f"starter-{self.name}", self.dataset, inputs=())


STARTERS = (
    Starter("denoise", denoise.WORDS, denoise.measure),
    Starter("denoise-stem", stem.WORDS, stem.measure, STEM),
    Starter("sr-x2", enlarge.words(2), lambda data, home, pictures: enlarge.measure(2, data, home, pictures)),
    Starter("sr-x4", enlarge.words(4), lambda data, home, pictures: enlarge.measure(4, data, home, pictures)),
    Starter("refocus", refocus.WORDS, refocus.measure, finish=refocus.choose_default_strength),
    Starter("clean-lines", lines.WORDS, lines.measure),
)


def shelve(starter: Starter, run_id: str, home: Path) -> int:
    """Put the best checkpoint of a run, in half precision, where the package has its starter models; return its step.

    The recipe goes without the intensity limits of the training images: a starter model takes images of any
    instrument, each scaled by its own.
    """
    folder = starter_folder(starter.name)
    folder.mkdir(parents=True, exist_ok=True)
    with model_folder(RunRef(run_id)) as source:
        weights = {name: tensor.half() for name, tensor in load_weights(source).items()}
        facts = read_facts(source)
        save_model(folder, read_recipe(source).model_copy(update={"limits": None}), weights)
    (folder / WEIGHTS).chmod(0o644)
    step = facts.step if facts else 0
    write_card(card(starter, home, step, None), step)
    if starter.finish:
        starter.finish(home)
        write_card(card(starter, home, step, None), step)
    trust.learn(trust.subject_of(starter.name), home)
    return step


def write_card(card: Card, step: int) -> None:
    """Write the card and the checksums of all files."""
    folder = starter_folder(card.name)
    (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n")
    files = (WEIGHTS, RECIPE, CARD, *(picture.file for picture in card.pictures))
    sums = {name: file_sha256(folder / name) for name in files}
    (folder / CHECKPOINT).write_text(CheckpointFacts(step=step, sha256=sums).model_dump_json(indent=1) + "\n")


def card(starter: Starter, home: Path, steps: int, measured: Measured | None) -> Card:
    """Compose the card; without scores where there are none yet."""
    words = starter.words
    return Card(
        name=starter.name,
        version=VERSION,
        summary=words.summary,
        limits=words.limits,
        suits=words.suits,
        does_not=words.does_not,
        learned_from=_learned(home, starter.dataset),
        simulations=words.simulations,
        recipe=starter.job.recipe,
        seed=starter.job.seed,
        steps=steps,
        command=f"python -m benchmarks.starters.make --data FOLDER --only {starter.name}",
        licence="Apache-2.0",
        scores=measured.scores if measured else (),
        harm=measured.harm if measured else "not measured yet.",
        **(trust.on_card(trust.subject_of(starter.name)) if measured else {}),
    )


def _learned(home: Path, name: str) -> tuple[LearnedSet, ...]:
    dataset = open_dataset(home / "datasets" / name)
    seen = [entry for split in ("train", "val") for entry in dataset.entries(split)]
    found = []
    for prefix, (title, source) in SOURCES.items():
        own = [entry for entry in seen if entry.name.startswith(prefix)]
        specimens = len({entry.group for entry in own})
        if own:
            found.append(LearnedSet(name=title, source=source, licence="MIT", specimens=specimens, images=len(own)))
    return tuple(found)


def main() -> None:
    """Make everything that is missing."""
    chosen = options(__doc__)
    prepare_specimens(chosen.data, chosen.home)
    prepare_stem(chosen.home)
    wanted = [starter for starter in STARTERS if not chosen.only or starter.name in chosen.only]
    table = Table(RUNS, "starters", ())
    table.run([starter.job for starter in wanted], chosen.jobs, None)
    for starter in wanted:
        step = shelve(starter, str(table.known[starter.name]["run_id"]), chosen.home)
        measured = starter.measure(chosen.data, chosen.home, chosen.pictures)
        trust.measure(trust.subject_of(starter.name), chosen.data, chosen.home)
        write_card(card(starter, chosen.home, step, measured), step)


if __name__ == "__main__":
    main()
