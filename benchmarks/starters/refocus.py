"""What `starter:refocus` reaches on images that it never saw, beside unsharp masking and Wiener deconvolution.

    python -m benchmarks.starters.refocus --data FOLDER [--home FOLDER] [--pictures FOLDER]

Its default strength is the one with the largest mean gain on validation specimens, among those with which none of
these, blurred by 0 to 4 px, and no recorded training image that is not blurred loses more than 0.3 dB. Scored are the
centres (384 px) of the test images of the training sets, blurred by 0 to 4 px and with shot noise of 200 e/px and read
noise of 0.01, with that default and told the true width; Wiener deconvolution is told the truth, too. Harm: foreign
images, blurred by 0 and by 2 px, at the default strength. Writes `refocus.json`.
"""

from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.refocusing.strength import MOST_LOST_DB, WIDTHS, Field, chosen, fields, refocused, validate
from benchmarks.starters.foreign import NOT_FOR, foreign_images
from benchmarks.starters.scoring import Rows, card_score, compared, count_harmed, harmed, plain_psnr, save_strip
from benchmarks.starters.specimens import DATASET, SOURCES
from benchmarks.starters.starter import Measured, Words, held_out, run
from benchmarks.starters.stored import NETWORK, network_sha256, write_result
from sem_models.config.degradation import Blur, Degradation
from sem_models.config.networks.refocuser import RefocuserConfig
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.baselines.filters import unsharp, wiener
from sem_models.evaluation.baselines.table import known_kernel
from sem_models.inference.model_folder import RECIPE
from sem_models.inference.told_width import ToldWidthModel
from sem_models.starters.shelf import load_starter, starter_folder

NAME, MODEL, INPUT = "refocus", "starter:refocus", "recorded"
TOLD, WIENER = "starter:refocus, told the width", "Wiener deconvolution, told the width"
NOISE = Degradation(scale=1, dose_e_per_px=200.0, read_noise=0.01)
_HARM_WIDTHS = (0.0, 2.0)
WORDS = Words(
    summary="SEM refocusing by a strength of 0 to 4 px, careful by default",
    limits="Undoes a Gaussian blur of the strength that it is told; structures finer than the blur are a guess",
    suits="scanning electron micrographs out of focus by up to 4 px (sigma), of 50 electrons a pixel and more, with "
    "moderate noise along the scan lines and inverted contrast.",
    does_not=(
        "astigmatism, drift and vibration",
        "lattices and single atoms",
        "images that are sharp, which more strength than the default spoils",
        "measuring the sharpness of edges",
    ),
)


def told_model() -> ToldWidthModel:
    """Load the model from the shelf."""
    model = load_starter(NAME)
    if not isinstance(model, ToldWidthModel):
        raise TypeError(f"{MODEL} is not told the width of the blur")
    return model


def choose_default_strength(home: Path) -> None:
    """Choose the default strength with the noise of the test, and write it into the recipe.

    Few validation specimens are as sharp and finely structured as some training ones, so both must not lose.
    """
    model = told_model()
    dataset = open_dataset(home / "datasets" / DATASET)
    sharp = (field for field in fields(dataset, "train", NOISE, (0.0,)) if field.image.startswith(tuple(SOURCES)))
    strength_px = chosen(validate(model, chain(fields(dataset, "val", NOISE), sharp)))
    network = model.recipe.network.model_copy(update={"strength_px": strength_px})
    recipe = model.recipe.model_copy(update={"network": network})
    (starter_folder(NAME) / RECIPE).write_text(recipe.model_dump_json(indent=1) + "\n")


def rows_of(model: ToldWidthModel, default_px: float, given: Field) -> dict[str, dict[str, float]]:
    """Score all methods on one field."""
    outputs = {
        INPUT: given.recorded,
        MODEL: refocused(model, given.recorded, default_px)[0],
        "unsharp masking": unsharp(given.recorded),
    }
    if given.width_px:
        outputs[TOLD] = refocused(model, given.recorded, given.width_px)[0]
        outputs[WIENER] = wiener(known_kernel(Blur(size_px=(given.width_px,) * 2), "wiener"))(given.recorded)
    return {name: {"psnr_db": given.psnr_db(output)} for name, output in outputs.items()}


