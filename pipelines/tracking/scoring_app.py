"""The scoring server, as an ASGI application that uvicorn runs: MLflow's protocol, behind our limits.

MLflow's own server reads and parses a body whatever its size, repeats it in its error messages, ignores parameters that
it does not know, and goes on computing what nobody waits for any more. Requests are parsed and answers written by
MLflow here as well, so that both servers understand the same.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from io import StringIO
from typing import Any

from mlflow import MlflowException
from mlflow.pyfunc import PyFuncModel, load_model
from mlflow.pyfunc.scoring_server import infer_and_parse_data, predictions_to_json
from mlflow.version import VERSION
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pipelines.tracking.scoring import MODEL, MOST_JSON_VALUES, TIME_LIMIT, TOKEN
from pipelines.tracking.scoring_gate import Gate

_LOG = logging.getLogger("uvicorn.error")
_LONGEST_MESSAGE = 1000
Answer = Callable[[bytes], str]
"""From the JSON of a request to that of its answer."""


def answers(model: PyFuncModel) -> Answer:
    """Return a function that restores the images of a request."""
    schema = model.metadata.get_input_schema()
    known = {item.name for item in model.metadata.get_params_schema().params}

    def answer(body: bytes) -> str:
        request = _parsed(body)
        parameters = request.pop("params", None) or {}
        _require_known(parameters, known)
        try:
            data = infer_and_parse_data(request, schema)
            restored = model.predict(data, params=parameters)
        except RecursionError as error:
            raise MlflowException.invalid_parameter_value("The lists of the request are nested too deeply.") from error
        text = StringIO()
        predictions_to_json(restored, text)
        return text.getvalue()

    return answer


def _parsed(body: bytes) -> dict[str, Any]:
    """Parse JSON whose values have been counted: in memory one takes up to thirty times as much as in the body."""
    values = body.count(b",") + body.count(b"[") + body.count(b"{")
    if values > MOST_JSON_VALUES:
        raise MlflowException.invalid_parameter_value(
            f"The request has {values:,} values, but at most {MOST_JSON_VALUES:,} are allowed; send large images as "
            "base64 text of a TIFF or PNG file."
        )
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MlflowException.invalid_parameter_value(
            f"The request is not JSON ({str(error)[:_LONGEST_MESSAGE]})."
        ) from error
    if not isinstance(request, dict):
        raise MlflowException.invalid_parameter_value(
            f"The request must be a JSON object, but it is a {type(request).__name__}."
        )
    return request


def _require_known(parameters: Any, known: set[str]) -> None:
    if not isinstance(parameters, dict):
        raise MlflowException.invalid_parameter_value(
            f"params must be an object, but it is a {type(parameters).__name__}."
        )
    if unknown := sorted(set(parameters) - known):
        raise MlflowException.invalid_parameter_value(
            f"This model has no parameter {', '.join(unknown)[:200]}; it has {', '.join(sorted(known))}."
        )


class Scoring:
    """The routes of MLflow's scoring server."""

    def __init__(self, answer: Answer, time_limit_s: float) -> None:
        """Answer with a function that runs in a thread; a request is given up after `time_limit_s`."""
        self._answer, self._time_limit_s = answer, time_limit_s
        there = [Route(path, _ping) for path in ("/ping", "/health")]
        version = Route("/version", lambda _: PlainTextResponse(VERSION))
        self.app = Starlette(routes=[*there, version, Route("/invocations", self.invocations, methods=["POST"])])

    async def invocations(self, request: Request) -> Response:
        """Restore the images of one request."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return refusal(415, "BAD_REQUEST", "Send JSON, with the header Content-Type: application/json.")
        try:
            async with asyncio.timeout(self._time_limit_s):
                body = await request.body()
                return Response(await asyncio.to_thread(self._answer, body), media_type="application/json")
        except TimeoutError:
            text = f"The request was not answered within {self._time_limit_s:g} s; send a smaller image."
            return refusal(504, "DEADLINE_EXCEEDED", text)
        except ClientDisconnect:
            return Response(status_code=499)
        except MlflowException as error:
            return refusal(error.get_http_status_code(), str(error.error_code), error.message)
        except Exception:
            _LOG.exception("A request failed")
            return refusal(500, "INTERNAL_ERROR", "A fault of the server; its log says more.")


async def _ping(_: Request) -> Response:
    return PlainTextResponse("\n")


def refusal(status: int, code: str, message: str) -> Response:
    """Return an error in MLflow's form, without what the request contained."""
    return JSONResponse({"error_code": code, "message": message[:_LONGEST_MESSAGE]}, status)


def served() -> Gate:
    """Load the model that the environment names, and return its server."""
    limit_s = float(os.environ[TIME_LIMIT])
    scoring = Scoring(answers(load_model(os.environ[MODEL])), limit_s)
    return Gate(scoring.app, os.environ.get(TOKEN, ""), patience_s=limit_s)
