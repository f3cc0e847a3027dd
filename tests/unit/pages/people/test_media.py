"""Pictures and downloads: of one person each, however they are made, and also where two are equal."""

from pathlib import Path

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from pages.people import media
from pages.people.media import is_of, name_files_by_person
from pipelines.people.claims import NotSignedIn
from pipelines.people.person import Person
from tests.support.lab import ALICE, BOB

LARGE = 3 * 2**20


class Page:
    """Whose page is being made."""

    person: Person | None = ALICE


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> type[Page]:
    def signed_in() -> Person:
        if Page.person is None:
            raise NotSignedIn("Nobody is signed in.")
        return Page.person

    monkeypatch.setattr(media, "signed_in", signed_in)
    monkeypatch.setattr(Page, "person", ALICE)
    return Page


@pytest.fixture
def manager() -> MediaFileManager:
    made = MediaFileManager(MemoryMediaFileStorage("/media"))
    name_files_by_person(made)
    return made


def shown(manager: MediaFileManager, content: bytes | str, kind: str = "image/png") -> str:
    """Put a file on the page; the name in its address."""
    return manager.add(content, kind, "1.2").removeprefix("/media/")


def content_of(manager: MediaFileManager, name: str) -> bytes:
    file = manager.read_file(name)
    assert file
    return file.content


def test_equal_files_of_two_people_have_two_addresses(
    page: type[Page], manager: MediaFileManager, tmp_path: Path
) -> None:
    hers = shown(manager, b"the same")
    page.person = BOB
    (tmp_path / "file").write_bytes(b"the same")
    his = shown(manager, str(tmp_path / "file"))
    assert hers != his
    assert hers.endswith(".png")
    assert [is_of(hers, ALICE), is_of(hers, BOB), is_of(his, ALICE), is_of(his, BOB)] == [True, False, False, True]
    assert content_of(manager, hers) == content_of(manager, his) == b"the same"
    page.person = ALICE
    assert shown(manager, b"the same") == hers, "a browser keeps what it has"
    assert shown(manager, b"the same", "image/gif") != hers


def test_large_files_that_differ_anywhere_are_two(page: type[Page], manager: MediaFileManager) -> None:
    """Streamlit looks at three parts of a large file only, and would send the first one for both."""
    one, other = bytearray(LARGE), bytearray(LARGE)
    other[LARGE // 4] = 1
    plain = MediaFileManager(MemoryMediaFileStorage("/media"))
    assert shown(plain, bytes(one)) == shown(plain, bytes(other))
    names = [shown(manager, bytes(content)) for content in (one, other)]
    assert [content_of(manager, name) for name in names] == [bytes(one), bytes(other)]


def test_what_is_shown_before_the_sign_in_is_nobodys(page: type[Page], manager: MediaFileManager) -> None:
    page.person = None
    name = shown(manager, b"an icon")
    assert not is_of(name, ALICE) and not is_of(name, BOB)
