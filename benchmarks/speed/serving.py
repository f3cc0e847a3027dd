"""Time of a served model compared with the same model in the process of its caller.

    python -m benchmarks.speed.serving [--rounds N] [--sizes PX ...] [--settle-s S]

Before the rounds of a size, caller and server each restore images until the backend of that size is settled: another
one than PyTorch computes, or none is faster, or S seconds have passed. The probe and the export, which come once after
some work, are then over. The backends before and after the rounds are stored as well.
Writes `serving.json` next to this file.
"""

import argparse
import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import psutil

from benchmarks.speed.harness import ROOT, Measures, circumstances, in_turns, store, summary
from sem_models.images.io.uploads import decode_stack
from sem_models.images.io.write import encode_tiff
from sem_models.images.micrograph import Micrograph
from sem_models.inference.backends.record import recall
from sem_models.serving import IMAGE, Options, ServedModel
from sem_models.starters.shelf import load_starter

MODEL, SIZES_PX, CLIENTS = "denoise", (256, 512, 1024), 4
SETTLED_AFTER_S = 120.0


@contextmanager
def served() -> Iterator[tuple[str, psutil.Process]]:
    """Serve the starter model while the block runs; yields address and process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "pipelines", "serve", f"starter:{MODEL}", "--port", str(port)]
    command += ["--time-limit-s", "600"]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{address}/ping")
        yield address, psutil.Process(process.pid)
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.terminate()
        process.terminate()
        process.wait()


def _wait(address: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError("the server did not start")


def ask(address: str, image: Any, **parameters: Any) -> Any:
    """Send one image and return the whole answer, which is read from JSON."""
    body = json.dumps({"inputs": [image], "params": parameters}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/invocations", body, headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
        return json.load(answer)


@dataclass(frozen=True)
class Ways:
    """How one image comes to the model, in the process of the caller and over HTTP."""

    model: ServedModel
    image: Micrograph
    address: str

    @property
    def text(self) -> str:
        """The image as a file, in base64."""
        return base64.b64encode(encode_tiff(self.image)).decode()

    def backends(self, settle_s: float = 0.0) -> list[str]:
        """Restore the image both ways, for at most so many seconds until the backends are settled; return their names.

        PyTorch has no name.
        """
        return [self._settled(way, settle_s) for way in (self._here, self._there)]

    def _here(self) -> str:
        return self.model.restore(self.image, Options()).image.history[-1].backend

    def _there(self) -> str:
        (row,) = ask(self.address, self.text)["predictions"]
        return decode_stack(base64.b64decode(row[IMAGE]), self.model.channels).history[-1].backend

    def _settled(self, way: Callable[[], str], settle_s: float) -> str:
        end = time.monotonic() + settle_s
        while not (backend := way()) and not self._is_torch_best() and time.monotonic() < end:
            pass
        return backend

    def _is_torch_best(self) -> bool:
        known = recall(self.model.model)
        return known is not None and known.best == "torch"


def measured(work: Callable[[], Any], count: int, server: psutil.Process | None = None) -> Measures:
    """Return wall-clock and processor time for each of `count` images, those of the server included."""
    wall, processor = time.perf_counter(), time.process_time() + _processor(server)
    work()
    used = time.process_time() + _processor(server) - processor
    return {"wall_s": (time.perf_counter() - wall) / count, "cpu_s": used / count}


def _processor(server: psutil.Process | None) -> float:
    processes = [server, *server.children(recursive=True)] if server else []
    return float(sum(times.user + times.system for times in (process.cpu_times() for process in processes)))


def variants(ways: Ways, server: psutil.Process) -> Mapping[str, Callable[[], Measures]]:
    """Return ways to restore an image; the first is what the others are compared with."""
    text, address = ways.text, ways.address
    numbers = ways.image.pixels[..., 0].tolist()

    def many() -> None:
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda _: ask(address, text), range(CLIENTS)))

    found = {
        "in the same process": partial(measured, partial(ways.model.restore, ways.image, Options()), 1),
        "HTTP, a file": partial(measured, partial(ask, address, text), 1, server),
        f"HTTP, a file from each of {CLIENTS} clients at once": partial(measured, many, CLIENTS, server),
    }
    found["HTTP, numbers"] = partial(measured, partial(ask, address, numbers, dtype="uint16"), 1, server)
    return found


def main() -> None:
    """Measure all sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES_PX)
    parser.add_argument("--settle-s", type=float, default=SETTLED_AFTER_S)
    given = parser.parse_args()
    rounds = given.rounds
    model = ServedModel(load_starter(MODEL))
    result: dict[str, Any] = {**circumstances(rounds), "model": f"starter:{MODEL}", "sizes_px": {}}
    result["backends"] = {}
    with served() as (address, server):
        for size in given.sizes:
            pixels = (np.random.default_rng(0).random((size, size, 1)) * 60000).astype(np.uint16)
            ways = Ways(model, Micrograph(pixels, 5.0), address)
            before = ways.backends(given.settle_s)
            found = in_turns(variants(ways, server), rounds)
            result["sizes_px"][str(size)] = summary(found, "cpu_s")
            result["backends"][str(size)] = {"before": before, "after": ways.backends()}
    store(__file__, result)


if __name__ == "__main__":
    main()
