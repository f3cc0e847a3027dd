"""Which files of the server a person may name: nothing leads out of the allowed folders."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.home import home
from pipelines.people.places import Places
from sem_models.errors import UserError
from tests.support.lab import ALICE, BOB, VERA, write_lab


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Roots `data` and `link`, which leads to `elsewhere/deep`; secrets lie beside them."""
    for name in ("data/session", "data2", "secret", "elsewhere/deep"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.tif").touch()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "deep")
    (tmp_path / "out").mkdir()
    return Places((tmp_path / "data", tmp_path / "link"), (tmp_path / "out",))


@pytest.mark.parametrize("name", ["data", "data/session", "data/session/a.tif", "data/new.tif", "link/a.tif", "out"])
def test_files_below_the_roots_are_read(name: str, places: Places, tmp_path: Path) -> None:
    places.require_readable(tmp_path / name)


@pytest.mark.parametrize(
    "name",
    [
        "secret/a.tif",
        "data2/a.tif",  # begins like a root
        "",
        "data/../secret/a.tif",
        "data/session/../../secret",
        "data/./../secret",
        "elsewhere/a.tif",
        "../../../../../../etc/passwd",
        "secret/missing.tif",
        "DATA/session",
        "da\u200bta/session",  # an invisible space
        "data/\u202efit.a",  # reads from right to left
        "data\n/session",
        "\uff44\uff41\uff54\uff41/session",  # full width
        "data\u2215session",  # a division slash is no separator
        "\u2024\u2024/secret/a.tif",  # one-dot leaders are no dots
    ],
)
def test_nothing_else_is_read(name: str, places: Places, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        places.require_readable(tmp_path / name)


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "/", "~/.ssh/id_rsa", "data/session", ".", "//etc", "/proc/self/environ"]
)
def test_paths_elsewhere_and_relative_ones_are_refused(
    text: str, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError):
        places.require_readable(Path(text))


def test_a_refusal_does_not_say_whether_the_file_exists(places: Places, tmp_path: Path) -> None:
    said = []
    for name in ("secret/a.tif", "secret/b.tif"):
        with pytest.raises(UserError) as caught:
            places.require_readable(tmp_path / name)
        said.append(str(caught.value).replace(name, "NAME"))
    assert said[0] == said[1]
    assert str(tmp_path / "data") in said[0], "it says which folders there are"


@pytest.mark.parametrize("target", ["../secret", "../secret/a.tif", "/etc/passwd", "../link/../../secret"])
def test_links_inside_a_folder_may_not_lead_out(target: str, places: Places, tmp_path: Path) -> None:
    (tmp_path / "data" / "session" / "way-out").symlink_to(tmp_path / "data" / target)
    for asked in ("data", "data/session", "data/session/way-out"):
        with pytest.raises(UserError):
            places.require_readable(tmp_path / asked)


def test_links_between_allowed_folders_and_dead_ones_are_harmless(places: Places, tmp_path: Path) -> None:
    (tmp_path / "data" / "b.tif").symlink_to(tmp_path / "link" / "a.tif")
    (tmp_path / "data" / "gone.tif").symlink_to(tmp_path / "data" / "missing.tif")
    places.require_readable(tmp_path / "data")


def test_a_circle_of_links_is_refused(places: Places, tmp_path: Path) -> None:
    one, two = tmp_path / "data" / "one", tmp_path / "data" / "two"
    one.symlink_to(two)
    two.symlink_to(one)
    with pytest.raises(UserError, match="cannot be followed"):
        places.require_readable(one)


def test_a_pipe_that_would_wait_for_ever_is_refused(places: Places, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "data" / "session" / "b.tif")
    with pytest.raises(UserError, match="neither a file nor a folder"):
        places.require_readable(tmp_path / "data")


@given(text=st.text(max_size=30))
def test_no_text_leads_out(text: str) -> None:
    """Whatever is admitted is, for the operating system, below the root."""
    root = Path("/nowhere/data")
    path = f"{root}/{text}".replace("\0", "\\0")
    try:
        Places((root,), ()).require_readable(Path(path))
    except UserError:
        return
    assert f"{os.path.realpath(path)}/".startswith(f"{root}/")


def test_results_go_into_folders_of_ones_own(places: Places, tmp_path: Path) -> None:
    places.require_writable(tmp_path / "out" / "new")
    for name in ("data", "out/../data", "secret", "out2"):
        with pytest.raises(UserError):
            places.require_writable(tmp_path / name)


def test_people_read_their_own_uploads_and_not_those_of_others(sem_home: Path) -> None:
    write_lab(sem_home, f'[roots]\nmember = ["{sem_home}/raw"]\n')
    (sem_home / "raw").mkdir()
    hers = home().uploads / ALICE.folder / "a.tif"
    Places.of(ALICE).require_readable(hers)
    Places.of(ALICE).require_readable(sem_home / "raw")
    for person, path in (
        (BOB, hers),
        (VERA, sem_home / "raw"),
        (ALICE, home().uploads),
        (ALICE, sem_home / "lab.toml"),
    ):
        with pytest.raises(UserError):
            Places.of(person).require_readable(path)


@pytest.mark.parametrize("levels", [0, 1])
def test_a_root_around_the_home_opens_nothing_of_others(levels: int, sem_home: Path) -> None:
    root = (sem_home, *sem_home.parents)[levels]
    write_lab(sem_home, f'[roots]\nmember = ["{root}"]\n')
    hers = home().uploads / ALICE.folder / "a.tif"
    hers.parent.mkdir(parents=True)
    hers.touch()
    Places.of(ALICE).require_readable(hers)
    for path in (hers, hers.parent, home().uploads, home().artifacts, sem_home / "lab.toml", sem_home, root):
        with pytest.raises(UserError):
            Places.of(BOB).require_readable(path)


def test_what_lies_beside_the_home_below_one_root_is_read(
    sem_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    beside = tmp_path_factory.mktemp("session")
    write_lab(sem_home, f'[roots]\nmember = ["{beside.parent}"]\n')
    Places.of(BOB).require_readable(beside)
    (beside / "way-in").symlink_to(sem_home / "lab.toml")
    with pytest.raises(UserError, match="leads out of the folders"):
        Places.of(BOB).require_readable(beside)


def test_a_root_in_the_home_is_meant(sem_home: Path) -> None:
    write_lab(sem_home, f'[roots]\nmember = ["{sem_home.parent}", "{sem_home}/raw"]\n')
    (sem_home / "raw").mkdir()
    Places.of(BOB).require_readable(sem_home / "raw")


def test_an_upload_folder_that_was_replaced_by_a_link_is_no_way_in(sem_home: Path) -> None:
    write_lab(sem_home)
    (home().uploads / ALICE.folder).mkdir(parents=True)
    (home().uploads / ALICE.folder / "x").symlink_to("/etc")
    with pytest.raises(UserError):
        Places.of(ALICE).require_readable(home().uploads / ALICE.folder / "x" / "passwd")
