"""Programs that ask a scoring server at the same time, each with an image of its own, and compare every answer."""

import asyncio
import base64
import random
import time
from dataclasses import dataclass, field

import httpx
import numpy as np
from numpy.typing import NDArray

from benchmarks.dashboard.lab import MODEL, grey_image
from sem_models.images.io.uploads import decode_stack
from sem_models.images.io.write import encode_tiff
from sem_models.images.micrograph import Micrograph
from sem_models.serving import Options, ServedModel
from sem_models.starters.shelf import load_starter

SIZE_PX = 256
_ROUNDING = 2
"""Grey levels of 65535 by which sums of another number of threads may differ."""


@dataclass
class Answers:
    """What the clients were told."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    """Answers 503: the server had as much in hand as it takes."""
    errors: list[str] = field(default_factory=list)
    wrong: int = 0
    """Answers that are another image than this model makes of the one that was sent."""


@dataclass(frozen=True)
class Question:
    """An image as a request holds it, and what is made of it."""

    text: str
    expected: NDArray[np.uint16]


def questions(count: int) -> list[Question]:
    """Make an image for each client, and what the model makes of it in this process."""
    model = ServedModel(load_starter(MODEL.partition(":")[2]))
    return [_question(model, grey_image(seed, SIZE_PX)) for seed in range(count)]


def _question(model: ServedModel, grey: NDArray[np.uint16]) -> Question:
    image = Micrograph(grey[:, :, None], 5.0)
    made = model.restore(image, Options()).image.pixels[..., 0]
    return Question(base64.b64encode(encode_tiff(image)).decode(), made)


async def ask_all(address: str, asked: list[Question], pause_s: float, until: float) -> Answers:
    """Let all clients ask until a time of the monotonic clock, with pauses of `pause_s` on average."""
    answers = Answers()
    await asyncio.gather(*(_client(address, one, pause_s, until, seed, answers) for seed, one in enumerate(asked)))
    return answers


async def _client(address: str, asked: Question, pause_s: float, until: float, seed: int, answers: Answers) -> None:
    draw = random.Random(seed)  # noqa: S311
    async with httpx.AsyncClient(timeout=300) as http:
        while time.monotonic() < until:
            await asyncio.sleep(draw.expovariate(1 / pause_s) if pause_s else 0)
            start = time.perf_counter()
            try:
                answer = await http.post(f"{address}/invocations", json={"inputs": [asked.text]})
            except httpx.HTTPError as error:
                answers.errors.append(f"serve: {type(error).__name__}: {error}")
                continue
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                answers.refused += 1
            elif answer.is_error:
                answers.errors.append(f"serve: {answer.status_code} {answer.text[:200]}")
            else:
                answers.seconds.append(time.perf_counter() - start)
                content = base64.b64decode(answer.json()["predictions"][0]["image"])
                made = decode_stack(content, 1).pixels[..., 0].astype(int)
                answers.wrong += bool(np.abs(made - asked.expected).max() > _ROUNDING)
