"""Tables out of the runs that `table.json` names: `results.json` and `RESULTS.md` beside this file.

    python -m benchmarks.super_resolution.summarise --home FOLDER

FOLDER is the home in which `table.py` trained.
"""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pools import set_of
from benchmarks.super_resolution.markdown import SETS, SHOWN, as_markdown
from sem_models.evaluation.paired import compare_to
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.evaluation.statistics.intervals import cluster_interval

HERE = Path(__file__).resolve().parent
LEAD = "sinsr-gb-x4-small"


def read_reports(home: Path, table: dict[str, Any]) -> dict[str, EvaluationReport]:
    """The stored evaluation of each job, by label."""
    os.environ["SEM_HOME"] = str(home)
    from pipelines.evaluate.reports import stored_reports

    return {label: stored_reports(job["run_id"])[0] for label, job in table.items()}


def part_of(report: EvaluationReport, name: str) -> EvaluationReport:
    """The rows of one set."""
    rows = tuple(row for row in report.rows if set_of(row.image) == name)
    return report.model_copy(update={"rows": rows})


def over_seeds(reports: Sequence[EvaluationReport]) -> EvaluationReport:
    """Mean score of each image over trainings that differ in their seed alone."""
    first = reports[0]
    own = [{row.image: row.scores for row in report.rows if row.method == report.model} for report in reports]
    rows = [
        Row(method=first.model, image=row.image, group=row.group, scores={
            metric: float(np.mean([scores[row.image][metric] for scores in own]))
            for metric, value in row.scores.items() if value is not None
        })
        for row in first.rows if row.method == first.model
    ]  # fmt: skip
    return first.model_copy(update={"rows": (*rows, *(row for row in first.rows if row.method != first.model))})


def means(report: EvaluationReport, method: str) -> dict[str, dict[str, float]]:
    """Mean and interval by metric; whole specimens are drawn."""
    groups = [row.group for row in report.rows if row.method == method]
    found = {}
    for metric in SHOWN:
        values = report.values(method, metric)
        interval = cluster_interval(values, groups)
        found[metric] = {"mean": interval.mean, "lo": interval.lo, "hi": interval.hi, "n": interval.n}
    return found


def spread(reports: Sequence[EvaluationReport]) -> dict[str, float]:
    """Standard deviation of the mean score over seeds."""
    own = {metric: [report.mean(report.model, metric).mean for report in reports] for metric in SHOWN}
    return {metric: float(np.std(values, ddof=1)) for metric, values in own.items() if len(values) > 1}


def summarise(table: dict[str, Any], reports: dict[str, EvaluationReport]) -> dict[str, Any]:
    """Scores of every method over all sets and on each, and the paired tests against the leading one."""
    recipes = list(dict.fromkeys(job["recipe"] for label, job in table.items() if not label.startswith("ablation")))
    by_recipe = {
        recipe: [reports[label] for label, job in table.items() if job["recipe"] == recipe and "ablation" not in label]
        for recipe in recipes
    }
    merged = {recipe: over_seeds(found) for recipe, found in by_recipe.items()}
    some = next(iter(merged.values()))
    content: dict[str, Any] = {
        "dataset_digest": some.digest, "degradation": some.degradation, "images": some.images, "groups": some.groups,
        "methods": {}, "paired_against": LEAD, "paired": {}, "ablation": {},
    }  # fmt: skip
    for name, report, method in [
        *((r, merged[r], merged[r].model) for r in recipes),
        *((f, some, f) for f in some.methods[1:]),
    ]:
        jobs = [job for label, job in table.items() if job["recipe"] == name and "ablation" not in label]
        content["methods"][name] = {
            "run_ids": [job["run_id"] for job in jobs],
            "train_minutes": [job["train_minutes"] for job in jobs],
            "all": means(report, method),
            "sd_over_seeds": spread(by_recipe.get(name, [])),
            **{part: means(part_of(report, part), method) for part in SETS},
        }
    if LEAD in merged:
        others = [recipe for recipe in recipes if recipe != LEAD]
        for metric in SHOWN:
            pairs = compare_to(merged[LEAD], [merged[recipe] for recipe in others], metric)
            content["paired"][metric] = {
                recipe: {"mean": p.interval.mean, "lo": p.interval.lo, "hi": p.interval.hi, "n": p.interval.n,
                         "p": p.p, "p_holm": p.p_holm, "verdict": p.verdict}
                for recipe, p in zip(others, pairs, strict=True)
            }  # fmt: skip
    for label, job in table.items():
        if label.startswith("ablation"):
            found = {"run_id": job["run_id"], "train_minutes": job["train_minutes"]}
            content["ablation"][label] = {**found, "all": means(reports[label], reports[label].model)}
    return content


def main() -> None:
    """Read, summarise, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    table = json.loads((HERE / "table.json").read_text())
    content = summarise(table, read_reports(parser.parse_args().home, table))
    (HERE / "results.json").write_text(json.dumps(content, indent=1) + "\n")
    (HERE / "RESULTS.md").write_text(as_markdown(content))


if __name__ == "__main__":
    main()
