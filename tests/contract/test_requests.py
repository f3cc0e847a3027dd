"""One request for each use case, shared by command line, pages, scripts and jobs, each with its own wording."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
import typer

from pages.widgets.words import LABELS, PageWords, on_page
from pipelines.__main__ import app
from pipelines.cli.options import CommandLineWords, option
from pipelines.cli.task import USE_CASES
from pipelines.jobs.admission import inner_marks
from pipelines.names import Names
from pipelines.request import Request
from sem_models.errors import FieldRef, Message, SettingRef, UserError

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = [use_case.request for use_case in USE_CASES.values()]
FIELDS = sorted({name for request in REQUESTS for name in request.model_fields})
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
COMMANDS = {"resume": "train", "probe": "train", "find-rate": "train", "study-create": "study create"}
"""Use cases whose command is called otherwise."""
ELSEWHERE = {"resume": {"run_id"}}
"""`train --resume RUN_ID`."""
NAMES_NOTHING = {
    *("about", "origin", "licence", "author", "realism", "changes", "recipe", "metric", "host"),
    *("mask_suffix", "group_by", "target_group_by", "test_groups", "corrections"),
    # New names, and those inside what another field names.
    *("name", "alias", "image"),
    # `train` makes it or adds to it, `compare` leaves out what the person may not see.
    "experiment",
}
"""Fields of free text that need not say what they name, since nobody is kept from it."""
SPELLED = (
    "pipelines/cli/",
    "pipelines/jobs/",
    "pipelines/train/worker.py",
    "pipelines/tracking/run_facts.py",
    "pipelines/release/serve.py",
)
"""Where options are those of a command line, ours or that of another program."""


def sources() -> Iterator[Path]:
    for folder in ("sem_models", "pipelines"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not str(path.relative_to(ROOT)).startswith(SPELLED):
                yield path


def command_of(use_case: str) -> typer.core.TyperCommand:
    found = typer.main.get_command(app)
    for word in COMMANDS.get(use_case, use_case).split():
        found = found.commands[word]
    return found


@pytest.mark.parametrize("use_case", USE_CASES)
def test_every_field_is_an_option_or_argument_of_the_command(use_case: str) -> None:
    """Under the name that messages use."""
    parameters = command_of(use_case).params
    arguments = {parameter.name for parameter in parameters if isinstance(parameter, typer.core.TyperArgument)}
    options = {name for parameter in parameters for name in parameter.opts}
    fields = set(USE_CASES[use_case].request.model_fields) - ELSEWHERE.get(use_case, set())
    assert {name for name in fields - arguments if option(name) not in options} == set()


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda request: request.use_case)
def test_every_field_is_described_and_says_its_unit(request_type: type[Request]) -> None:
    for name in request_type.model_fields:
        assert request_type.description(name)
        if name.endswith(("_nm", "_px")):
            text = request_type.description(name)
            assert name[-2:] in text or "pixel" in text, f"{name}: {text}"


def parts(annotation: object) -> Iterator[object]:
    """A type and all that it is made of, but not the values of a choice."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from parts(part)


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda request: request.use_case)
def test_every_text_says_whether_it_names_somebodys_run_or_dataset(request_type: type[Request]) -> None:
    """Otherwise whoever asks may name those of others: admission goes by the marks and by the types alone."""
    for name, field in request_type.model_fields.items():
        marks = [*field.metadata, *inner_marks(field.annotation)]
        if str in parts(field.annotation) and name not in NAMES_NOTHING:
            assert any(isinstance(mark, Names) for mark in marks), name
        if Path in parts(field.annotation):
            assert field.annotation in (Path, Path | None, tuple[Path, ...]), name


