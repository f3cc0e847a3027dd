"""Make the starter models: prepare the specimens, train, shelve the weights, measure, and write the cards.

    python -m benchmarks.starters.make --data FOLDER [--home FOLDER] [--pictures FOLDER] [--only NAME ...]

Finished trainings are kept in `runs.json` and not repeated. `sr-x2` goes on from its own training with real pairs, and
is mixed with what comes of that (`mixing.py`). The best checkpoint on validation specimens, or that mixture, in half
precision, goes to `sem_models/starters/NAME`, with the scores of the module of its kind on the card.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from benchmarks.runner import Job, Table, options
from benchmarks.starters import denoise, enlarge, lines, mixing, real_pairs, refocus, stem, trust
from benchmarks.starters.specimens import DATASET, SOURCES, STEM, prepare_specimens, prepare_stem
from benchmarks.starters.starter import Measure, Measured, Words
from benchmarks.starters.stored import read_result, write_result
from pipelines.model_ref import RunRef
from pipelines.models import model_folder
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import open_dataset
from sem_models.images.io.read import file_sha256
from sem_models.inference.model_folder import CHECKPOINT, RECIPE, WEIGHTS, CheckpointFacts, read_facts, read_recipe
from sem_models.inference.storage import load_weights, save_model
from sem_models.starters.card import CARD, Card, LearnedSet
from sem_models.starters.shelf import starter_folder

RUNS = Path(__file__).with_name("runs.json")
SEEDS = 3
"""Of the trainings that go on from another."""


@dataclass(frozen=True)
class GoesOn:
    """How a model learns real pairs after its own training: fine-tunings, whose average is mixed with it."""

    dataset: str
    prepare: Callable[[Path, Path, str], None]
    """Writes the dataset; takes the folders of the data and the home, and the dataset of the first training."""
    conditions: Callable[[Path, Path, str], Sequence[mixing.Condition]]
    """Returns the validation images by which the share of the mixture is chosen; takes the same."""
    learned: Callable[[Path], LearnedSet]
    """Says what it learned from beside the first training; takes the home."""
    changes: tuple[str, ...]
    """Settings that differ from the first training."""

    def jobs(self, first: Job) -> list[Job]:
        """The fine-tunings, one a seed, each from the best checkpoint of the first training."""
        return [
            Job(
                f"{first.label}, real pairs, seed {seed}",
                first.recipe,
                self.dataset,
                seed,
                self.changes,
                first.label,
                (),
            )
            for seed in range(SEEDS)
        ]


@dataclass(frozen=True)
class Starter:
    """How one starter model is made."""

    name: str
    words: Words
    measure: Measure
    dataset: str = DATASET
    finish: Callable[[Path], None] | None = None
    """Chooses on validation specimens what the training does not, for the model on the shelf."""
    version: int = 1
    goes_on: GoesOn | None = None

    @property
    def job(self) -> Job:
        """The training."""
        return Job(self.name, f"starter-{self.name}", self.dataset, inputs=())

    @property
    def later_jobs(self) -> list[Job]:
        """The trainings that go on from it."""
        return self.goes_on.jobs(self.job) if self.goes_on else []


STARTERS = (
    Starter("denoise", denoise.WORDS, denoise.measure),
    Starter("denoise-stem", stem.WORDS, stem.measure, STEM),
    Starter(
        "sr-x2",
        enlarge.words(2),
        lambda data, home, pictures: enlarge.measure(2, data, home, pictures),
        version=2,
        goes_on=GoesOn(
            real_pairs.NAME,
            real_pairs.prepare_real_pairs,
            real_pairs.conditions,
            real_pairs.learned,
            ("optimiser.lr=3e-4", "schedule.warmup_steps=20", "train.steps=600", "train.validate_every=600"),
        ),
    ),
    Starter("sr-x4", enlarge.words(4), lambda data, home, pictures: enlarge.measure(4, data, home, pictures)),
    Starter("refocus", refocus.WORDS, refocus.measure, finish=refocus.choose_default_strength),
    Starter("clean-lines", lines.WORDS, lines.measure),
)


def shelve(starter: Starter, run_ids: Sequence[str], data: Path, home: Path) -> int:
    """Put a network in half precision where the package has its starter models; return its last step.

    It is the best checkpoint of the first run, or its mixture with those of the others. The recipe goes without the
    intensity limits of the training images: a starter model takes images of any instrument, each scaled by its own.
    """
    folder = starter_folder(starter.name)
    folder.mkdir(parents=True, exist_ok=True)
    recipe, weights, step = _best(run_ids[0])
    recipe = recipe.model_copy(update={"limits": None})
    if starter.goes_on:
        tunings = [_best(run_id) for run_id in run_ids[1:]]
        validation = starter.goes_on.conditions(data, home, starter.dataset)
        mixture = mixing.best_mixture(recipe, weights, [own for _, own, _ in tunings], validation)
        write_result(mixing.RESULT, read_result(mixing.RESULT) | {starter.name: mixture.as_json()})
        weights, step = mixture.weights, step + tunings[0][2]
    save_model(folder, recipe, {name: tensor.half() for name, tensor in weights.items()})
    (folder / WEIGHTS).chmod(0o644)
    write_card(card(starter, home, step, None), step)
    if starter.finish:
        starter.finish(home)
        write_card(card(starter, home, step, None), step)
    trust.learn(trust.subject_of(starter.name), home)
    return step


def _best(run_id: str) -> tuple[Recipe, dict[str, Tensor], int]:
    """Return recipe, weights and step of the best checkpoint of a run."""
    with model_folder(RunRef(run_id)) as source:
        facts = read_facts(source)
        return read_recipe(source), load_weights(source), facts.step if facts else 0


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
        version=starter.version,
        summary=words.summary,
        limits=words.limits,
        suits=words.suits,
        does_not=words.does_not,
        learned_from=_learned(home, starter),
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


def _learned(home: Path, starter: Starter) -> tuple[LearnedSet, ...]:
    dataset = open_dataset(home / "datasets" / starter.dataset)
    seen = [entry for split in ("train", "val") for entry in dataset.entries(split)]
    found = []
    for prefix, (title, source) in SOURCES.items():
        own = [entry for entry in seen if entry.name.startswith(prefix)]
        specimens = len({entry.group for entry in own})
        if own:
            found.append(LearnedSet(name=title, source=source, licence="MIT", specimens=specimens, images=len(own)))
    return (*found, starter.goes_on.learned(home)) if starter.goes_on else tuple(found)


def main() -> None:
    """Make everything that is missing."""
    chosen = options(__doc__)
    prepare_specimens(chosen.data, chosen.home)
    prepare_stem(chosen.home)
    wanted = [starter for starter in STARTERS if not chosen.only or starter.name in chosen.only]
    table = Table(RUNS, "starters", ())
    table.run([starter.job for starter in wanted], chosen.jobs, None)
    for starter in wanted:
        if starter.goes_on:
            starter.goes_on.prepare(chosen.data, chosen.home, starter.dataset)
            table.run(starter.later_jobs, chosen.jobs, None)
        labels = [job.label for job in (starter.job, *starter.later_jobs)]
        step = shelve(starter, [str(table.known[label]["run_id"]) for label in labels], chosen.data, chosen.home)
        measured = starter.measure(chosen.data, chosen.home, chosen.pictures)
        trust.measure(trust.subject_of(starter.name), chosen.data, chosen.home)
        write_card(card(starter, chosen.home, step, measured), step)


if __name__ == "__main__":
    main()
