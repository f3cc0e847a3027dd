"""The audit log: lines of several writers, and only added ones."""

import threading
from pathlib import Path

from pipelines.home import home
from pipelines.people.audit import read_audit, record
from tests.support.lab import ALICE, BOB


def test_lines_of_many_writers_stand_side_by_side(sem_home: Path) -> None:
    def write(person: object) -> None:
        for number in range(50):
            record(person, "make training", f"run {number}")  # type: ignore[arg-type]

    threads = [threading.Thread(target=write, args=(person,)) for person in (ALICE, BOB) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deeds = list(read_audit())
    assert len(deeds) == 200
    assert {(deed.person, deed.name, deed.role) for deed in deeds} == {
        (person.id, person.name, "member") for person in (ALICE, BOB)
    }


def test_a_thing_cannot_forge_a_line(sem_home: Path) -> None:
    record(ALICE, "register", 'x"}\n{"time": "1", "person": "bob')
    (deed,) = read_audit()
    assert deed.person == ALICE.id


def test_a_line_that_was_cut_off_is_shown_and_not_hidden(sem_home: Path) -> None:
    record(ALICE, "queue", "run 1")
    with home().audit.open("a") as log:
        log.write('{"time": "2026-')
    record(BOB, "cancel", "run 1")
    assert [deed.deed for deed in read_audit()] == ["queue", "unreadable line", "cancel"]


def test_only_the_account_of_the_workbench_reads_it(sem_home: Path) -> None:
    record(ALICE, "queue")
    assert home().audit.stat().st_mode & 0o077 == 0
