"""Text and tables for papers: every number is the one that the run holds."""

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader

from pipelines.data.card import card_of_content
from pipelines.evaluate.compare import compare
from pipelines.evaluate.paired import compare_pairs
from pipelines.evaluate.requests import CompareRequest
from pipelines.publish.figure import PAGE_MM, Panel, draw_figure
from pipelines.publish.forward_model import simulated_inputs
from pipelines.publish.report import report_files, write_report
from pipelines.publish.report_content import scores_caption
from pipelines.publish.score_table import escaped, score_rows, scores_csv, scores_latex
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.keys import Artifact
from sem_models.config.degradation import Blur, Degradation, Scan
from sem_models.config.overrides import override
from sem_models.config.presets.table import RECIPES, find_recipe
from sem_models.datasets.dataset import digest_of
from sem_models.datasets.manifest import Entry, Manifest, StoredArray
from sem_models.evaluation.metrics.table import METRICS
from tests.support.scored_runs import FAIR, GOOD, MSE, store


def _manifest() -> Manifest:
    def entry(index: int, group: str, split: str) -> Entry:
        stored = StoredArray(
            role="image", file=f"{index}.npy", source=f"{index}.tif", sha256="0" * 64, shape=(64, 64, 1), dtype="uint8",
            pixel_size_nm=2.5 if index else 5.0, databar_rows=40, databar_found_by="metadata", intensity=(0, 255),
            metadata={"instrument": "Zeiss Merlin", "voltage_kv": 5.0},
        )  # fmt: skip
        return Entry(name=str(index), group=group, split=split, arrays=(stored,))

    splits = ("train", "train", "val", "test")
    entries = tuple(entry(i, f"s{i // 2}{split}", split) for i, split in enumerate(splits))
    return Manifest(name="steel", kind="single", group_by="^(s\\d)", seed=0, entries=entries)


@pytest.fixture
def runs(sem_home: Path) -> tuple[str, str]:
    recipe = override(find_recipe("srresnet-x4-small"), ["train.steps=1234", "train.batch=7"])
    found = store("good", GOOD, MSE["good"]), store("fair_100%", FAIR, MSE["fair"])
    for run_id in found:
        put_text(run_id, Artifact.RECIPE, recipe.model_dump_json())
        put_text(run_id, Artifact.MANIFEST, _manifest().model_dump_json())
    return found


def _files(runs: tuple[str, ...], figure: Mapping[str, bytes] = MappingProxyType({})) -> dict[str, Any]:
    comparison = compare(CompareRequest(run_ids=runs))
    return report_files(comparison, compare_pairs(comparison), comparison.metrics, figure)


