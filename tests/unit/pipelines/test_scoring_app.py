"""The scoring server understands what MLflow's does, and refuses with a short reason what it does not."""

import asyncio
import json
import threading
from types import SimpleNamespace
from typing import Any

import httpx
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType
from starlette.testclient import TestClient

from pipelines.tracking import scoring_app
from pipelines.tracking.scoring_app import Scoring, answers


class Model:
    """Answers with what it was given."""

    metadata = SimpleNamespace(
        get_input_schema=lambda: Schema([ColSpec(AnyType(), "image")]),
        get_params_schema=lambda: ParamSchema([ParamSpec("tile_px", "long", 0)]),
    )

    def predict(self, data: Any, params: dict[str, Any]) -> pd.DataFrame:
        cells = list(data["image"])
        if cells == ["bad"]:
            raise MlflowException.invalid_parameter_value("this image is bad")
        if cells == ["bug"]:
            raise KeyError("/secret/path")
        return pd.DataFrame([{"image": cell, **params} for cell in cells])


def client() -> TestClient:
    return TestClient(Scoring(answers(Model()), 20).app, raise_server_exceptions=False)


def post(content: Any) -> Any:
    return client().post("/invocations", json=content)


@pytest.mark.parametrize(
    ("request_content", "cells"),
    [
        ({"inputs": ["a", "b"]}, ["a", "b"]),
        ({"inputs": {"image": ["a"]}}, ["a"]),
        ({"inputs": [[[1, 2], [3, 4]]]}, [[[1, 2], [3, 4]]]),
        ({"instances": [[[1.5, 2]], [[3, 4]]]}, [[[1.5, 2]], [[3, 4]]]),
        ({"dataframe_split": {"columns": ["image"], "data": [["a"], ["b"]]}}, ["a", "b"]),
        ({"dataframe_records": [{"image": "a"}]}, ["a"]),
    ],
)
def test_all_forms_of_mlflow_are_understood(request_content: dict[str, Any], cells: list[Any]) -> None:
    answer = post({**request_content, "params": {"tile_px": 64}})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": [{"image": cell, "tile_px": 64} for cell in cells]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"inputs": ["a"], "params": {"tile": 3}}, "no parameter tile; it has tile_px"),
        ({"inputs": ["a"], "params": [3]}, "params must be an object"),
        ({"image": ["a"]}, "exactly one of the input fields"),
        ([1], "must be a JSON object"),
        ({"inputs": ["bad"]}, "this image is bad"),
    ],
)
def test_what_is_wrong_is_said(content: Any, said: str) -> None:
    answer = post(content)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


@pytest.mark.parametrize("body", [b"x" * 100_000, b'{"inputs": ["' + b"A" * 100_000, b"\xff" * 100_000, b"[" * 100_000])
def test_what_is_not_json_is_not_repeated(body: bytes) -> None:
    answer = client().post("/invocations", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["message"]
    assert len(answer.content) < 1500


def test_values_are_counted_before_they_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring_app, "MOST_JSON_VALUES", 8)
    assert post({"inputs": [[[1, 2], [3, 4]]]}).status_code == 200
    monkeypatch.setattr(json, "loads", lambda body: pytest.fail("it was parsed"))
    answer = client().post(
        "/invocations", content=b'{"inputs": [[[1, 2], [3, 4, 5]]]}', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert b"base64" in answer.content


@pytest.mark.parametrize("kind", ["text/csv", "text/plain", "application/vnd.apache.parquet", ""])
def test_other_kinds_of_content_are_refused(kind: str) -> None:
    """Also those that browsers send to other sites without asking them."""
    answer = client().post("/invocations", content=b'{"inputs": ["a"]}', headers={"Content-Type": kind})
    assert answer.status_code == 415


def test_a_fault_of_the_server_says_nothing_about_it() -> None:
    answer = post({"inputs": ["bug"]})
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_a_request_is_given_up_after_its_time() -> None:
    free = threading.Event()

    class Slow(Model):
        def predict(self, data: Any, params: dict[str, Any]) -> pd.DataFrame:
            free.wait(20)
            return super().predict(data, params)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Scoring(answers(Slow()), 0.05).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asking:
            answer = await asking.post("/invocations", json={"inputs": ["a"]})
        free.set()
        return answer

    answer = asyncio.run(ask())
    assert answer.status_code == 504
    assert "0.05 s" in answer.json()["message"]


def test_the_server_says_that_it_is_there() -> None:
    assert client().get("/ping").status_code == client().get("/health").status_code == 200
    assert client().get("/version").text[0].isdigit()
