"""Registration and residual of two images against known warps and displacements."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.feature import match_template

from sem_models.datasets.registration.alignment import align, find_alignment
from sem_models.datasets.registration.mutual_information import valid_field, warp_onto
from sem_models.datasets.registration.phase_correlation import crop_to_overlap
from sem_models.datasets.registration.residual import block_shifts, similarity
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from tests.support.warps import SIZE, affine_of, grains, seen


@pytest.fixture(params=["grains", pytest.param("real", marks=pytest.mark.realdata)])
def scene(request: pytest.FixtureRequest) -> np.ndarray:
    """(500, 500), larger than the field so that a warp finds valid pixels everywhere."""
    if request.param == "real":
        path = next(iter(sorted((request.getfixturevalue("shared_data") / "nasa_ebc_bse").rglob("*.tif"))), None)
        path = path or sorted((request.getfixturevalue("shared_data") / "nasa_ebc_bse").rglob("*.png"))[0]
        return read_micrograph(path).pixels[100:600, 100:600].mean(axis=2)
    return grains(0)


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        ("translation", affine_of(6.4, -3.7)),
        ("rigid", affine_of(5.0, 4.0, 1.0)),
        ("affine", affine_of(-4.0, 6.0, 0.8, 1.01, 0.006)),
    ],
)
def test_known_warp_between_contrasts_is_found(scene: np.ndarray, model: str, truth: np.ndarray) -> None:
    """`target` shows the scene unchanged, `source` shows it moved by the inverse of the true warp."""
    inverse = np.linalg.inv(np.vstack([truth, [0, 0, 1]]))[:2]
    target, source = seen(scene, np.eye(2, 3), "other"), seen(scene, inverse, "same")
    found = find_alignment(source[..., None], target[..., None], model, 3.0)
    points = np.array([(r, c, 1) for r in (20, 150, 280) for c in (20, 150, 280)], float)
    errors = np.linalg.norm(points @ np.array(found.warp.matrix).T - points @ truth.T, axis=1)
    assert errors.max() < 0.3, errors
    assert found.residual.median_px < 0.4 < 3 < found.residual_before.median_px
    expected = np.median([np.linalg.norm(point @ truth.T - point[:2]) for point in points])
    assert found.residual_before.median_px == pytest.approx(expected, abs=0.8)
    assert found.residual.median_nm == pytest.approx(3 * found.residual.median_px, abs=0.01)
    assert found.residual.p95_px >= found.residual.median_px


@pytest.mark.parametrize("wrong", [(0.0, 0.0), (2.5, -1.5), (-7.0, 9.0)])
@pytest.mark.parametrize("contrast", ["same", "other"])
def test_residual_is_the_known_displacement(scene: np.ndarray, wrong: tuple[float, float], contrast: str) -> None:
    still, moved = seen(scene, affine_of(0, 0), "same"), seen(scene, affine_of(*wrong), contrast)
    found = block_shifts(still, moved)
    # The moved field begins further down in the scene, so that what it shows lies further up.
    down, right = (np.median([shift[axis] for shift in found.shifts]) for axis in (2, 3))
    assert (down, right) == pytest.approx((-wrong[0], -wrong[1]), abs=0.2)
    assert found.residual(None).median_px == pytest.approx(np.hypot(*wrong), abs=0.35)
    assert found.residual(None).median_nm is None


@pytest.mark.parametrize("scale", [1, 60_000])
def test_similarity_is_that_of_scikit_image(scale: float) -> None:
    field = scale * grains(1)[:61, :75] / 255
    field[:30, :40] = field[0, 0]
    assert similarity(field, field[20:37, 33:56]) == pytest.approx(match_template(field, field[20:37, 33:56]), abs=1e-6)
    faint = 1e-15 * field  # amperes, in 32 bit images
    assert similarity(faint, faint[20:37, 33:56]) == pytest.approx(similarity(field, field[20:37, 33:56]), abs=1e-6)
    flat = similarity(field, np.full((9, 9), 7.0))
    assert flat.shape == (53, 67) and not flat.any()


def test_nothing_is_measured_where_nothing_can_be_known() -> None:
    """Another field, noise, flat areas, lines that match at any shift, and a lattice that matches at many shifts."""
    rows, columns = np.indices((SIZE, SIZE))
    here = seen(grains(0), affine_of(0, 0), "same")
    noise = np.random.default_rng(0).normal(0, 1, (2, SIZE, SIZE))
    lines = 100 + 50 * np.sin(rows / 9) + 0 * columns
    lattice = 100 + 50 * np.cos(rows * 2 * np.pi / 12) * np.cos(columns * 2 * np.pi / 12)
    for one, other in (
        (here, seen(grains(7), affine_of(0, 0), "same")),
        (noise[0], noise[1]),
        (np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))),
        (lines, lines),
        (lattice, lattice),
    ):
        assert block_shifts(one, other).residual(1.0) is None


def test_a_warp_invents_no_border_and_leaves_the_target_alone() -> None:
    """Cubic splines reproduce a plane exactly, so any other value would be invented."""
    rows, columns = np.indices((200, 240)).astype(float)
    matrix = tuple(map(tuple, affine_of(9.0, -6.0, 2.0, 1.02).tolist()))
    moving = (1000 + 10 * rows + 3 * columns)[..., None]
    target = np.random.default_rng(0).integers(0, 255, (200, 240, 1), dtype=np.uint8)
    warped, cut = warp_onto(moving, target, matrix)
    top, left, bottom, right = valid_field((200, 240), (200, 240), matrix)
    assert np.array_equal(cut, target[top:bottom, left:right])
    places = np.stack([rows, columns, np.ones_like(rows)], -1)[top:bottom, left:right] @ np.array(matrix).T
    assert (places.min(axis=(0, 1)) >= 2).all() and (places.max(axis=(0, 1)) <= (197, 237)).all()
    assert warped[..., 0] == pytest.approx(1000 + 10 * places[..., 0] + 3 * places[..., 1], abs=1.0)
    assert warped.shape == cut.shape and warped.size > 0.8 * target.size
    bright = warp_onto(np.full((200, 240, 1), 250, np.uint8), target, matrix)[0]
    assert bright.dtype == np.uint8 and (bright == 250).all()
    with pytest.raises(UserError, match="no common field"):
        valid_field((200, 240), (200, 240), ((1.0, 0.0, 500.0), (0.0, 1.0, 0.0)))


@pytest.mark.parametrize("scale", [2, 3])
def test_a_shift_is_found_across_scales_to_a_fraction_of_a_target_pixel(scale: int) -> None:
    """Pixels are means over squares of the scene, which begin at other places in input and target."""
    scene, size, shift = gaussian_filter(grains(0), 2), 120, (7, -10)

    def recorded(top: int, left: int, edge: int, count: int) -> np.ndarray:
        field = scene[top : top + edge * count, left : left + edge * count]
        return field.reshape(count, edge, count, edge).mean((1, 3))[..., None]

    # A target pixel is 2 px of the scene wide, so that the shift of 7 and -10 px is one of 3.5 and -5 target pixels.
    source = recorded(60, 60, 2 * scale, size // scale)
    target = recorded(60 - shift[0], 60 - shift[1], 2, size)
    found = find_alignment(source, target, "translation", None)
    assert found.scale == scale
    centre = np.array(found.warp.matrix) @ ((size - 1) / 2, (size - 1) / 2, 1)
    expected = (size / scale - 1) / 2 - np.array(shift) / 2 / scale
    assert centre == pytest.approx(expected, abs=0.2 / scale)
    moved, still = align(source, target, found)
    small = still.reshape(moved.shape[0], scale, moved.shape[1], scale).mean((1, 3))
    assert np.corrcoef(moved.ravel(), small.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize("shift", [(0, 0), (5, 4), (-5, -4), (-6, 7)])
def test_whole_pixels_are_cropped_to_the_field_of_both(scale: int, shift: tuple[int, int]) -> None:
    """Every pixel holds where its centre lies in the scene, so that the pixels of both can be compared exactly."""
    fine = np.stack(np.indices((60, 48)), -1).astype(float)
    coarse = fine.reshape(60 // scale, scale, 48 // scale, scale, 2).mean((1, 3)) + shift
    cut, other = crop_to_overlap(coarse, fine, shift, scale)
    assert np.array_equal(cut, other.reshape(*cut.shape[:1], scale, cut.shape[1], scale, 2).mean((1, 3)))
    lost = np.array(fine.shape[:2]) - other.shape[:2]
    assert (lost >= np.abs(shift)).all() and (lost < np.abs(shift) + 2 * scale).all()


@pytest.mark.realdata
@pytest.mark.parametrize(("register", "limit"), [("shift", 1.5), ("affine", 1.0)])
def test_sem_and_transmission_fit_to_one_pixel(shared_data: Path, register: str, limit: float) -> None:
    """Cropping by whole pixels leaves up to half a pixel more along each axis."""
    folder = shared_data / "bam_tio2_sem_tsem_pairs"
    for name in (1908248, 1908252):
        images = [folder / "SEM" / f"{name}.tif", folder / "TSEM" / f"{name + 1}.tif"]
        source, target = (read_micrograph(path).pixels[:700].mean(axis=2, keepdims=True) for path in images)
        found = find_alignment(source, target, register, 7.344)
        assert found.residual.median_px <= limit < 5 < found.residual_before.median_px
        assert found.residual.blocks >= 20
