"""Line defects are defined on frames: how they are drawn, what a crop shows, and how they are detected."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from sem_models.config.degradation import Degradation, LineDefects
from sem_models.images.intensity import intensity_range, to_unit
from sem_models.images.io.read import read_micrograph
from sem_models.physics.find_line_defects import find_line_defects
from sem_models.physics.line_defects import (
    VISIBLE_OFFSET,
    Fault,
    LineDefect,
    draw_line_defects,
    spoil_lines,
    whole_defects,
)

MANY = LineDefects(rate=0.05, rows=(1, 6))


def defects(settings: LineDefects, height: int = 400, width: int = 300, seed: int = 0) -> tuple[LineDefect, ...]:
    return draw_line_defects(height, width, settings, torch.Generator().manual_seed(seed))


def specimen(height: int = 256, width: int = 300, noise: float = 0.02, seed: int = 0) -> np.ndarray:
    """Two phases with soft edges and read noise, in 8-bit grey levels."""
    random = np.random.default_rng(seed)
    phases = gaussian_filter(random.standard_normal((height, width)), 6) > 0
    image = 0.25 + 0.4 * gaussian_filter(phases.astype(float), 1.5) + noise * random.standard_normal((height, width))
    return (np.rint(image.clip(0, 1) * 255) / 255).astype(np.float32)


def test_absent_defects_are_not_in_a_dump() -> None:
    """Earlier recipes and their digests are unchanged; with defects, all settings survive a round trip."""
    assert "lines" not in Degradation().model_dump()
    spoilt = Degradation(scale=1, lines=MANY)
    assert Degradation.model_validate_json(spoilt.model_dump_json()) == spoilt
    assert not spoilt.is_empty
    with pytest.raises(ValueError, match="above 0"):
        LineDefects(dead=0, saturated=0, charged=0)


def test_as_many_defects_as_the_rate_says_and_as_tall() -> None:
    """A defect cannot begin in the rows of another or in the good line after it: 1 / (1 / rate + mean height)."""
    found = [defect for seed in range(20) for defect in defects(MANY, 2000, 64, seed)]
    expected = 20 * 2000 / (1 / MANY.rate + 3.5)
    assert len(found) == pytest.approx(expected, rel=0.1)
    heights = np.bincount([len(defect.rows) for defect in found], minlength=7)[1:7]
    assert heights.min() > 0.7 * heights.mean()
    assert max(len(defect.rows) for defect in found) == 6


def test_a_good_line_lies_between_two_defects() -> None:
    found = defects(LineDefects(rate=0.5, rows=(1, 9)), 500)
    assert all(later.rows.start > former.rows.stop for former, later in pairwise(found))
    for seed in range(50):
        tall = LineDefects(rate=0.5, rows=(9, 9))
        covered = {row for defect in defects(tall, 4, 8, seed) for row in defect.rows}
        assert len(covered) < 4


def test_kinds_come_as_often_as_their_weights() -> None:
    found = [
        d.fault for seed in range(30) for d in defects(LineDefects(rate=0.1, rows=(1, 1), charged=2), 2000, 64, seed)
    ]
    share = found.count(Fault.CHARGED) / len(found)
    assert share == pytest.approx(0.5, abs=0.03)
    assert found.count(Fault.WHITE) / len(found) == pytest.approx(0.25, abs=0.03)
    for dead in (Fault.BLACK, Fault.CONSTANT, Fault.REPEATED):
        assert found.count(dead) / len(found) == pytest.approx(1 / 12, abs=0.02)


def test_stretches_are_parts_of_a_line() -> None:
    found = [d for seed in range(30) for d in defects(LineDefects(rate=0.1, charged=0, partial=0.25), 500, 200, seed)]
    lengths = np.array([len(defect.columns) for defect in found])
    assert (lengths == 200).mean() == pytest.approx(0.75, abs=0.03)
    assert lengths.min() >= 20
    assert lengths[lengths < 200].max() <= 180
    assert max(defect.columns.stop for defect in found) == 200


@pytest.mark.parametrize(("top", "left", "height", "width"), [(0, 0, 64, 64), (37, 120, 80, 100), (320, 200, 80, 100)])
def test_a_window_shows_what_a_crop_of_the_spoilt_frame_shows(top: int, left: int, height: int, width: int) -> None:
    """Bit for bit, including the rest of a streak that began outside."""
    frame = torch.rand(1, 400, 300, generator=torch.Generator().manual_seed(1))
    drawn = whole_defects(defects(MANY), top, height, 400)
    assert drawn
    spoilt, hidden = spoil_lines(frame, drawn)
    inside = (slice(None), slice(top, top + height), slice(left, left + width))
    crop, mask = spoil_lines(frame[inside], drawn, top, left)
    assert torch.equal(crop, spoilt[inside])
    assert torch.equal(mask, hidden[inside])


def test_a_window_keeps_only_defects_whose_neighbours_it_shows() -> None:
    runs = [LineDefect(range(first, first + 3), range(10), Fault.BLACK) for first in (0, 9, 10, 16, 17, 97)]
    assert [d.rows.start for d in whole_defects(runs, 9, 11, 100)] == [10, 16]
    assert [d.rows.start for d in whole_defects(runs, 0, 20, 100)] == [0, 9, 10, 16]
    assert [d.rows.start for d in whole_defects(runs, 10, 90, 100)] == [16, 17, 97]


def test_values_of_a_spoilt_line() -> None:
    frame = torch.rand(1, 40, 50)
    faults = (Fault.BLACK, Fault.WHITE, Fault.CONSTANT, Fault.REPEATED)
    levels = (0.0, 1.0, 0.3, 0.0)
    runs = [LineDefect(range(4 * i + 2, 4 * i + 4), range(5, 45), f, level)
            for i, (f, level) in enumerate(zip(faults, levels, strict=True))]  # fmt: skip
    spoilt, hidden = spoil_lines(frame, runs)
    for run, level in zip(runs[:3], levels, strict=False):
        assert (spoilt[0, run.rows.start : run.rows.stop, 5:45] == level).all()
    assert torch.equal(spoilt[0, 14:16, 5:45], frame[0, 13:14, 5:45].expand(2, -1))
    assert hidden.sum() == 4 * 2 * 40
    assert torch.equal(spoilt[hidden == 0], frame[hidden == 0])


def test_a_streak_decays_along_the_line_and_is_hidden_as_long_as_it_shows() -> None:
    streak = defects(LineDefects(rate=0.01, dead=0, saturated=0), 200, 4000, 3)[0]
    flat = torch.full((1, 200, 4000), 0.5)
    spoilt, hidden = spoil_lines(flat, [streak])
    row = (spoilt - flat)[0, streak.rows.start]
    start, decay = streak.columns.start, streak.decay_px
    assert (row[:start] == 0).all()
    torch.testing.assert_close(row[start : start + 200].clamp(-0.5, 0.5),
                               (streak.level * torch.exp(-torch.arange(200) / decay)).clamp(-0.5, 0.5))  # fmt: skip
    shown = hidden[0, streak.rows.start].bool()
    assert row[shown].abs().min() >= 0.9 * VISIBLE_OFFSET
    assert row[~shown].abs().max() <= VISIBLE_OFFSET


@pytest.mark.parametrize("fault", list(Fault))
def test_defects_are_found_again(fault: Fault) -> None:
    """All defects of one kind, one to six lines tall, whole lines and parts, with hardly any false alarms."""
    image = specimen()
    level = {Fault.WHITE: 1.0, Fault.CONSTANT: 0.9, Fault.CHARGED: 0.3}.get(fault, 0.0)
    stop = 300 if fault is Fault.CHARGED else 250
    runs = [
        LineDefect(range(20 + 30 * i, 21 + 31 * i), range(300) if i % 2 else range(60, stop), fault, level, 1000.0)
        for i in range(6)
    ]
    spoilt, hidden = spoil_lines(torch.from_numpy(image)[None], runs)
    recorded = (np.rint(spoilt[0].numpy() * 255) / 255).astype(np.float32)
    wanted, found = hidden[0].numpy() > 0, find_line_defects(recorded)
    # A streak keeps the signal, and is lost where the specimen changes at the very line at which it begins.
    assert found[wanted].mean() > (0.8 if fault is Fault.CHARGED else 0.98)
    assert found[~wanted].mean() < 0.002


@pytest.mark.parametrize("dose_e_per_px", [1, 8, 10, 15, 50])
def test_shot_noise_is_no_defect(dose_e_per_px: float) -> None:
    """A smooth specimen in counted electrons, of which bright places have more than the pooled differences tell."""
    random = np.random.default_rng(2)
    smooth = gaussian_filter(random.standard_normal((256, 512)), 20)
    truth = (0.25 + 0.18 * smooth / smooth.std()).clip(0.02, 1)
    counts = random.poisson(truth * dose_e_per_px)
    image = (np.rint((counts / dose_e_per_px * 255).clip(0, 255)) / 255).astype(np.float32)
    assert not find_line_defects(image).any()


@pytest.mark.parametrize("rows", [1, 4])
def test_offsets_are_found_in_shot_noise(rows: int) -> None:
    """Counted electrons, 50 at white: 0.4 of the range stands out of a flat image, over its whole length."""
    truth = np.full((128, 320), 0.5)
    for first in (20, 50, 80):
        truth[first : first + rows, 40:280] += 0.4
    counts = np.random.default_rng(3).poisson(50 * truth).astype(np.uint16)
    found = find_line_defects(to_unit(counts, intensity_range(counts)))
    assert found[truth > 0.5].mean() > 0.9
    assert found[truth == 0.5].mean() < 0.01


def test_a_specimen_is_no_defect() -> None:
    """A saturated particle, a step along a line, a thin layer with soft edges, repeated pixels, an empty image."""
    image = specimen()
    rows, columns = np.mgrid[:256, :300]
    image[(rows - 60) ** 2 + (columns - 150) ** 2 < 50**2] = 1.0
    image[180:] = np.clip(image[180:] + 0.25, 0, 1)
    image += (0.3 * np.exp(-0.5 * ((rows - 150) / 2.0) ** 2)).astype(np.float32)
    assert not find_line_defects(image).any()
    assert not find_line_defects(specimen(128, 150).repeat(2, 0).repeat(2, 1)).any()
    assert not find_line_defects(np.zeros((64, 300), np.float32)).any()


def test_defects_are_found_whatever_the_number_format() -> None:
    """16-bit images use a fraction of their range; equal grey levels remain equal in unit intensity."""
    image = specimen(noise=0.01)
    image[100:103] = 0.0
    sixteen = ((image * 3000 + 500).astype(np.uint16).astype(np.float32) - 500) / 3000
    found = find_line_defects(sixteen.astype(np.float32))
    assert found[100:103].all()
    assert found.sum() == 3 * 300


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name",
    ["ampis_powder_sem/images/Sc1Tile_001-001-000_0-000.png", "nasa_ebc_bse/images/010417-4_S2480023.png",
     "vnc_sstem/stack1/raw/00.tif"],
)  # fmt: skip
def test_micrographs_without_defects_have_none_and_simulated_ones_are_found(shared_data: Path, name: str) -> None:
    image = read_micrograph(shared_data / name).pixels[:512, :700, 0].astype(np.float32) / 255
    assert find_line_defects(image).mean() < 1e-4
    drawn = draw_line_defects(*image.shape, LineDefects(rate=0.04, charged=0), torch.Generator().manual_seed(0))
    spoilt, hidden = spoil_lines(torch.from_numpy(image)[None], drawn)
    found = find_line_defects((np.rint(spoilt[0].numpy() * 255) / 255).astype(np.float32))
    assert found[hidden[0].numpy() > 0].mean() > 0.9
