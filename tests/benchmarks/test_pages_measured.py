"""The benchmark of the pages drops no action: what is in no group of clicks is in that of visits, and all is in one."""

from benchmarks.dashboard.measure import EVERYTHING, Action, Group, in_groups


def action(group: Group, *wall_ms: float) -> Action:
    return Action("", group, list(wall_ms), [1.0] * len(wall_ms), [1.0] * len(wall_ms))


def test_visits_by_address_are_a_group_of_their_own_and_part_of_everything() -> None:
    found = in_groups([action(Group.CLICK, 100, 200), action(Group.ADDRESS, 900), action(Group.CLICK, 300)])
    assert {name: (facts["n"], facts["median_ms"], facts["slowest_ms"]) for name, facts in found.items()} == {
        Group.CLICK.value: (3, 200, 300),
        Group.ADDRESS.value: (1, 900, 900),
        EVERYTHING: (4, 250, 900),
    }
