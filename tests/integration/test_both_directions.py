"""A CycleGAN is used in both directions: RUN_ID from the first domain to the second, RUN_ID:backward back."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.model_ref import parse_model
from pipelines.models import channels_taken, resolve_model
from pipelines.release.export import export
from pipelines.release.requests import ExportRequest
from pipelines.tracking.artifacts import list_files
from pipelines.tracking.run_facts import offers_backward
from pipelines.tracking.runs import get_run
from pipelines.tracking.versions import list_versions
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.inference.model_folder import CHECKPOINT
from sem_models.networks.table import build_network
from sem_models.training.checkpoint import load_state
from tests.support.domains import unpaired, write_all
from tests.support.empty_store import add_empty_store
from tests.support.images import smooth_images
from tests.support.small_recipes import narrow, short
from tests.support.trained_runs import train_run

NAME = "cyclegan-translate-small"


def said(*arguments: str, status: int = 0) -> dict:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == status, result.output
    return json.loads(result.stdout.strip().splitlines()[-1]) if status == 0 else {"said": result.stderr}


def best(home: Path, run_id: str) -> Path:
    """The place of the best checkpoint in the store."""
    return next(home.glob(f"mlruns/artifacts/*/{run_id}/artifacts/checkpoints/best"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Runs with averaged weights, and without the backward files that earlier versions did not write."""
    home = add_empty_store(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SEM_HOME", str(home))
        patched.delenv("MLFLOW_TRACKING_URI", raising=False)
        images = smooth_images(10, 64)
        unpaired(home, images[:5], [255 - image for image in images[5:]])
        dark, bright = write_all(home / "c", "s", images[:5]), write_all(home / "d", "s", [255 - i for i in images[:5]])
        options = PrepareOptions(name="pairs", raw=(bright,), kind="paired", target=dark, databar_rows=0)
        write_dataset(plan_dataset(options), home / "datasets" / "pairs")
        runs = {
            name: train_run(short(NAME, "train.patch=32", f"train.ema_decay={decay}"), "u", "t")
            for name, decay in (("new", 0.9), ("old-averaged", 0.9), ("old-plain", 0))
        }
        runs["pixels"] = train_run(short("unet-translate-small", "train.patch=32"), "pairs", "t")
        for name in ("old-averaged", "old-plain"):
            for later in ("backward.safetensors", CHECKPOINT):
                (best(home, runs[name]) / later).unlink()
    return {**runs, "home": str(home)}


@pytest.fixture(autouse=True)
def _at_home(store: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEM_HOME", store["home"])
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def image() -> torch.Tensor:
    return torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))


def generator(weights: dict[str, torch.Tensor]) -> torch.nn.Module:
    network = build_network(narrow(find_recipe(NAME)).network).eval()
    network.load_state_dict(weights)
    return network


def test_the_average_of_the_backward_generator_is_applied(store) -> None:
    run, folder = store["new"], best(Path(store["home"]), store["new"])
    state = load_state(folder)
    there, back = resolve_model(parse_model(run)), resolve_model(parse_model(f"{run}:backward"))
    shipped = load_file(folder / "backward.safetensors")
    assert all(torch.equal(shipped[name], value) for name, value in state["ema"]["backward"]["weights"].items())
    assert any(not torch.equal(shipped[name], value) for name, value in state["networks"]["backward"].items())
    with torch.inference_mode():
        expected = [generator(load_file(folder / f"{name}.safetensors"))(image()) for name in ("model", "backward")]
        found = [one.model(image().to(next(one.model.network.parameters()).device)).cpu() for one in (there, back)]
    for output, other in zip(found, expected, strict=True):
        torch.testing.assert_close(output, other)
    assert not torch.equal(*found)
    assert (there.run_id, back.run_id, there.backward, back.backward) == (run, run, False, True)
    assert back.model.name == f"{NAME} backward ({run[:8]})"
    assert "from the second domain of its training to the first" in back.model.summary
    assert channels_taken(parse_model(f"{run}:backward")) == 1