def _read(pdf: bytes) -> str:
    """Return the text of all pages, with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_the_methods_section_says_what_manifest_recipe_and_report_hold(runs: tuple[str, str]) -> None:
    text = _files(runs)["methods.md"]
    for fact in (
        "4 images of 3 specimens: 2 for training (1 specimen), 1 for validation (1 specimen), 1 for test (1 specimen)",
        "Zeiss Merlin", "5 kV", "2.5 to 5 nm", "Data bars were removed",
        "down-sampling by a factor of 4 with anti-aliased bicubic interpolation",
        "1,234 steps on batches of 7 random patches", "8 whole test images of 4 specimens", "PSNR (dB), MSE", "bicubic",
        "https://doi.org/10.1109/CVPR.2017.19",
    ):  # fmt: skip
        assert fact in text
    assert "{" not in text
    assert "None" not in text


def test_recorded_inputs_are_not_called_simulated(sem_home: Path) -> None:
    run_id = store("good", GOOD, MSE["good"])
    put_text(run_id, Artifact.RECIPE, find_recipe("srresnet-x4-small").model_dump_json())
    put_text(run_id, Artifact.MANIFEST, _manifest().model_copy(update={"kind": "paired"}).model_dump_json())
    text = _files((run_id,))["methods.md"]
    assert "Inputs were recorded, not simulated." in text
    assert "down-sampling" not in text


def test_seeds_of_one_method_are_one_paragraph(sem_home: Path) -> None:
    seeds = [store("good", GOOD, MSE["good"], params={"train.seed": str(seed)}) for seed in range(3)]
    for run_id in seeds:
        put_text(run_id, Artifact.RECIPE, find_recipe("srresnet-x4-small").model_dump_json())
        put_text(run_id, Artifact.MANIFEST, _manifest().model_dump_json())
    text = _files(tuple(seeds))["methods.md"]
    assert text.count("It was trained for") == 1
    assert "It was repeated with 3 seeds." in text


def test_tables_hold_the_means(runs: tuple[str, str]) -> None:
    comparison = compare(CompareRequest(run_ids=runs))
    rows = score_rows(comparison, comparison.metrics)
    first = next(csv.DictReader(io.StringIO(scores_csv(rows))))
    assert float(first["mean"]) == pytest.approx(sum(GOOD) / 8)
    assert first["images"] == "8"
    latex = scores_latex(rows, "100 % of a_b")
    assert latex.count(r"\\") == len(rows) + 1
    assert latex.count(r"\mathbf") == 2, "one best mean for each metric"
    assert r"100 \% of a\_b" in latex
    assert r"fair\_100\%" in latex
    (best,) = re.findall(r"^good.*$", latex, re.MULTILINE)
    assert rf"\mathbf{{{sum(GOOD) / 8:.1f}" in best


@pytest.mark.parametrize("text", ["a&b", "50 %", "x_1", "{}", "~^\\", "data range²"])
def test_no_character_is_a_command_of_latex(text: str) -> None:
    bare = re.sub(
        r"\\(textasciitilde\{\}|textasciicircum\{\}|textbackslash\{\}|textsuperscript\{2\}|[&%$#_{}])",
        "",
        escaped(text),
    )
    assert not set(bare) & set("&%$#_{}~^\\²")


def test_the_page_is_sound_and_inert(runs: tuple[str, str], tmp_path: Path) -> None:
    bad = store("<script>alert(1)</script>", FAIR, 0.2)
    put_text(bad, Artifact.RECIPE, find_recipe("srresnet-x4-small").model_dump_json())
    put_text(bad, Artifact.MANIFEST, _manifest().model_dump_json())
    files = _files((*runs, bad))
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: seen.append(tag)  # type: ignore[method-assign]
    parser.feed(files["report.html"])
    assert "script" not in seen
    assert seen.count("table") == 2
    assert [path.name for path in write_report(files, tmp_path / "new")] == list(files)


def test_the_pdf_holds_everything_that_a_paper_cites(runs: tuple[str, str]) -> None:
    panels = [Panel(name, np.zeros((64, 64), np.uint8)) for name in ("input", "good", "target")]
    files = _files(runs, draw_figure(panels, 160, 64, PAGE_MM))
    text = _read(files["report.pdf"])
    for fact in (
        "By PSNR (dB), good has the best mean", f"{sum(GOOD) / 8:.2f} [", "PSNR (dB) ↑", "data range²", "no difference",
        "1,234 steps on batches of 7 random patches", "Zeiss Merlin", "Licence: not stated", "SEM Workbench", "torch 2",
    ):  # fmt: skip
        assert fact in text
    (picture,) = [image for page in PdfReader(io.BytesIO(files["report.pdf"])).pages for image in page.images]
    assert picture.image.width == pytest.approx(PAGE_MM / 25.4 * 300, abs=1), "300 dpi in the width of a page"
    again = _files(runs, draw_figure(panels, 160, 64, PAGE_MM))["report.pdf"]
    assert hashlib.sha256(files["report.pdf"]).digest() == hashlib.sha256(again).digest()


def test_the_report_states_the_card_of_the_dataset_while_it_is_the_same(sem_home: Path) -> None:
    run_id = store("good", GOOD, MSE["good"], digest=digest_of(_manifest()))
    put_text(run_id, Artifact.RECIPE, find_recipe("srresnet-x4-small").model_dump_json())
    put_text(run_id, Artifact.MANIFEST, _manifest().model_dump_json())
    card = card_of_content(_manifest(), digest_of(_manifest())).model_copy(update={"licence": "CC BY 4.0"})
    folder = sem_home / "datasets" / "steel"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(card.model_dump_json())
    assert "Licence: CC BY 4.0" in _read(_files((run_id,))["report.pdf"])
    (folder / "card.json").write_text(card.model_copy(update={"digest": "changed"}).model_dump_json())
    assert "Licence: not stated" in _read(_files((run_id,))["report.pdf"])


def test_a_table_wider_than_a_page_goes_on_below(sem_home: Path) -> None:
    """Every score of every method is on the page, none beyond its edge."""
    extra = dict.fromkeys(("ssim", "lpips_alex", "dists", "frc_mean", "edge_retention", "vacancy_auc"), 0.123)
    found = [store(f"{name}-{'long' * 12}", GOOD, 0.1, extra) for name in ("first", "second")]
    for run_id in found:
        put_text(run_id, Artifact.RECIPE, find_recipe("srresnet-x4-small").model_dump_json())
        put_text(run_id, Artifact.MANIFEST, _manifest().model_dump_json())
    pdf = _files(tuple(found))["report.pdf"]
    assert all(METRICS[name].heading in _read(pdf) for name in extra)
    places: list[float] = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        page.extract_text(visitor_text=lambda text, c, t, *_: places.append(c[4] + t[4]) if text.strip() else None)
    assert 0 < min(places) < max(places) < 210 / 25.4 * 72 - 15 / 25.4 * 72


def test_names_are_no_markup_in_the_pdf(runs: tuple[str, str]) -> None:
    bad = store("<img src='/etc/passwd'/><b>x", FAIR, 0.2)
    put_text(bad, Artifact.RECIPE, find_recipe("srresnet-x4-small").model_dump_json())
    put_text(bad, Artifact.MANIFEST, _manifest().model_dump_json())
    assert "<b>x" in _read(_files((*runs, bad))["report.pdf"])


def test_every_preset_can_be_described() -> None:
    for recipe in RECIPES.values():
        text = simulated_inputs(recipe.degradation)
        assert bool(text) == (not recipe.degradation.is_empty)


def test_simulated_inputs_are_told_in_the_order_of_the_forward_model() -> None:
    model = Degradation(
        scale=2, dose_e_per_px=(10, 100), read_noise=0.02, blur=Blur(size_px=(1, 4)), scan=Scan(jitter_px=0.5)
    )
    assert simulated_inputs(model) == (
        "Inputs were simulated from the recorded images by Gaussian blur of sigma 1 to 4 px, drawn uniformly for each "
        "image, down-sampling by a factor of 2 with anti-aliased bicubic interpolation, shifts of scan lines (standard "
        "deviation 0.5 px), Poisson noise of 10 to 100 (log-uniform) electrons per pixel at full intensity and "
        "Gaussian read noise (standard deviation 2 % of the range)."
    )
    assert simulated_inputs(Degradation(scale=1)) == ""


def test_the_caption_names_an_interval_only_where_there_is_one(sem_home: Path) -> None:
    one, several = (scores_caption(compare(CompareRequest(run_ids=(store(f"run{n}", GOOD[:n], 0.1),)))) for n in (2, 8))
    assert one == "set, test split: mean over 2 images of 1 specimen, too few for an interval."
    assert several == "set, test split: mean over 8 images with its 95 % interval over 4 specimens."
