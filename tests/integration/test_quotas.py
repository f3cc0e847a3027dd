"""How much a person uses, and that more is refused with what is used, what is allowed and what to do."""

import contextlib
import io
import re
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.data.uploads import keep_upload, require_unpacked
from pipelines.home import TaskFile, home
from pipelines.jobs import control, queue, quotas
from pipelines.jobs.executor import LocalExecutor
from pipelines.jobs.liveness import this_process
from pipelines.jobs.quotas import Usage, device_hours, require_quota, usage_of
from pipelines.jobs.tasks import list_tasks, start_task
from pipelines.people.audit import read_audit
from pipelines.people.dataset_owner import own_dataset
from pipelines.people.person import Person, local_person
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import create_run, get_run, set_status, set_tags
from pipelines.train.interpolate import interpolate
from pipelines.train.metering import metered
from pipelines.train.requests import InterpolateRequest
from sem_models.errors import UserError
from tests.support.lab import ALICE, BOB, VERA, write_lab


def test_usage_is_that_of_one_person(sem_home: Path) -> None:
    hers, his = (create_run("sem", "r", "training", {}, {}, by=person) for person in (ALICE, BOB))
    for person in (ALICE, BOB):
        for place in (home().uploads / person.folder, home().results / person.folder / "deep"):
            place.mkdir(parents=True)
            (place / "a").write_bytes(bytes(1000))
    for name, person in (("d", ALICE), ("e", BOB)):
        (home().datasets / name).mkdir(parents=True)
        (home().datasets / name / "a.npy").write_bytes(bytes(10_000))
        own_dataset(name, person)
    (home().work / hers).mkdir(parents=True)
    (home().work / hers / "a").write_bytes(bytes(100_000))
    (home().uploads / ALICE.folder / "link").symlink_to("/usr")
    queue.enqueue(his)
    set_tags(hers, {Tag.DEVICE_SECONDS: "5400"})
    set_status(hers, "RUNNING")
    set_tags(hers, {Tag.DEVICE_SINCE: f"{time.time() - 1800:.0f}", Tag.DEVICES: "3"})
    hers_used, his_used = (usage_of(person.id, person.folder) for person in (ALICE, BOB))
    assert hers_used.disk_gb * 1e9 == pytest.approx(112_000, abs=500)  # owner.json and the link are small
    assert hers_used.device_hours == pytest.approx(1.5 + 3 * 0.5, abs=0.01)
    assert (hers_used.queued, his_used.queued, his_used.device_hours) == (0, 1, 0)


def test_the_time_of_a_training_adds_up_over_its_resumes(sem_home: Path) -> None:
    run_id = create_run("sem", "r", "training", {}, {})
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt), metered(run_id, devices=1000):
            time.sleep(0.01)
            raise KeyboardInterrupt
        assert time.monotonic() - began >= 0.01
    seconds = float(get_run(run_id).tags[Tag.DEVICE_SECONDS])
    assert seconds >= 2 * 10, "two times ten milliseconds on a thousand devices"


@pytest.mark.parametrize(("resumed_days_ago", "hours"), [(None, 0), (40, 0), (10, 100)])
def test_an_old_training_counts_if_it_was_resumed_since(
    resumed_days_ago: int | None, hours: float, sem_home: Path
) -> None:
    run_id = create_run("sem", "r", "training", {}, {}, by=ALICE)
    set_tags(run_id, {Tag.DEVICE_SECONDS: "360000"})
    if resumed_days_ago:
        set_tags(run_id, {Tag.DEVICE_SINCE: f"{time.time() - resumed_days_ago * 86400:.0f}"})
    set_status(run_id, "KILLED")
    old = replace(get_run(run_id), started=datetime.now(UTC) - timedelta(days=50))
    assert device_hours(old) == hours