def test_runs_from_before_give_what_they_hold(store) -> None:
    """Without averaging, the resume state contains the backward generator as applied; with averaging it does not."""
    run = store["old-plain"]
    state = load_state(best(Path(store["home"]), run))
    model = resolve_model(parse_model(f"{run}:backward"))
    assert model.backward
    for name, value in model.model.network.state_dict().items():
        assert torch.equal(value.cpu(), state["networks"]["backward"][name])
    with pytest.raises(UserError, match=r"without its average\. Train it again"):
        resolve_model(parse_model(f"{store['old-averaged']}:backward"))
    offered = {name: offers_backward(get_run(store[name])) for name in ("new", "old-plain", "old-averaged", "pixels")}
    assert offered == {"new": True, "old-plain": True, "old-averaged": False, "pixels": False}


def test_mistakes_are_one_line(store, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path))
    source = str(Path(store["home"]) / "a")
    assert (
        "learned one direction only" in said("predict", f"{store['pixels']}:backward", source, *out, status=2)["said"]
    )
    assert "write RUN_ID, or RUN_ID:backward" in said("predict", f"{store['new']}:back", source, *out, status=2)["said"]
    assert "has no pairs of these" in said("evaluate", f"{store['new']}:backward", "--dataset", "u", status=2)["said"]


def test_predict_and_round_trip_go_both_ways(store, tmp_path: Path) -> None:
    run, back = store["new"], f"{store['new']}:backward"
    source = str(Path(store["home"]) / "b" / "b0.tif")
    files = [said("predict", name, source, "--out", str(tmp_path / name[-5:]))["results"][0] for name in (run, back)]
    one, other = (read_micrograph(Path(result["output"])).pixels for result in files)
    assert not np.array_equal(one, other)
    first, second = said("round-trip", run, back, "--dataset", "u"), said("round-trip", back, run, "--dataset", "u")
    assert (first["role"], second["role"]) == ("input", "target")
    dataset = open_dataset(Path(store["home"]) / "datasets" / "u")
    for found, role in ((first, "input"), (second, "target")):
        assert set(found["images"]) == {entry.name for entry in dataset.entries("test") if entry.has(role)}
    assert list_files(run, "round_trip") == ["round_trip/u-test.json"]
    assert list_files(run, "backward/round_trip") == ["backward/round_trip/u-test.json"]


def test_scores_of_both_directions_stay_apart(store) -> None:
    run, back = store["new"], f"{store['new']}:backward"
    there, home = (said("evaluate", name, "--dataset", "pairs") for name in (run, back))
    assert any("for images of the second" in note for note in home["notes"])
    assert not any("of the second" in note for note in there["notes"])
    metrics = get_run(run).metrics
    for report, name in ((there, "test/pairs/psnr_db"), (home, "backward/test/pairs/psnr_db")):
        assert report["means"][report["model"]]["psnr_db"]["mean"] == pytest.approx(metrics[name])
    assert metrics["test/pairs/psnr_db"] != metrics["backward/test/pairs/psnr_db"]
    said("register", back, "--name", "to-bright")
    said("register", run, "--name", "to-dark")
    told = {version.name: version.tags for version in list_versions()}
    assert told["to-bright"]["sem.direction"].startswith("backward: from the second domain")
    assert told["to-dark"]["sem.direction"].startswith("forward: from the first domain")
    kept = {name: float(tags["pairs-test.psnr_db"].split()[0]) for name, tags in told.items()}
    assert kept["to-bright"] == pytest.approx(metrics["backward/test/pairs/psnr_db"], abs=1e-4)
    assert kept["to-dark"] == pytest.approx(metrics["test/pairs/psnr_db"], abs=1e-4)
    registered = resolve_model(parse_model("models:/to-bright@champion"))
    assert registered.backward
    named = zip(
        registered.model.network.parameters(), resolve_model(parse_model(back)).model.network.parameters(), strict=True
    )
    assert all(torch.equal(*pair) for pair in named)


def test_an_export_names_its_direction(store, tmp_path: Path) -> None:
    import zipfile

    path = export(ExportRequest(model=f"{store['new']}:backward", format="bioimageio", out=tmp_path / "back.zip"))
    with zipfile.ZipFile(path) as package:
        assert "from the second domain of its training to the first" in package.read("rdf.yaml").decode()
