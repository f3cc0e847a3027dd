"""Suggestions for names that do not exist."""

import pytest

from sem_models.config.presets.table import RECIPES, find_recipe
from sem_models.errors import UserError
from sem_models.suggestions import closest, did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("steal", ["steel", "ceramic"], "Did you mean steel?"),
        ("STEEL", ["steel"], "Did you mean steel?"),
        ("qqq", ["steel", "ceramic"], "There are steel and ceramic."),
        ("qqq", ["steel"], "There is steel."),
        ("qqq", [], "There is none yet."),
        ("qqq", [f"set-{i}" for i in range(9)], "No name is similar; there are 9, for example set-0, set-1 and set-2."),
    ],
)
def test_similar_names_else_all_else_some(name: str, known: list[str], said: str) -> None:
    assert did_you_mean(name, known) == said


def test_a_dropped_doubled_or_exchanged_letter_of_every_recipe_is_understood() -> None:
    for name in RECIPES:
        middle = len(name) // 2
        for wrong in (name[:-1], name[:middle] + name[middle] + name[middle:], name.upper()):
            assert wrong in RECIPES or name in closest(wrong, RECIPES), wrong


def test_a_wrong_recipe_does_not_list_all() -> None:
    with pytest.raises(UserError, match=r"There is no recipe 'srresnet-x4-smal'\. Did you mean srresnet-x4-small") as e:
        find_recipe("srresnet-x4-smal")
    assert sum(name in str(e.value) for name in RECIPES) <= 6
