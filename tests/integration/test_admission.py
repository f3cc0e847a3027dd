"""What people may ask for, wherever the request was made; and what the audit log says of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.data.find import find_dataset
from pipelines.data.prepare import prepare
from pipelines.data.requests import PrepareRequest
from pipelines.evaluate.requests import CompareRequest, EvaluateRequest
from pipelines.home import TaskFile, home
from pipelines.jobs import control, queue
from pipelines.jobs.admission import admit
from pipelines.jobs.executor import LocalExecutor
from pipelines.jobs.liveness import describe
from pipelines.jobs.sharing import share_dataset, share_run
from pipelines.jobs.tasks import cancel_task, list_tasks, start_task, task_state
from pipelines.model_ref import RegistryRef
from pipelines.people.acting import act_for, act_for_many, acting_person
from pipelines.people.audit import read_audit
from pipelines.people.dataset_owner import dataset_ownership, own_dataset
from pipelines.people.permissions import Ownership
from pipelines.people.person import Person, local_person
from pipelines.predict.requests import PredictRequest, SynthesiseRequest
from pipelines.release.licence import state_licence
from pipelines.release.promote import promote
from pipelines.release.register import register
from pipelines.release.requests import PromoteRequest, RegisterRequest
from pipelines.request import Request
from pipelines.tracking import registry
from pipelines.tracking.artifacts import list_files
from pipelines.tracking.registry import register_model
from pipelines.tracking.runs import create_run, get_run, set_status
from pipelines.tracking.store import client
from pipelines.tracking.versions import list_versions
from pipelines.train.requests import InterpolateRequest, ProbeRequest, TrainRequest
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network
from tests.support.lab import ADA, ALICE, BOB, VERA, write_lab


@pytest.fixture
def hers(sem_home: Path, small_dataset: Dataset) -> str:
    """A finished run of Alice, on her dataset `small`."""
    write_lab(sem_home, f'[roots]\nmember = ["{sem_home}/raw"]\n')
    own_dataset("small", ALICE)
    run_id = create_run("sem", "hers", "training", {}, {}, by=ALICE)
    set_status(run_id, "FINISHED")
    return run_id


Ask = Callable[[str, Path], Request]
OUT = "results/{}/x"


def out(home_folder: Path, person: Person = BOB) -> Path:
    return home_folder / OUT.format(person.folder)


NLM = "baseline:nlm"
REQUESTS: dict[str, tuple[Ask, str]] = {
    "another's run is evaluated": (lambda run, _: EvaluateRequest(model=run, dataset="shared"), "Run"),
    "another's dataset is scored on": (lambda *_: EvaluateRequest(model=NLM, dataset="small"), "Dataset small"),
    "another's dataset is trained on": (lambda *_: TrainRequest(recipe="r", dataset="small"), "Dataset small"),
    "another's weights are started from": (lambda run, _: TrainRequest(recipe="r", dataset="other", init=run), "Run"),
    "another's recipe is taken over": (lambda run, _: TrainRequest(branch=run, dataset="other"), "Run"),
    "another's recipe is measured": (lambda run, _: ProbeRequest(branch=run, dataset="other"), "Run"),
    "another's run is compared": (lambda run, _: CompareRequest(run_ids=[f"{run}:backward"]), "Run"),
    "another's run is the reference": (lambda run, _: CompareRequest(experiment="sem", reference=run), "Run"),
    "another's ends are mixed": (lambda run, _: InterpolateRequest(run_id=run), "Run"),
    "another's run is registered": (lambda run, _: RegisterRequest(run=run, name="m"), "Run"),
    "another's model is applied": (lambda run, p: PredictRequest(model=run, inputs=[p / "raw"], out=out(p)), "Run"),
    "files elsewhere are read": (
        lambda _, p: PredictRequest(model=NLM, inputs=[p / "raw", Path("/etc/x.tif")], out=out(p)), "/etc/x.tif",
    ),
    "extra inputs elsewhere": (
        lambda _, p: PredictRequest(model=NLM, inputs=[p / "raw"], extra_inputs=["/etc"], out=out(p)), "/etc",
    ),
    "masks elsewhere": (lambda _, p: SynthesiseRequest(model="models:/m@a", masks=Path("/etc"), out=out(p)), "/etc"),
    "targets elsewhere": (
        lambda _, p: PrepareRequest(name="n", raw=[p / "raw"], kind="paired", target=Path("/etc")), "/etc",
    ),
    "results go elsewhere": (
        lambda _, p: PredictRequest(model=NLM, inputs=[p / "raw"], out=p / "datasets"), "folder for results",
    ),
    "results go to somebody else": (
        lambda _, p: PredictRequest(model=NLM, inputs=[p / "raw"], out=out(p, ALICE)), "folder for results",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REQUESTS)
def test_members_use_only_what_is_theirs_or_shared(what: str, hers: str, sem_home: Path, raw_images: Path) -> None:
    ask, said = REQUESTS[what]
    with pytest.raises(UserError) as caught:
        admit(ask(hers, sem_home), BOB)
    assert said in str(caught.value)
    (deed,) = [deed for deed in read_audit() if deed.deed == "refused"]
    assert (deed.person, said in deed.thing) == (BOB.id, True)
    admit(ask(hers, sem_home), local_person())


def test_suggestions_name_only_what_a_person_may_see(hers: str, sem_home: Path) -> None:
    asked = {"run": lambda: get_run(hers[:8]), "dataset": lambda: find_dataset("smal")}
    for person, told in ((ALICE, True), (ADA, True), (BOB, False)):
        act_for(person)
        for what, ask in asked.items():
            with pytest.raises(UserError) as caught:
                ask()
            assert ("Did you mean" in str(caught.value)) == told, (person, what)
    act_for_many()
    for ask in asked.values():
        with pytest.raises(UserError) as caught:
            ask()
        assert "Did you mean" not in str(caught.value)


def test_own_and_shared_things_are_admitted(hers: str, sem_home: Path, raw_images: Path) -> None:
    asked = EvaluateRequest(model=hers, dataset="small")
    for person in (ALICE, ADA):
        admit(asked, person)
    share_run(hers, True, ALICE)
    share_dataset("small", True, ALICE)
    admit(asked, BOB)
    admit(PredictRequest(model=hers, inputs=[raw_images], out=out(sem_home)), BOB)
    share_dataset("small", False, ADA)
    assert dataset_ownership("small") == Ownership(ALICE.id)
    with pytest.raises(UserError, match="Dataset small"):
        admit(asked, BOB)
    for change in (lambda: share_run(hers, False, BOB), lambda: share_dataset("small", True, BOB)):
        with pytest.raises(UserError, match="belongs to somebody else"):
            change()


@pytest.mark.parametrize("name", ["\uff53mall", "sma\u2113l", "sm\u00aall"])
def test_another_way_to_write_the_name_of_a_dataset_is_no_way_in(name: str, hers: str) -> None:
    """It opens the dataset of that name in NFKC, and so has to be as private."""
    assert find_dataset(name).folder.name == "small"
    assert dataset_ownership(name) == Ownership(ALICE.id)
    with pytest.raises(UserError, match="belongs to somebody else"):
        admit(EvaluateRequest(model=NLM, dataset=name), BOB)
    admit(EvaluateRequest(model=NLM, dataset=name), ALICE)


def test_viewers_start_nothing(hers: str) -> None:
    share_run(hers, True, ALICE)
    with pytest.raises(UserError, match="the role member is needed"):
        start_task(RegisterRequest(run=hers, name="m"), VERA)
    assert list_tasks() == []


def test_only_the_owner_and_admins_cancel_and_resume(hers: str) -> None:
    waiting = create_run("sem", "waiting", "training", {}, {}, by=ALICE)
    queue.enqueue(waiting)
    for attempt in (lambda: control.cancel(waiting, BOB), lambda: control.resume(waiting, BOB)):
        with pytest.raises(UserError, match="belongs to somebody else"):
            attempt()
    job = queue.find(waiting)
    assert job is not None
    assert not job.cancelled
    control.cancel(waiting, ADA)
    job = queue.find(waiting)
    assert job is not None
    assert job.cancelled
    assert [(deed.person, deed.thing) for deed in read_audit() if deed.deed == "cancel"] == [(ADA.id, f"run {waiting}")]


def test_changes_that_are_refused_stand_in_the_log(hers: str, raw_images: Path) -> None:
    share_run(hers, True, ALICE)
    waiting = create_run("sem", "waiting", "training", {}, {}, by=ALICE)
    queue.enqueue(waiting)
    name_of_alice(hers)
    act_for(BOB)
    attempts: list[tuple[str, Callable[[], object]]] = [
        (f"Run {waiting}", lambda: control.cancel(waiting, BOB)),
        (f"Run {hers}", lambda: share_run(hers, False, BOB)),
        ("Dataset small", lambda: share_dataset("small", True, BOB)),
        ("The dataset small", lambda: prepare(PrepareRequest(name="small", raw=[raw_images]))),
        ("The registered model steel", lambda: promote(PromoteRequest(model="models:/steel/1"), BOB)),
        ("The registered model steel", lambda: state_licence(RegistryRef("steel", version="1"), "CC0", BOB)),
    ]
    for thing, attempt in attempts:
        before = len(list(read_audit()))
        with pytest.raises(UserError, match="belongs to somebody else"):
            attempt()
        (line,) = list(read_audit())[before:]
        assert (line.person, line.deed) == (BOB.id, "refused")
        assert thing in line.thing
    with pytest.raises(UserError, match="the role member is needed"):
        control.cancel(waiting, VERA)
    assert list(read_audit())[-1].person == VERA.id


def test_a_licence_that_is_stated_stands_in_the_log(hers: str) -> None:
    name_of_alice(hers)
    state_licence(RegistryRef("steel", version="1"), " CC0-1.0 ", ALICE)
    (version,) = list_versions()
    assert version.tags["sem.licence"] == "CC0-1.0"
    last = list(read_audit())[-1]
    assert (last.person, last.deed, last.thing) == (ALICE.id, "licence", "steel, version 1")


def name_of_alice(run_id: str) -> None:
    client().create_registered_model("steel", tags={"sem.owner": ALICE.id})
    client().create_model_version("steel", "nowhere", run_id, tags={"sem.owner": ALICE.id})


def test_a_name_that_somebody_else_registered_is_not_taken_away(hers: str) -> None:
    name_of_alice(hers)
    his = create_run("sem", "his", "training", {}, {}, by=BOB)
    act_for(BOB)
    with pytest.raises(UserError, match="The registered model steel belongs to somebody else"):
        register(RegisterRequest(run=his, name="steel"))


def test_a_name_stays_that_of_its_first_owner_when_an_admin_registers_a_run_of_another(hers: str) -> None:
    name_of_alice(hers)
    his = create_run("sem", "his", "training", {}, {}, by=BOB)
    client().create_model_version("steel", "nowhere", his, tags={"sem.owner": BOB.id})
    assert promote(PromoteRequest(model="models:/steel/2"), ALICE).version == "2"
    with pytest.raises(UserError, match="The registered model steel belongs to somebody else"):
        promote(PromoteRequest(model="models:/steel/2"), BOB)


def test_a_name_without_owner_is_that_of_its_oldest_version_or_else_of_admins(hers: str) -> None:
    """As earlier versions of the program, and a store that was read back, left it."""
    client().create_registered_model("steel")
    for owner in (ALICE, BOB):
        client().create_model_version("steel", "nowhere", hers, tags={"sem.owner": owner.id})
    client().create_registered_model("iron")
    for name, person in (("steel", ALICE), ("steel", ADA), ("iron", ADA)):
        registry.require_own_name(name, person)
    for name, person in (("steel", BOB), ("iron", ALICE)):
        with pytest.raises(UserError, match="belongs to somebody else"):
            registry.require_own_name(name, person)


def test_a_task_knows_whose_it_is_and_is_checked_again_when_it_begins(
    hers: str, sem_home: Path, raw_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.cli.task import main

    monkeypatch.setattr(LocalExecutor, "launch", lambda *_: describe(0))
    task = start_task(PrepareRequest(name="mine", raw=[raw_images]), BOB)
    assert task_state(task).ownership == Ownership(BOB.id)
    with pytest.raises(UserError, match="belongs to somebody else"):
        cancel_task(task, ALICE)
    (raw_images / "way-out.tif").symlink_to("/etc/passwd")
    assert main(home().tasks / task) == 2
    outcome = json.loads((home().tasks / task / TaskFile.OUTCOME).read_text())
    assert "leads out of the folders" in str(outcome["error"])
    (raw_images / "way-out.tif").unlink()
    assert main(home().tasks / task) == 0
    assert acting_person() == BOB
    assert dataset_ownership("mine") == Ownership(BOB.id)
    run_id = json.loads((home().tasks / task / TaskFile.OUTCOME).read_text())["result"]["run_id"]
    assert get_run(run_id).ownership == Ownership(BOB.id)


def test_a_dataset_of_somebody_else_is_not_prepared_again(
    hers: str, raw_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.data.prepare.acting_person", lambda: BOB)
    with pytest.raises(UserError, match="belongs to somebody else"):
        prepare(PrepareRequest(name="small", raw=[raw_images]))


def test_the_dashboard_of_a_lab_does_nothing_for_nobody(sem_home: Path) -> None:
    assert acting_person() == local_person()
    act_for_many()
    with pytest.raises(RuntimeError, match="say for whom"):
        create_run("sem", "r", "training", {}, {})


def test_of_two_people_who_register_a_new_name_at_once_one_is_refused(
    hers: str, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bob comes when the files of Alice's model are being written, and no version has the name yet: it is hers."""
    made = tmp_path / "model"
    made.mkdir()
    save_model(made, tiny_recipe, build_network(tiny_recipe.network).state_dict())
    his = create_run("sem", "his", "training", {}, {}, by=BOB)
    write, turns, said = registry.save_served, iter(["alice"]), []

    def slowly(folder: Path, target: Path, run_id: str) -> None:
        if next(turns, None):
            with pytest.raises(UserError) as refused:
                register_model(his, made, "steel", "champion", {}, BOB)
            said.append(str(refused.value))
        write(folder, target, run_id)

    monkeypatch.setattr(registry, "save_served", slowly)
    assert register_model(hers, made, "steel", "champion", {}, ALICE) == "1"
    assert "The registered model steel belongs to somebody else" in said[0]
    assert [(version.version, version.run_id) for version in list_versions()] == [("1", hers)]
    assert list_files(his) == [], "a registration that is refused leaves no files"
    assert register_model(hers, made, "steel", None, {}, ALICE) == "2"
    assert register_model(his, made, "steel", None, {}, ADA) == "3"
