"""`predict` on folders: every input gets results of its own, and no file is lost."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageDraw

from pipelines.predict.files import Prediction, predict
from pipelines.predict.requests import PredictRequest
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph

pytestmark = pytest.mark.usefixtures("sem_home")


def grey(value: int) -> np.ndarray:
    return np.full((20, 30), value, np.uint8)


def save(path: Path, *values: int) -> Path:
    """An image file with one page of one grey for each value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        Image.fromarray(grey(values[0])).save(path)
    else:
        pages = np.stack([grey(value) for value in values])
        tifffile.imwrite(path, pages if len(values) > 1 else pages[0], photometric="minisblack")
    return path


def identity(*inputs: Path, out: Path, **options: object) -> list[Prediction]:
    return predict(PredictRequest(model="baseline:identity", inputs=inputs, out=out, scale=1, **options))


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_page_and_every_namesake_gets_a_file_of_its_own(tmp_path: Path) -> None:
    save(tmp_path / "a" / "same.tif", 1)
    save(tmp_path / "b" / "same.tif", 2)
    save(tmp_path / "a" / "stack.tif", 3, 4, 5)
    results = identity(tmp_path / "a", tmp_path / "b", out=tmp_path / "out")
    assert all(result.error is None for result in results)
    outputs = {Path(result.output or "").name for result in results}
    assert outputs == {"same.tif", "b-same-tif.tif", "stack-p0.tif", "stack-p1.tif", "stack-p2.tif"}


def test_third_collisions(tmp_path: Path) -> None:
    """Namesakes by folder, by suffix, by case, by page, and files called as a namesake would be."""
    values: dict[tuple[str, int], int] = {}
    names = [f"{place}/d/a.{suffix}" for place in "xyz" for suffix in ("tif", "png")]
    names += ["x/d/A.tiff", "x/d-a-tif.tif", "y/d-a-tif.tif", "x/s-p0.tif", "y/s-p0.png", "z/s-p1.tif", "z/c#1.tif"]
    for value, name in enumerate(names):
        values[str(save(tmp_path / "in" / name, value)), 0] = value
    for place, value in (("x", 100), ("y", 110), ("z", 120)):
        source = save(tmp_path / "in" / place / "s.tif", value, value + 1)
        values |= {(str(source), 0): value, (str(source), 1): value + 1}
    results = identity(tmp_path / "in", out=tmp_path / "out")
    assert {(result.source, result.page) for result in results} == set(values)
    assert len({str(result.output).casefold() for result in results}) == len(values)
    for result in results:
        assert (read_micrograph(Path(result.output or "")).pixels == values[result.source, result.page]).all()
    assert (tmp_path / "out" / "c#1.tif").is_file()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("by", ["itself", "link to the folder", "links to the files"])
def test_inputs_are_never_replaced(tmp_path: Path, by: str, overwrite: bool) -> None:
    """Not by their own result, nor by that of a namesake that comes first, whichever way leads to the folder."""
    folder = tmp_path / "in"
    for value, name in enumerate(("a.png", "a.tif", "b.png", "b.tif")):
        save(folder / name, value)
    source = out = folder
    if by == "link to the folder":
        out = tmp_path / "link"
        out.symlink_to(folder)
    elif by == "links to the files":
        source = tmp_path / "links"
        source.mkdir()
        for path in list(folder.iterdir()):
            (source / path.name).symlink_to(path)
    before = contents(folder)
    results = identity(source, out=out, overwrite=overwrite)
    assert before.items() <= contents(folder).items()
    refused = [result for result in results if result.error]
    assert [Path(result.source).name for result in refused] == ["a.png", "b.png"]
    assert all("that the result would replace" in str(result.error) for result in refused)


def test_results_are_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.tif", 1)
    save(tmp_path / "in" / "s.tif", 2, 3)
    out = tmp_path / "out"
    save(out / "a.tif", 50)
    save(out / "s-p0.tif", 51)
    before = contents(out)
    results = identity(tmp_path / "in", out=out)
    assert [result.error is None for result in results] == [False, False, True]
    assert "exists already" in str(results[0].error)
    assert before.items() <= contents(out).items()
    with pytest.raises(UserError, match="allow overwrite"):
        identity(tmp_path / "in", out=out)
    assert all(result.error is None for result in identity(tmp_path / "in", out=out, overwrite=True))
    assert [int(read_micrograph(out / name).pixels.max()) for name in ("a.tif", "s-p0.tif", "s-p1.tif")] == [1, 2, 3]


def test_inputs_once_and_without_earlier_results(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    save(folder / "a.tif", 1)
    (tmp_path / "link").symlink_to(folder)
    for _ in range(2):
        again = identity(folder, tmp_path / "link", folder / "a.tif", out=folder / "restored", overwrite=True)
        assert [result.source for result in again] == [str(folder / "a.tif")]
    assert [path.name for path in (folder / "restored").iterdir()] == ["a.tif"]
    assert identity(folder / "restored", out=tmp_path / "twice")[0].error is None


def test_out_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs a folder"):
        identity(save(tmp_path / "a.tif", 1), out=save(tmp_path / "b.tif", 2))


def test_the_data_bar_is_cut_or_kept(tmp_path: Path) -> None:
    specimen = np.random.default_rng(1).integers(40, 200, (200, 300)).astype(np.uint8)
    bar = Image.new("L", (300, 30), 0)
    ImageDraw.Draw(bar).text((10, 8), "EHT = 5.00 kV   WD = 4.2 mm   Mag = 10.00 K X   2 um", fill=255)
    whole = np.vstack([specimen, np.asarray(bar)])
    source = tmp_path / "in"
    source.mkdir()
    tifffile.imwrite(source / "a.tif", whole)
    tifffile.imwrite(source / "b.tif", specimen)
    expected = {"cut": (specimen, 30), "keep": (whole, 0)}
    for choice, (pixels, rows) in expected.items():
        barred, plain = identity(source, out=tmp_path / choice, databar=choice)
        assert (barred.databar_rows, plain.databar_rows) == (rows, 0)
        assert np.array_equal(read_micrograph(tmp_path / choice / "a.tif").pixels[..., 0], pixels)
        assert np.array_equal(read_micrograph(tmp_path / choice / "b.tif").pixels[..., 0], specimen)