def simulated(model: ToldWidthModel, default_px: float, pool: Dataset, pictures: Path | None) -> dict[str, Rows]:
    """Score test images, by width in px."""
    groups = {entry.name: entry.group for entry in pool.entries("test")}
    found: dict[str, Rows] = {}
    for given in fields(pool, "test", NOISE):
        rows = found.setdefault(f"{given.width_px:g}", {})
        rows[given.image] = {"group": groups[given.image], **rows_of(model, default_px, given)}
        if pictures and given.width_px in (0, 2):
            told = refocused(model, given.recorded, given.width_px or 2.0)[0]
            shown = [given.recorded, refocused(model, given.recorded, default_px)[0], told, given.sharp]
            save_strip(pictures / f"refocus-{given.width_px:g}-{given.image}.png", shown)
    return found


def harm(model: ToldWidthModel, default_px: float, data: Path) -> dict[str, Rows]:
    """Score foreign images at the default strength, by width in px."""
    found: dict[str, Rows] = {}
    for image in foreign_images(data):
        for width in _HARM_WIDTHS:
            blur = Blur(size_px=(width, width)) if width else None
            noisy = image.noisy(NOISE.model_copy(update={"blur": blur}))
            tried = {INPUT: noisy, MODEL: refocused(model, noisy, default_px)[0]}
            row = {name: {"psnr_db": plain_psnr(output, image.recorded)} for name, output in tried.items()}
            found.setdefault(f"{width:g}", {})[image.name] = {"group": image.set, **row}
    return found


def measure(data: Path, home: Path, pictures: Path | None) -> Measured:
    """Score the model on the shelf, store all rows and return what its card says."""
    model = told_model()
    network = model.recipe.network
    default_px = network.strength_px if isinstance(network, RefocuserConfig) else 0.0
    rows, foreign = simulated(model, default_px, held_out(data, home), pictures), harm(model, default_px, data)
    found: dict[str, Any] = {
        "simulated": {width: compared(of, ("psnr_db",), MODEL, "") for width, of in rows.items()},
        "told": {width: compared(of, ("psnr_db",), TOLD, "") for width, of in rows.items() if float(width)},
        "least_gain_db": {width: min(map(_gain_db, of.values())) for width, of in rows.items()},
        "harm": {width: harmed(of, MODEL, INPUT) for width, of in foreign.items()},
    }
    content = {
        NETWORK: network_sha256(NAME),
        "default_px": default_px,
        "summary": found,
        "simulated": rows,
        "harm": foreign,
    }
    write_result(NAME, content)
    return for_card(found)


def _gain_db(row: dict[str, Any]) -> float:
    return float(row[MODEL]["psnr_db"] - row[INPUT]["psnr_db"])


def for_card(found: dict[str, Any]) -> Measured:
    """Choose from the summary what the card says: told the width, beside Wiener deconvolution that is told it too."""
    lines = [
        card_score(f"blurred by {width} px, told", TOLD, found["told"][width]) for width in map("{:g}".format, WIDTHS)
    ]
    merged = {f"{width} {name}": one for width, sets in found["harm"].items() for name, one in sets.items()}
    suited, not_for = ([n for n in merged if n.endswith(NOT_FOR) == foreign] for foreign in (False, True))
    least = min(found["least_gain_db"].values())
    return Measured(
        tuple(lines),
        f"At the default strength the worst test image changes by {least:+.2f} dB ({MOST_LOST_DB} dB may be lost). Of "
        f"sets that it did not learn from, sharp and blurred by 2 px, {count_harmed(merged, suited)} images became "
        f"worse than the input by more than 0.3 dB, and {count_harmed(merged, not_for)} atomic and low-dose images.",
    )


if __name__ == "__main__":
    run(__doc__, measure)
