"""Make the starter models: prepare the specimens, train, shelve the weights, measure, and write the card.

    python -m benchmarks.starters.make --data FOLDER [--home FOLDER] [--pictures FOLDER]

Finished trainings are kept in `runs.json` and not repeated. The best checkpoint on validation specimens, in half
precision, goes to `sem_models/starters/denoise`, with the scores of `benchmarks.starters.denoise` on the card.
"""

from pathlib import Path
from typing import Any

from benchmarks.runner import Job, Table, options
from benchmarks.starters import denoise, trust
from benchmarks.starters.denoise import MODEL, NAME
from benchmarks.starters.foreign import NOT_FOR
from benchmarks.starters.specimens import DATASET, SOURCES, prepare_specimens
from pipelines.model_ref import RunRef
from pipelines.models import model_folder
from sem_models.datasets.dataset import open_dataset
from sem_models.images.io.read import file_sha256
from sem_models.inference.model_folder import CHECKPOINT, RECIPE, WEIGHTS, CheckpointFacts, read_facts, read_recipe
from sem_models.inference.storage import load_weights, save_model
from sem_models.starters.card import CARD, Card, CardScore, LearnedSet
from sem_models.starters.shelf import starter_folder

RUNS = Path(__file__).with_name("runs.json")
RECIPE_NAME, VERSION = "starter-denoise", 1
JOBS = (Job(NAME, RECIPE_NAME, DATASET, inputs=()),)


def shelve(run_id: str) -> int:
    """Put the best checkpoint of a run, in half precision, where the package has its starter models; return its step.

    The recipe goes without the intensity limits of the training images: a starter model takes images of any
    instrument, each scaled by its own.
    """
    folder = starter_folder(NAME)
    folder.mkdir(parents=True, exist_ok=True)
    with model_folder(RunRef(run_id)) as source:
        weights = {name: tensor.half() for name, tensor in load_weights(source).items()}
        facts = read_facts(source)
        save_model(folder, read_recipe(source).model_copy(update={"limits": None}), weights)
    (folder / WEIGHTS).chmod(0o644)
    return facts.step if facts else 0


def write_card(card: Card, step: int) -> None:
    """Write the card and the checksums of all files."""
    folder = starter_folder(NAME)
    (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n")
    sums = {name: file_sha256(folder / name) for name in (WEIGHTS, RECIPE, CARD)}
    (folder / CHECKPOINT).write_text(CheckpointFacts(step=step, sha256=sums).model_dump_json(indent=1) + "\n")


def card(home: Path, steps: int, measured: dict[str, Any] | None) -> Card:
    """Compose the card; without scores where there are none yet."""
    return Card(
        name=NAME,
        version=VERSION,
        summary="SEM denoiser for noisy scans of any instrument (2 to 100 e/px)",
        limits="Made for noisy SEM images of 2 to 100 e/px; structures weaker than the noise are smoothed away",
        suits="scanning electron micrographs, 8 or 16 bit, of 2 to 100 electrons a pixel, with read noise, noise along "
        "the scan lines, line jitter up to half a pixel, banding and inverted contrast.",
        does_not=(
            "scans of 200 e/px and more, where classical filters keep more detail",
            "counting single atoms or lattices at low dose",
            "charging, dead or saturated lines",
            "blur and enlargement",
            "measuring grey levels or noise: textures weaker than the noise are smoothed",
        ),
        learned_from=_learned(home),
        simulations="60 simulated specimens without noise (phantoms and lattices of this program).",
        recipe=RECIPE_NAME,
        seed=JOBS[0].seed,
        steps=steps,
        command="python -m benchmarks.starters.make --data FOLDER",
        licence="Apache-2.0",
        scores=_scores(measured) if measured else (),
        harm=_harm(measured) if measured else "not measured yet.",
    )


def _learned(home: Path) -> tuple[LearnedSet, ...]:
    dataset = open_dataset(home / "datasets" / DATASET)
    seen = [entry for split in ("train", "val") for entry in dataset.entries(split)]
    found = []
    for prefix, (name, source) in SOURCES.items():
        own = [entry for entry in seen if entry.name.startswith(prefix)]
        specimens = len({entry.group for entry in own})
        found.append(LearnedSet(name=name, source=source, licence="MIT", specimens=specimens, images=len(own)))
    return tuple(found)


def _scores(measured: dict[str, Any]) -> tuple[CardScore, ...]:
    tables = {f"simulated, {dose} e/px": found for dose, found in measured["simulated"].items()}
    tables["real fast scans, enlarged twice"] = measured["real"]
    return tuple(_score(inputs, found) for inputs, found in tables.items())


def _score(inputs: str, found: dict[str, Any]) -> CardScore:
    gain = found["gains"][found["best"]]["psnr_db"]
    return CardScore(
        inputs=inputs,
        psnr_db=round(found["means"][MODEL]["psnr_db"]["mean"], 2),
        baseline=found["best"],
        gain_db=round(gain["mean"], 2),
        lo_db=round(gain["lo"], 2),
        hi_db=round(gain["hi"], 2),
        specimens=found["specimens"],
    )


def _harm(measured: dict[str, Any]) -> str:
    """Say how often images of foreign sets became worse, apart for kinds of images that the model is not for."""

    def counted(suits: bool) -> str:
        own = [
            one for found in measured["harm"].values() for name, one in found.items() if (name not in NOT_FOR) == suits
        ]
        return f"{sum(one['harmed'] for one in own)} of {sum(one['images'] for one in own)}"

    return (
        f"At 10, 50 and 200 e/px, {counted(True)} images of sets that it did not learn from became worse than their "
        f"noisy input by more than 0.3 dB, and {counted(False)} atomic and low-dose images, which it is not for."
    )


def main() -> None:
    """Make everything that is missing."""
    chosen = options(__doc__)
    prepare_specimens(chosen.data, chosen.home)
    table = Table(RUNS, "starters", ())
    table.run(JOBS, chosen.jobs, chosen.only)
    step = shelve(str(table.known[NAME]["run_id"]))
    trust.learn(chosen.home)
    write_card(card(chosen.home, step, None), step)
    measured = denoise.measure(chosen.data, chosen.home, chosen.pictures)
    trust.measure(chosen.data, chosen.home, ["check", "coverage"])
    write_card(card(chosen.home, step, measured).model_copy(update=trust.on_card()), step)


if __name__ == "__main__":
    main()