@pytest.mark.parametrize("name", FIELDS)
def test_both_front_ends_have_a_name_for_every_field(name: str) -> None:
    asked = Message("give ", FieldRef(name), " or ", FieldRef(name, "3"), ".")
    assert asked.render(CommandLineWords()) == f"give {option(name)} or {option(name)} 3."
    assert OPTION.fullmatch(option(name))
    shown = on_page(asked)
    assert not OPTION.search(shown)
    assert (LABELS.get(name) or name) in shown


def test_labels_are_those_of_fields() -> None:
    assert set(LABELS) <= set(FIELDS)


def test_settings_are_named_as_users_write_them() -> None:
    use, leave = SettingRef("network.head", "sigmoid"), SettingRef("degradation")
    assert CommandLineWords().setting(use) == "--set network.head=sigmoid"
    assert PageWords().setting(use) == "`network.head=sigmoid` under Other settings"
    assert PageWords().setting(leave) == "`degradation`"
    assert str(Message(use, "; ", leave)) == "network.head=sigmoid; degradation"


def test_messages_survive_json_and_give_plain_names_to_scripts() -> None:
    message = Message("a ", FieldRef("kind", "masked"), Message(", ", SettingRef("train.steps", 3)), FieldRef("out"))
    text = json.dumps({"result": [message.to_json()]})
    assert json.loads(text, object_hook=Message.revive) == {"result": [message]}
    assert str(UserError("x: ", message)) == "x: a kind=masked, train.steps=3out"


def test_no_text_spells_an_option() -> None:
    """Messages name fields instead of options; docstrings and comments are not checked."""
    spelled = {}
    for path in sources():
        tree = ast.parse(path.read_text())
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        ]
        if texts := [text for text in found if OPTION.search(text)]:
            spelled[str(path.relative_to(ROOT))] = texts
    assert spelled == {}


def test_messages_name_fields_that_there_are() -> None:
    named = {
        (str(path.relative_to(ROOT)), call.args[0].value)
        for path in sources()
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "FieldRef"
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    assert len(named) > 30
    assert {(path, name) for path, name in named if name not in FIELDS} == set()


@pytest.mark.parametrize(
    ("use_case", "request_values"),
    [
        ("prepare", {"name": "n", "raw": ["a", "b"], "max_residual_px": float("inf"), "pixel_size_nm": 0}),
        ("simulate", {"name": "n", "period_px": "8,14"}),
        ("evaluate", {"model": "floor:bicubic", "dataset": "d", "changes": ["degradation.dose_e_per_px=3"]}),
        ("bridge", {"inputs": ["a"], "segmenter": "1", "synthesiser": "2", "out": "o", "mapping": ["0=1", "255=2"]}),
        ("register", {"run": "0123:backward", "name": "m"}),
        ("study-create", {"name": "s", "models": ["baseline:nlm"], "dataset": "d"}),
    ],
)
def test_requests_survive_the_way_to_a_job(use_case: str, request_values: dict[str, object]) -> None:
    request = USE_CASES[use_case].request(**request_values)
    text = json.dumps(request.model_dump(mode="json"))
    assert type(request).model_validate(json.loads(text)) == request


@pytest.mark.parametrize(
    ("use_case", "request_values", "said"),
    [
        ("prepare", {"name": "../x", "raw": ["a"]}, "--name ../x: cannot be a folder name"),
        ("prepare", {"name": "x", "raw": ["a"], "kind": "double"}, "--kind double: input should be 'single'"),
        ("discriminate", {"models": ["1"], "dataset": "d", "patch_px": 8}, "--patch 8: input should be greater than"),
        ("study-create", {"name": "s", "models": ["1", "1"], "dataset": "d"}, "--model: something is named twice"),
        ("evaluate", {"model": "baseline:nlm"}, "--dataset: field required"),
        ("bridge", {"mapping": ["255=two"]}, "--map 255=two: write it as A=B"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_field(use_case: str, request_values: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as caught:
        USE_CASES[use_case].request(**request_values)
    assert said in caught.value.message.render(CommandLineWords())
    assert not OPTION.search(on_page(caught.value.message))
