"""Groups in file names: proposals, elements, serial sections."""

import re
from collections import Counter

import pytest

from pipelines.cli.options import CommandLineWords
from sem_models.datasets.splits.advice import group_notes, propose_pattern
from sem_models.datasets.splits.elements import name_elements
from sem_models.datasets.splits.grouping import WHOLE_NAME, group_of, guess_group_pattern
from sem_models.datasets.splits.sections import find_sections


def files(*prefixes: str, count: int = 4, ending: str = ".tif") -> list[str]:
    return [f"{prefix}{index:02d}{ending}" for prefix in prefixes for index in range(count)]


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (files("Sc1_", "Sc2_"), {"sc1", "sc2"}),
        (files("C1-", "C2-", "C3-"), {"c1", "c2", "c3"}),
        (files("b07_", "b08_"), {"b07", "b08"}),
        (files("Fe_hot_", "Fe_cold_", "Fe_cast_"), {"fe_hot", "fe_cold", "fe_cast"}),
        (files("2024-01-05_run_", "2024-01-06_run_"), {"2024-01-05", "2024-01-06"}),
        ([f"{n:03d}_HAADF_Pt_{day}.tif" for n, day in enumerate(["20Oct", "21Oct"] * 4)], {"20oct", "21oct"}),
        ([f"{e}_site{n}.tif" for e in ("Al", "Fe", "Si") for n in range(3)], {"site0", "site1", "site2"}),
        (files("rolled", "cast"), {"rolled", "cast"}),
    ],
)  # fmt: skip
def test_the_proposed_pattern_finds_the_specimens(names: list[str], groups: set[str]) -> None:
    found = propose_pattern(names)
    assert found is not None
    assert {group_of(name, found.pattern) for name in names} == groups
    assert found.groups == len(groups)


def test_nothing_is_proposed_without_a_common_pattern() -> None:
    assert propose_pattern(["one.tif", "two.tif", "three.tif", "four.tif"]) is None
    assert propose_pattern([f"{n}.tif" for n in (1908248, 1908250, 1908252)]) is None


@pytest.mark.parametrize("names", [["Al", "Fe", "O"], ["FeKa1", "SiKa1", "OK"], ["PtM", "PtL", "Au"]])
def test_elements_are_no_specimens(names: list[str]) -> None:
    assert name_elements(names)
    assert guess_group_pattern([f"{name}_map{n}.tif" for name in names for n in range(2)]) == WHOLE_NAME


@pytest.mark.parametrize(
    "names", [["C1", "C2", "C10"], ["Sc1", "Sc2", "Sc3"], ["SK1", "SK2", "SK3"], ["al", "fe", "steel"]]
)
def test_specimens_are_no_elements(names: list[str]) -> None:
    assert not name_elements(names)
    assert guess_group_pattern([f"{name}_map{n}.tif" for name in names for n in range(2)]) != WHOLE_NAME


def notes(names: list[str], pattern: str, splits: list[str]) -> list[str]:
    groups = {name: group_of(name, pattern) for name in names}
    found = group_notes(groups, dict(zip(names, splits, strict=True)))
    return [note.render(CommandLineWords()) for note in found]


def test_groups_of_single_files_are_said_with_a_way_out() -> None:
    names = files("S1_", "S2_")
    (said,) = notes(names, WHOLE_NAME, ["train"] * 8)
    assert "each of the 8 files is a group of its own" in said
    assert r"use --group-by '^([A-Za-z]+\d+)' (2 groups; 3 are needed" in said
    (said,) = notes(["one.tif", "two.tif", "four.tif"], WHOLE_NAME, ["train"] * 3)
    assert "No part that their names share" in said
    assert notes(names, r"^(S\d)", ["train"] * 8) == []


@pytest.mark.parametrize("name", ["slice{:03d}.tif", "block-A_z{}.tif", "stem Section_{:02d}_5kV.tif", "{:04d}.png"])
def test_serial_sections_are_found_and_blocks_proposed(name: str) -> None:
    names = [name.format(index) for index in range(60)]
    (sections,) = find_sections(list(reversed(names)))
    assert sections.names == tuple(names)
    (said,) = notes(names, WHOLE_NAME, ["train", "test"] * 30)
    assert "59 of 59 pairs of neighbours are in two splits" in said
    proposed = sections.block_pattern()
    assert proposed is not None and proposed[1:] == (10, 6)
    blocks = Counter(re.search(proposed[0], one)[1] for one in names)  # type: ignore[index]
    assert sorted(blocks.values()) == [10] * 6


def test_few_sections_blocks_and_gaps() -> None:
    names = [f"slice{index:02d}.tif" for index in range(14)]
    (said,) = notes(names, WHOLE_NAME, ["train"] * 13 + ["test"])
    assert "1 of 13 pairs" in said and "14 sections are too few for three blocks" in said
    (said,) = notes(names, r"^(slice\d)", ["train"] * 10 + ["test"] * 4)
    assert "1 of 13 pairs" in said and "--group-by" not in said
    assert notes(names, r"^(slice\d)", ["train"] * 14) == []
    assert find_sections([f"{number}.tif" for number in range(100, 200, 2)]) == [], "half of the numbers are missing"
    assert find_sections(files("S1_", "img")) == [] and find_sections([f"s.tif#{n}" for n in range(9)]) == []
    (large,) = find_sections([f"slice{index:04d}.tif" for index in range(1200)])
    assert large.block_pattern() is not None and large.block_pattern()[1:] == (100, 12)  # type: ignore[index]