@pytest.mark.parametrize(
    ("quota", "used", "said"),
    [
        ("queued = 2", Usage(0, 2, 0), "You have 2 trainings that wait or run, and 2 are allowed; wait"),
        ("device_hours = 40", Usage(0, 0, 40.04), "took 40.0 hours, and 40 are allowed"),
        ("disk_gb = 0.5", Usage(0.512, 0, 0), "Your files take 0.512 GB, and 0.5 GB are allowed; delete"),
    ],
)
def test_a_refusal_says_what_is_used_and_allowed(
    quota: str, used: Usage, said: str, sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lab(sem_home, f"[quotas.member]\n{quota}\n")
    monkeypatch.setattr("pipelines.jobs.quotas.usage_of", lambda *_: used)
    with pytest.raises(UserError, match=re.escape(said)):
        require_quota(ALICE)
    require_quota(local_person())
    require_quota(VERA)
    monkeypatch.setattr("pipelines.jobs.quotas.usage_of", lambda *_: Usage(0.49, 1, 39.9))
    require_quota(ALICE)


def test_nothing_is_started_or_left_behind_beyond_the_quota(sem_home: Path) -> None:
    write_lab(sem_home, "[quotas.member]\nqueued = 0\n")
    run_id = create_run("sem", "r", "training", {}, {}, by=ALICE)
    set_status(run_id, "KILLED")
    for attempt in (
        lambda: control.resume(run_id, ALICE),
        lambda: start_task(RegisterRequest(run=run_id, name="m"), ALICE),
    ):
        with pytest.raises(UserError, match="0 are allowed"):
            attempt()
    assert queue.jobs() == []
    assert list_tasks() == []
    assert get_run(run_id).status == "KILLED"


def test_other_work_is_bounded_by_the_number_that_goes_on(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lab(sem_home, "[quotas.member]\ntasks = 2\n")
    monkeypatch.setattr(LocalExecutor, "launch", lambda *_: this_process())
    hers = [create_run("sem", "r", "training", {}, {}, by=ALICE) for _ in range(2)]
    for run_id in hers:
        start_task(RegisterRequest(run=run_id, name="m"), ALICE)
    with pytest.raises(UserError, match="You have 2 tasks in the background, and 2 are allowed"):
        start_task(RegisterRequest(run=hers[0], name="m"), ALICE)
    his = create_run("sem", "r", "training", {}, {}, by=BOB)
    start_task(RegisterRequest(run=his, name="m"), BOB)
    assert len(list_tasks()) == 3
    first = next(task for task in list_tasks() if task.owner == ALICE.id)
    (home().tasks / first.task_id / TaskFile.ENDED).write_text('{"status": 0}')
    start_task(RegisterRequest(run=hers[0], name="m"), ALICE)


def at_once(count: int, work: Callable[[int], object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Do something in several windows, each of which counts before any other has written; return the refusals."""
    counting = threading.Barrier(count)
    counted = quotas.usage_of

    def together(*of: str) -> Usage:
        used = counted(*of)
        with contextlib.suppress(threading.BrokenBarrierError):
            counting.wait(0.2)
        return used

    refused: list[str] = []

    def window(index: int) -> None:
        try:
            work(index)
        except UserError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=window, args=(index,)) for index in range(count)]
    with monkeypatch.context() as changed:
        changed.setattr(quotas, "usage_of", together)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return refused


def test_many_windows_at_once_find_room_for_as_many_as_are_allowed(
    sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lab(sem_home, "[quotas.member]\nqueued = 2\n")
    runs = [create_run("sem", "r", "training", {}, {}, by=ALICE) for _ in range(6)]
    monkeypatch.setattr(control, "_launch", lambda *_: None)
    refused = at_once(6, lambda index: control.submit(runs[index], by=ALICE), monkeypatch)
    assert len(queue.jobs()) == 2
    assert len(refused) == 4


def test_many_uploads_at_once_find_room_for_as_much_as_is_allowed(
    sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lab(sem_home, "[quotas.member]\ndisk_gb = 0.001\n")
    hers = home().uploads / ALICE.folder

    def upload(index: int) -> None:
        keep_upload(hers / str(index), "a.bin", bytes(900_000), ALICE, lambda *_: None)

    refused = at_once(6, upload, monkeypatch)
    assert len(list(hers.glob("*/a.bin"))) == 2, "the second one is the first beyond what is allowed"
    assert ["0.001 GB are allowed" in said for said in refused] == [True] * 4


def test_mixing_weights_counts_as_work(sem_home: Path) -> None:
    write_lab(sem_home, "[quotas.member]\ndisk_gb = 0.000001\n")
    keep_upload(home().uploads / ALICE.folder / "x", "a.bin", bytes(1001), ALICE, lambda *_: None)
    run_id = create_run("sem", "r", "training", {}, {}, by=ALICE)
    with pytest.raises(UserError, match="1e-06 GB are allowed"):
        interpolate(InterpolateRequest(run_id=run_id), ALICE)


def png(shape: tuple[int, int], path: Path, **options: object) -> bytes:
    Image.fromarray(np.zeros(shape, np.uint8)).save(path, "PNG", **options)
    return path.read_bytes()


def test_uploads_are_bounded_in_bytes_pixels_and_what_they_decode_to(sem_home: Path, tmp_path: Path) -> None:
    write_lab(sem_home, settings="upload_mb = 1\nupload_megapixels = 2\nupload_decoded_mb = 3\n[roles]\n")
    folder = home().uploads / ALICE.folder / "steel"
    small = png((1000, 1000), tmp_path / "small.png")
    assert keep_upload(folder, "S1 [a]#1.png", small, ALICE).read_bytes() == small
    pages = [Image.fromarray(np.full((1000, 1500), value, np.uint8)) for value in (1, 2, 3)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:], compression="tiff_deflate")
    for name, content, said in (
        ("large.png", bytes(1_000_001), "large.png has 1 MB, and 1 MB are allowed"),
        ("many.png", png((2000, 1001), tmp_path / "many.png"), "at most 2,000,000 are allowed"),
        ("stack.tif", (tmp_path / "stack.tif").read_bytes(), "stack.tif: its pages take more than 3 MB when decoded"),
        ("text.png", b"no image", "text.png: "),
        ("..", small, "rename the file"),
        ("a\u202egnp.png", small, "rename the file"),
        (".htaccess", small, "rename the file"),
    ):
        with pytest.raises(UserError) as caught:
            keep_upload(folder, name, content, ALICE)
        assert said in str(caught.value)
    assert [path.name for path in folder.iterdir()] == ["S1 [a]#1.png"]
    assert keep_upload(folder, "../../../etc/S2.png", small, ALICE).parent == folder
    assert keep_upload(folder, r"C:\data\S3.png", small, ALICE).name == "S3.png"
    with pytest.raises(UserError, match="the role member is needed"):
        keep_upload(folder, "S4.png", small, VERA)
    assert {deed.deed for deed in read_audit()} == {"upload", "refused"}


def test_the_file_of_a_model_may_not_unpack_to_more_than_is_allowed(sem_home: Path) -> None:
    write_lab(sem_home, settings="upload_mb = 1\nupload_megapixels = 2\nupload_decoded_mb = 3\n[roles]\n")
    folder = home().uploads / ALICE.folder / "models"
    for megabytes, is_kept in ((2, True), (4, False)):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data/0", bytes(megabytes * 10**6))
        name = f"{megabytes}.zip"
        if is_kept:
            keep_upload(folder, name, packed.getvalue(), ALICE, require_unpacked)
        else:
            with pytest.raises(UserError, match=f"{name}: it takes more than 3 MB when unpacked"):
                keep_upload(folder, name, packed.getvalue(), ALICE, require_unpacked)
    assert [path.name for path in folder.iterdir()] == ["2.zip"]


def test_a_desk_keeps_whatever_it_is_sent(sem_home: Path) -> None:
    """The page says what is wrong with a file when it reads it."""
    person: Person = local_person()
    assert keep_upload(home().uploads / "x", "notes.tif", b"no image", person).read_bytes() == b"no image"
    assert not home().audit.exists()
