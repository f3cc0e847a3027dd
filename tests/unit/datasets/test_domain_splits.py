"""Splits of two domains: each domain is allocated separately, and a specimen in both is in one split."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from sem_models.datasets.dataset import digest_of, open_dataset
from sem_models.datasets.preparation.domain_splits import assign_domain_splits
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from tests.support.domains import write_all
from tests.support.images import smooth_images


def images(*counts: tuple[str, int]) -> list[str]:
    return [group for group, count in counts for _ in range(count)]


def held(groups: list[str], splits: dict[str, str]) -> Counter[str]:
    return Counter(splits[group] for group in groups)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("common", range(6))
def test_each_domain_gets_its_share_whatever_they_have_in_common(seed: int, common: int) -> None:
    """The second domain is ten times as large: with a joint allocation, none of the first would be left for testing."""
    shared = [f"s{index}" for index in range(common)]
    first = images(*((name, 2) for name in [*shared, *(f"a{index}" for index in range(5 - common))]))
    second = images(*((name, 20) for name in [*shared, *(f"b{index}" for index in range(10 - common))]))
    splits, notes = assign_domain_splits(first, second, seed)
    assert not notes
    assert held(first, splits) == {"train": 6, "val": 2, "test": 2}
    assert held(second, splits) == {"train": 120, "val": 40, "test": 40}


@pytest.mark.parametrize("seed", range(4))
def test_three_groups_fill_three_splits_in_both(seed: int) -> None:
    """All ways in which three groups can overlap with three others."""
    for common in range(4):
        first = [f"s{index}" for index in range(common)] + [f"a{index}" for index in range(3 - common)]
        second = [f"s{index}" for index in range(common)] + [f"b{index}" for index in range(3 - common)]
        splits, notes = assign_domain_splits(images(*((g, 7) for g in first)), second, seed)
        assert not notes
        assert {splits[group] for group in first} == {splits[group] for group in second} == {"train", "val", "test"}


def test_a_domain_of_few_groups_is_for_training() -> None:
    many = images(*((f"b{index}", 3) for index in range(5)))
    splits, notes = assign_domain_splits(many, images(("x", 9), ("y", 1)), 0)
    assert splits["x"] == splits["y"] == "train"
    assert held(many, splits) == {"train": 9, "val": 3, "test": 3}
    assert notes == ("The second domain has 2 groups: 10 images for training, none for validation and test.",)
    _, notes = assign_domain_splits(["x"], many, 0)
    assert "exchange the two folders" in notes[0]
    splits, _ = assign_domain_splits(many, ["b0", "b3"], 0)
    assert splits["b0"] == splits["b3"] == "train"
    assert set(held(many, splits)) == {"train", "val", "test"}
    splits, notes = assign_domain_splits(["s", "t", "a"], ["s", "t"], 0)
    assert sorted(splits.values()) == ["test", "train", "val"], "the first domain needs its groups"
    assert "train" in {splits["s"], splits["t"]}
    assert "The second domain has 2 groups: 1 image for training, none for validation." in notes[0]


def test_too_few_groups_in_both_refuse() -> None:
    with pytest.raises(UserError, match=r"2 groups \(a, b\) and 1 group \(c\)"):
        assign_domain_splits(["a", "b"], ["c"], 0)
    with pytest.raises(UserError, match="No group of the second domain is left for training"):
        assign_domain_splits(["a", "b", "c"], ["t1", "t2"], 0, "^t")


def test_named_test_groups_apply_to_both_domains() -> None:
    first, second = ["s1", "s2", "a1", "a2"], ["s1", "s2", "b1", "b2"]
    splits, notes = assign_domain_splits(first, second, 0, "1$")
    assert {group for group, split in splits.items() if split == "test"} == {"s1", "a1", "b1"}
    for domain in (first, second):
        assert held(domain, splits) == {"train": 1, "val": 1, "test": 2}
    assert not notes
    _, notes = assign_domain_splits(first, ["b1", "b2"], 0, "^[sa]1$")
    assert notes == ("The second domain has 2 groups: 1 image for training, none for test.",)


def differently_named(folder: Path) -> PrepareOptions:
    """`a0.tif` of the first domain is of the specimen of `x-0.tif` of the second."""
    pictures = smooth_images(10, 40)
    raw, target = write_all(folder / "a", "a", pictures[:5]), write_all(folder / "b", "x-", pictures[5:])
    return PrepareOptions(name="u", raw=(raw,), kind="unpaired", target=target, group_by=r"^a(\d)", databar_rows=0)


def test_patterns_of_both_domains_find_the_specimens_in_common(tmp_path: Path) -> None:
    options = differently_named(tmp_path)
    with pytest.raises(UserError, match=r"x-0\.tif: the group pattern .* change group_by"):
        plan_dataset(options)
    own = PrepareOptions(**{**vars(options), "target_group_by": r"^x-(\d)"})
    plan = plan_dataset(own)
    assert {image.group for image in plan.images} == set("01234")
    for group in "01234":
        assert len({image.split for image in plan.images if image.group == group}) == 1
    with pytest.raises(UserError, match="change target_group_by"):
        plan_dataset(PrepareOptions(**{**vars(options), "target_group_by": r"^y"}))
    written = write_dataset(plan, tmp_path / "u")
    assert open_dataset(tmp_path / "u").manifest.target_group_by == r"^x-(\d)"
    assert written.digest != digest_of(written.manifest.model_copy(update={"target_group_by": None}))
    with pytest.raises(UserError, match="goes with kind=unpaired"):
        plan_dataset(PrepareOptions(name="s", raw=options.raw, target_group_by="x"))


def test_files_of_one_name_are_two_samples(tmp_path: Path) -> None:
    pictures = smooth_images(8, 40)
    raw, target = write_all(tmp_path / "a", "s", pictures[:4]), write_all(tmp_path / "b", "s", pictures[4:])
    options = PrepareOptions(name="u", raw=(raw,), kind="unpaired", target=target, databar_rows=0)
    dataset = write_dataset(plan_dataset(options), tmp_path / "u")
    assert len(dataset.manifest.entries) == 8
    assert all(len(entry.arrays) == 1 for entry in dataset.manifest.entries)
    assert len({entry.name for entry in dataset.manifest.entries}) == 8
    for index in range(4):
        same = [entry for entry in dataset.manifest.entries if entry.group == f"s{index}"]
        assert len({entry.split for entry in same}) == 1
        stored = {entry.arrays[0].role: dataset.array(entry, entry.arrays[0].role)[..., 0] for entry in same}
        assert np.array_equal(stored["input"], pictures[index])
        assert np.array_equal(stored["target"], pictures[4 + index])


def test_the_command_takes_a_pattern_for_the_other_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    options = differently_named(tmp_path)
    arguments = ["prepare", str(options.raw[0]), "--target", str(options.target), "--kind", "unpaired", "--name", "u"]
    patterns = ["--group-by", r"^a(\d)", "--target-group-by", r"^x-(\d)", "--databar-rows", "0"]
    result = CliRunner().invoke(app, [*arguments, *patterns])
    assert result.exit_code == 0, result.output
    assert {entry.group for entry in open_dataset(tmp_path / "datasets" / "u").manifest.entries} == set("01234")
