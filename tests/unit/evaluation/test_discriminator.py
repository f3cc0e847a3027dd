"""The discriminator test finds real differences, finds none where there are none, and is not misled by groups."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sem_models.errors import Cancelled, UserError
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.report import ClassifierSettings
from sem_models.evaluation.discriminator.test import allocated_cells, discriminator_test, real_against_real
from sem_models.images.io.read import read_micrograph

QUICK = ClassifierSettings(patch_px=32, batch=16, steps=40, folds=2, border_px=4, learning_rate=3e-3)
BRIEF = QUICK.model_copy(update={"steps": 3})
"""Where the sides are equal, any judge gives 0.5."""
SIZE = 72


def texture(seed: int, size: int = SIZE) -> np.ndarray:
    """Blobs with fine noise, 8-bit levels."""
    rng = np.random.default_rng(seed)
    blobs = gaussian_filter(rng.standard_normal((size, size)), 3)
    image = 0.5 + 0.12 * blobs / blobs.std() + 0.03 * rng.standard_normal((size, size))
    return (np.rint(255 * np.clip(image, 0, 1)) / 255).astype(np.float32)


def pairs(generate, groups: int = 6, each: int = 2) -> list[Pair]:
    """Pairs of a real image and `generate` of it and its number."""
    return [
        Pair(texture(k), generate(texture(k), k).astype(np.float32), f"i{k}", f"g{k % groups}")
        for k in range(groups * each)
    ]


def test_a_faint_checkerboard_is_found() -> None:
    """Four of 255 grey levels, half the standard deviation of the noise."""
    board = 4 / 255 * (np.indices((SIZE, SIZE)).sum(0) % 2)
    found = discriminator_test(pairs(lambda real, _: real + board), QUICK.model_copy(update={"steps": 70}))
    assert found.images.value > 0.95
    assert found.patches.value > 0.9
    assert found.images.lo is not None
    assert found.images.lo > 0.8
    assert len(found.images.per_seed) == 3


def test_images_of_the_same_kind_are_not_distinguished() -> None:
    found = discriminator_test(pairs(lambda _, k: texture(1000 + k)), QUICK.model_copy(update={"steps": 25}))
    assert found.images.contains_half
    assert found.patches.contains_half
    assert 0.3 < found.patches.value < 0.7


def test_floating_point_and_overshoot_do_not_give_the_generator_away() -> None:
    """A third of a grey level, and values above white: after rounding both sides are identical."""
    found = discriminator_test(pairs(lambda real, _: np.where(real >= 1, 1.4, real + 0.3 / 255)), BRIEF)
    assert (found.images.value, found.patches.value) == (0.5, 0.5)


def test_marks_at_the_border_are_cut_off() -> None:
    def framed(real: np.ndarray, _: int) -> np.ndarray:
        inner = real[QUICK.border_px : -QUICK.border_px, QUICK.border_px : -QUICK.border_px]
        return np.pad(inner, QUICK.border_px)

    assert discriminator_test(pairs(framed), BRIEF).images.value == 0.5


def signature(group: str, generated: bool) -> np.ndarray:
    """A strong grating on one side of one group, which tells nothing about any other group."""
    rng = np.random.default_rng([int(group[1:]), int(generated)])
    rows, columns = np.indices((SIZE, SIZE))
    across, down = rng.uniform(-2, 2, 2)
    return 0.1 * np.sin(across * rows + down * columns)


def test_features_of_one_group_are_not_attributed_to_the_generator() -> None:
    """Classifiers that had seen the groups would almost always be right, as scattering the groups shows."""
    marked = [
        Pair(
            (0.5 * texture(k) + 0.25 + signature(group, False)).astype(np.float32),
            (0.5 * texture(500 + k) + 0.25 + signature(group, True)).astype(np.float32),
            f"i{k}",
            group,
        )
        for k, group in ((k, f"g{k % 8}") for k in range(24))
    ]
    longer = QUICK.model_copy(update={"steps": 40})
    honest = discriminator_test(marked, longer)
    assert honest.images.contains_half
    # In turn over images, so that each group stands on both sides of every division.
    leaking = [Pair(p.real, p.generated, p.image, f"h{k}") for k, p in enumerate(marked)]
    fooled = discriminator_test(leaking, longer)
    assert fooled.images.lo is not None
    assert fooled.images.lo > 0.75


def shaded(k: int) -> np.ndarray:
    """Images that become brighter from left to right by a third of the range, like the blocks of one field."""
    return (0.6 * texture(k, 256) + 0.3 * np.linspace(0, 1, 256)).astype(np.float32)


def test_real_images_are_not_distinguished_from_themselves() -> None:
    """Whatever the generator does, and although left differs from right in all images."""
    wide = [Pair(shaded(k), np.zeros((256, 256), np.float32), f"i{k}", f"g{k}") for k in range(8)]
    found = real_against_real(wide, QUICK.model_copy(update={"steps": 25}))
    assert found.images.contains_half
    assert found.patches.contains_half
    assert found.patches.value == pytest.approx(0.5, abs=0.1)
    assert len(set(found.patches.per_seed)) == 3


def test_cells_are_neighbours_reassigned_by_each_seed() -> None:
    numbered = np.repeat(np.repeat(np.arange(16, dtype=np.float32).reshape(4, 4), 30, 0), 30, 1)
    whole = [Pair(numbered, numbered, "a", "g"), Pair(numbered + 16, numbered, "b", "h", tested=False)]
    deals = [allocated_cells(whole, 20, seed) for seed in range(5)]
    for allocate in deals:
        assert {(pair.image, pair.group, pair.tested) for pair in allocate} == {("a", "g", True), ("b", "h", False)}
        sides = [(float(pair.real[0, 0]), float(pair.generated[0, 0])) for pair in allocate]
        assert sorted(value for two in sides for value in two) == list(range(32)), "each cell once"
        assert all(abs(one - other) == 1 for one, other in sides)
        assert [sum(one < other for one, other in part) for part in (sides[:8], sides[8:])] == [4, 4]
        assert all(np.ptp(side) == 0 and side.shape == (30, 30) for p in allocate for side in (p.real, p.generated))
    assert len({tuple(float(pair.real[0, 0]) for pair in allocate) for allocate in deals}) == 5


@pytest.mark.parametrize("across", [True, False])
def test_an_image_with_room_for_two_cells_is_cut_across_its_longer_side(across: bool) -> None:
    image = np.arange(2400, dtype=np.float32).reshape(40, 60)
    image = image if across else image.T
    deals = [allocated_cells([Pair(image, image, "c", "g")], 40, seed)[0] for seed in range(20)]
    first = image[:, :30] if across else image[:30]
    assert {pair.real.shape for pair in deals} == {(40, 30) if across else (30, 40)}
    assert 0 < sum(np.array_equal(pair.real, first) for pair in deals) < 20, "chance says which is called real"


def test_it_is_reproducible_and_training_images_are_not_scored() -> None:
    few = pairs(lambda real, k: gaussian_filter(real, 0.5), groups=3, each=1)
    learned = [Pair(texture(90 + k), texture(80 + k), f"t{k}", "train", tested=False) for k in range(2)]
    told: list[tuple[int, int]] = []
    short = QUICK.model_copy(update={"steps": 10})
    one = discriminator_test([*few, *learned], short, lambda done, total, _: told.append((done, total)))
    assert one == discriminator_test([*few, *learned], short)
    assert one.images.resampled == "groups"
    assert told[-1] == (10 * 2 * 3, 10 * 2 * 3)
    assert told == sorted(told)


def test_it_can_be_cancelled() -> None:
    def stop(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        discriminator_test(pairs(lambda real, _: real), QUICK, stop)


def test_what_would_mislead_is_refused() -> None:
    good = pairs(lambda real, _: real, groups=3)
    with pytest.raises(UserError, match="needs at least two, but has 1"):
        discriminator_test([Pair(p.real, p.generated, p.image, "one") for p in good], QUICK)
    with pytest.raises(UserError, match="i0 and copy are the same image in two groups, g0 and g9"):
        discriminator_test([*good, Pair(good[0].real, good[0].generated, "copy", "g9")], QUICK)
    with pytest.raises(UserError, match="differ in size"):
        discriminator_test([*good, Pair(texture(1), texture(1)[:-1], "i", "g")], QUICK)
    with pytest.raises(UserError, match="72 x 72 px is too small, each side needs 136"):
        discriminator_test(good, QUICK.model_copy(update={"patch_px": 128}))


@pytest.mark.realdata
def test_a_published_unet_is_detected(shared_data: Path) -> None:
    """Six of its nearly flat predictions against the real crops."""
    folder = shared_data / "petrography_sem_crops" / "Unet_toSE_TestSetPredictions"
    files = sorted(folder.glob("original_*.png"))[:6]
    assert len(files) == 6
    both = [(file, file.with_name(file.name.replace("original", "prediction"))) for file in files]
    images = [[read_micrograph(path).pixels[..., 0].astype(np.float32) / 255 for path in two] for two in both]
    crops = [Pair(real, output, file.name, file.name) for (real, output), file in zip(images, files, strict=True)]
    short = QUICK.model_copy(update={"steps": 20})
    assert discriminator_test(crops, short).images.value > 0.95
    assert real_against_real(crops, short).images.contains_half
