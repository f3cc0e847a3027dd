"""Pairs from two domains for the discriminator test: equal numbers, folds without common specimens, set scores."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry, StoredArray
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import Identity
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.set_texture import set_texture
from sem_models.evaluation.discriminator.unpaired_pairs import partners, unpaired_notes
from sem_models.tasks.models import generated_pairs
from tests.support.domains import unpaired


def entry(name: str, group: str, *roles: Role) -> Entry:
    arrays = [
        StoredArray(
            role=role, file=f"{name}-{role}", source=name, sha256=name, shape=(9, 9, 1), dtype="uint8",
            pixel_size_nm=2.0, databar_rows=0, databar_found_by="none", intensity=(0, 255),
        ) for role in roles
    ]  # fmt: skip
    return Entry(name=name, group=group, split="test", arrays=tuple(arrays))


def many(letter: str, role: Role, *sizes: int) -> list[Entry]:
    return [entry(f"{letter}{g}-{k}", f"{letter}{g}", role) for g, size in enumerate(sizes) for k in range(size)]


def test_blocks_share_no_specimen_and_all_images_of_the_smaller_domain_are_used() -> None:
    """Three specimens with 4, 2 and 2 images against eight with one: the largest is paired with four of them."""
    found = partners([*many("a", "input", 4, 2, 2), *many("b", "target", *[1] * 8)])
    assert len(found) == 8
    assert len({two.source.name for two in found}) == len({two.real.name for two in found}) == 8
    for side in ("source", "real"):
        owners = {(getattr(two, side).group, two.block) for two in found}
        assert len(owners) == len({group for group, _ in owners}), f"a {side} specimen in two blocks"
    assert len({two.block for two in found}) == 3


def test_a_specimen_of_both_domains_has_one_block() -> None:
    """Also if file names agree in both domains, so that one entry contains both images."""
    mixed = [entry("x", "both", "input", "target")]
    mixed += [entry("y", "both", "input"), *many("a", "input", 5), *many("b", "target", 1, 1)]
    found = partners(mixed)
    assert {two.block for two in found if "both" in (two.source.group, two.real.group)} == {"both"}
    assert {(two.source.name, two.real.name) for two in found if two.block == "both"} == {("x", "x")}
    assert {two.block for two in found} == {"both", "a0+b0+b1"}
    with pytest.raises(UserError, match="no image of the second domain"):
        partners(many("a", "input", 2, 2))


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape)


def test_outputs_are_paired_with_centre_crops_of_real_images(tmp_path: Path) -> None:
    dataset = unpaired(tmp_path, [noise(k, 80, 90) for k in range(6)], [noise(9 + k, 100, 70) for k in range(6)])
    pairs = generated_pairs(Identity(1), dataset, ("val", "test"), True, Degradation(scale=1))
    assert {pair.real.shape for pair in pairs} == {pair.generated.shape for pair in pairs} == {(80, 70)}
    assert {pair.tested for pair in pairs} == {True, False}
    by_name = {e.name: e for e in dataset.manifest.entries}
    for pair in pairs:
        source, real = (by_name[name] for name in pair.image.split(" beside "))
        assert np.array_equal(pair.generated, dataset.unit(source, "input")[0, :, 10:80])
        assert np.array_equal(pair.real, dataset.unit(real, "target")[0, 10:90])
        assert pair.tested == (source.split != "train") == (real.split != "train")
        assert {source.group, real.group} == set(pair.group.split("+"))


def test_notes_explain_different_fields_and_magnifications() -> None:
    def notes(scale: int, *entries: Entry) -> str:
        class Shown(Dataset):
            def entries(self, split: str) -> tuple[Entry, ...]:
                return entries

        return " ".join(unpaired_notes(Shown(Path(), None), ("test",), scale))

    even = [*many("a", "input", 1, 1), *many("b", "target", 1, 1)]
    assert "different fields" in notes(1, *even)
    assert "not used" not in notes(1, *even)
    assert "Not used: 1 real image and 0 to translate" in notes(1, *even, *many("c", "target", 1))
    assert "Pixel sizes" not in notes(1, *even)
    assert "Pixel sizes of the two domains differ" in notes(2, *even)


def sets(count: int = 6) -> list[Pair]:
    rng = np.random.default_rng(0)
    real = [np.clip(rng.normal(0.5, 0.1, (72, 80)), 0, 1).astype(np.float32) for _ in range(count)]
    return [Pair(image, (0.5 * image + 0.1).astype(np.float32), f"i{k}", f"g{k}") for k, image in enumerate(real)]


def test_sets_are_measured_as_the_images_are() -> None:
    """Half the grey-level range: half the standard deviation, a quarter of the gradient energy, the same slope."""
    pairs = [*sets(), Pair(np.zeros((72, 80), np.float32), np.zeros((72, 80), np.float32), "t", "t", tested=False)]
    found = set_texture(pairs)
    assert found.real["std"].value == pytest.approx(np.mean([p.real.std() for p in pairs[:-1]]))
    assert found.generated["std"].value == pytest.approx(found.real["std"].value / 2, rel=1e-4)
    assert found.generated["gradient_energy"].value == pytest.approx(found.real["gradient_energy"].value / 4, rel=1e-4)
    assert found.generated["slope"].value == pytest.approx(found.real["slope"].value, abs=1e-4)
    assert found.real["p99"].value == pytest.approx(np.mean([np.percentile(p.real, 99) for p in pairs[:-1]]))
    assert found.real["std"].lo is not None
    assert found.real["std"].lo < found.real["std"].value < (found.real["std"].hi or 0)
    grey = [
        np.rint(255 * np.concatenate([getattr(p, side).ravel() for p in pairs[:-1]])) for side in ("real", "generated")
    ]
    assert found.histogram == pytest.approx(wasserstein_distance(*grey) / 255, abs=1e-9)
    assert found.histogram_real is not None
    assert found.histogram_real < 0.1 * found.histogram


def test_small_sets_have_no_interval_no_baseline_and_small_images_no_slope() -> None:
    two = set_texture([Pair(p.real[:40, :40], p.generated[:40, :40], p.image, p.group) for p in sets(2)])
    assert two.histogram_real is None
    assert two.real["std"].lo is None
    assert "slope" not in two.real
