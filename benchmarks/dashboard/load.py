"""A lab of thirty at the same time: errors, reads across people, memory, and how long pages take.

    python -m benchmarks.dashboard.load [--minutes 10] [--people 30] [--clients 20] [--browsers 3] [--label full]

Needs Debian's PostgreSQL, and Chromium for real browsers. People sign in at a provider on this machine and click with
pauses; each has a run, a dataset and a micrograph of their own, and each asks again and again for those of others.
`browsers` of them sit at Chromium, the others at a client that speaks the protocol of the page but draws nothing. Other
programs ask the scoring server at the same time, and curves of live runs grow. Store, dashboard, scoring server, people
and browsers share the processors of this machine. The result is stored under its label in `load.json` beside this file.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil

from benchmarks.dashboard.browsers import Screens, all_screens
from benchmarks.dashboard.lab import Lab, running_lab
from benchmarks.dashboard.people import OTHERS, Crowd, Findings
from benchmarks.dashboard.serving_clients import Answers, ask_all, questions
from benchmarks.speed.harness import circumstances

RESULT: Final = Path(__file__).with_name("load.json")
_SAMPLED_S = 2.0
_SHOWN_ERRORS = 20
_MB = 10**6


class Meter:
    """Memory and processor time of the servers while people work."""

    def __init__(self, lab: Lab) -> None:
        """Measure the processes of a lab, with all that they have started."""
        self._processes = {**lab.processes, "people and clients": psutil.Process()}
        self._start = time.monotonic()
        self._processor = {name: _cpu_s(process) for name, process in self._processes.items()}
        self.minutes: list[float] = []
        self.memory_mb: dict[str, list[float]] = {name: [] for name in self._processes}

    async def watch(self, until: float) -> None:
        """Look every few seconds."""
        while time.monotonic() < until:
            self.minutes.append((time.monotonic() - self._start) / 60)
            for name, process in self._processes.items():
                self.memory_mb[name].append(process.memory_info().rss / _MB)
            await asyncio.sleep(_SAMPLED_S)

    def facts(self) -> dict[str, Any]:
        """Return memory after a tenth of the time, at half and at the end, and its growth in the second half."""
        elapsed = time.monotonic() - self._start
        return {name: self._facts(name, elapsed) for name in self._processes}

    def _facts(self, name: str, elapsed_s: float) -> dict[str, float]:
        memory, half = self.memory_mb[name], len(self.minutes) // 2
        slope = np.polyfit(self.minutes[half:], memory[half:], 1)[0] if half > 1 else 0.0
        used = _cpu_s(self._processes[name]) - self._processor[name]
        return {
            "mb_at_a_tenth": round(memory[len(memory) // 10]),
            "mb_at_half": round(memory[half]),
            "mb_at_end": round(memory[-1]),
            "mb_per_minute_in_second_half": round(float(slope), 2),
            "processors": round(used / elapsed_s, 2),
        }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _at_once(
    lab: Lab, asked: Sequence[Any], options: argparse.Namespace
) -> tuple[Findings, Screens, Answers, Meter]:
    until = time.monotonic() + 60 * options.minutes
    at_browsers, others = lab.members[: options.browsers], lab.members[options.browsers :]
    crowd, meter = Crowd(lab, others, options.think_s, until), Meter(lab)
    _, screens, answers, _ = await asyncio.gather(
        crowd.everybody(),
        all_screens(lab.dashboard, at_browsers, options.think_s, until),
        ask_all(lab.serving, list(asked), options.pause_s, until),
        meter.watch(until),
    )
    return crowd.found, screens, answers, meter


def seconds(found: Sequence[float]) -> dict[str, float]:
    """Return number, median, 95th percentile and longest of some times."""
    if not found:
        return {"n": 0}
    p95 = float(np.percentile(found, 95))
    return {"n": len(found), "median_s": round(statistics.median(found), 3), "p95_s": round(p95, 3),
            "longest_s": round(max(found), 3)}  # fmt: skip


def report(
    lab: Lab, options: argparse.Namespace, found: Findings, screens: Screens, answers: Answers, meter: Meter
) -> dict[str, Any]:
    """Put everything together."""
    log = lab.log.read_text(errors="replace")
    if options.log:
        options.log.write_text(log)
    errors = [*found.errors, *screens.errors, *answers.errors]
    kinds = sorted({what for what, _, _ in found.reactions})
    by_kind = {kind: seconds([s for what, _, s in found.reactions if what == kind]) for kind in kinds}
    # The first visits of a server import what all later ones have.
    warm = min((begun for _, begun, _ in found.reactions), default=0) + 6 * options.minutes
    own = [s for what, begun, s in found.reactions if what != OTHERS and begun > warm]
    return {
        **circumstances(1),
        "minutes": options.minutes,
        "people": options.people,
        "at_browsers": options.browsers,
        "mean_pause_s": options.think_s,
        "live_runs": options.live,
        "shared_runs": options.runs,
        "errors": len(errors),
        "error_texts": errors[:_SHOWN_ERRORS],
        "faults_in_the_log_of_the_dashboard": log.count("Traceback (most recent call last)"),
        "attempts_to_reach_others": found.attempts,
        "reads_across_people": len(found.crossings),
        "crossings": found.crossings[:_SHOWN_ERRORS],
        "pages_after_a_tenth_of_the_time": seconds(own),
        "pages": by_kind,
        "screens": seconds(screens.seconds),
        "images_tiles_downloads": found.requests,
        "fragments_by_themselves": found.reruns,
        "serving": {
            "clients": options.clients,
            "mean_pause_s": options.pause_s,
            "answers": seconds(answers.seconds),
            "told_to_come_later": answers.refused,
            "wrong_images": answers.wrong,
        },
        "servers": meter.facts(),
    }


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--browsers", type=int, default=3, help="how many of the people sit at real browsers")
    parser.add_argument("--think-s", type=float, default=10, help="mean pause of a person between two clicks")
    parser.add_argument("--clients", type=int, default=20, help="of the scoring server")
    parser.add_argument("--pause-s", type=float, default=10, help="mean pause of a client between two images")
    parser.add_argument("--live", type=int, default=3, help="runs whose curves grow meanwhile")
    parser.add_argument("--runs", type=int, default=200, help="shared runs in the store")
    parser.add_argument("--points", type=int, default=1000, help="of each of their curves")
    parser.add_argument("--log", type=Path, help="file for what the dashboard has written")
    parser.add_argument("--label", default="full")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers end with this program
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        os.environ["SEM_HOME"] = str(home)
        asked = questions(options.clients)
        with running_lab(home, options.people, options.runs, options.points, options.live) as lab:
            result = report(lab, options, *asyncio.run(_at_once(lab, asked, options)))
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    RESULT.write_text(json.dumps({**known, options.label: result}, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
