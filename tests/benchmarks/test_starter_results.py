"""Stored results of the starter models: what is written is what is read, and belongs to the networks on the shelf."""

from pathlib import Path

import pytest

from benchmarks.starters import stored
from benchmarks.starters.stored import NETWORK, network_sha256, read_result, write_result
from sem_models.starters.shelf import STARTERS

ROWS = {
    "a.png": {"group": "one", "model": {"psnr_db": 30.12346, "ssim": 0.5}, "filter": {"psnr_db": 28.0}},
    "b.png": {"group": "two", "model": {"psnr_db": 31.0, "ssim": 0.25}},
}


def test_scores_are_kept_to_four_decimals_and_every_image_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "_FOLDER", tmp_path)
    assert read_result("new") == {}
    checked = {"10": {"c.png": {"group": "one", "excess": 1.5, "reasons": ["it is sharper", "it is darker"]}}}
    write_result("new", {NETWORK: "0", "summary": {"mean": 1 / 3}, "simulated": ROWS, "check": checked})
    found = read_result("new")
    assert found["summary"] == {"mean": 0.3333}
    assert found["simulated"]["a.png"]["model"] == {"psnr_db": 30.1235, "ssim": 0.5}
    assert found["simulated"]["b.png"] == ROWS["b.png"], "a method that did not score this image is left out"
    assert found["check"] == checked
    lines = (tmp_path / "new.json").read_text().splitlines()
    assert sum("a.png" in line for line in lines) == sum("30.1235" in line for line in lines) == 1


@pytest.mark.parametrize("name", STARTERS)
def test_scores_and_doubt_are_those_of_the_network_on_the_shelf(name: str) -> None:
    assert read_result(name)[NETWORK] == read_result("trust")[name][NETWORK] == network_sha256(name)
