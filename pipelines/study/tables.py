"""Results of a study as tables for pages, command line and files."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pipelines.json_safe import to_json_safe
from pipelines.study.results import CheckedAnswer, StudyResults
from sem_models.evaluation.statistics.raters import Proportion
from sem_models.spreadsheets import as_cell

CAPTION = (
    "Fool rate: share of generated pictures that were called real, or of pairs in which the generated one was. Wilson "
    "95 % interval; p: two-sided binomial test against 0.5. Rows of all raters treat their answers as independent, "
    "though they saw the same pictures. Catch trials are not counted."
)
ALL = "all"


def fool_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Tabulate one row per model, question and rater; all raters together first."""
    return [
        {
            "model": rate.model,
            "question": rate.question,
            "rater": rate.rater or ALL,
            **_proportion(rate.wrong),
        }
        for rate in results.fool_rates
    ]


def rater_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Tabulate one row per rater: how far, how careful, how ready to call a picture real, how fast."""
    rows = []
    for rater in results.raters:
        own = [checked.answer.seconds for checked in results.checked_answers if checked.answer.rater == rater]
        catch, real = results.catch[rater], results.real_called_real.get(rater)
        rows.append(
            {
                "rater": rater,
                "answers": f"{len(own)} of {len(results.study.key.trials)}",
                "catch trials right": f"{catch.hits} of {catch.n}",
                "single real ones called real": f"{real.hits} of {real.n}" if real else "",
                "median time (s)": sorted(own)[len(own) // 2],
            }
        )
    return rows


def kappa_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Tabulate one row for each two raters, and one for all."""
    return [
        {
            "kappa of": kappa.method,
            "question": kappa.question,
            "raters": ", ".join(kappa.raters),
            "trials": kappa.trials,
            "kappa": to_json_safe(kappa.value),
        }
        for kappa in results.kappas
    ]


def realism_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Tabulate the mean grade of each feature for real pictures and for each model, without catch trials."""
    grades: dict[tuple[str, str], list[int]] = defaultdict(list)
    for checked in results.checked_answers:
        for feature, grade in checked.answer.realism.items() if not checked.trial.catch else ():
            grades[checked.model or "real", feature].append(grade)
    return [
        {"pictures": source, "feature": feature, "mean grade (1 to 5)": sum(own) / len(own), "n": len(own)}
        for (source, feature), own in sorted(grades.items())
    ]


def answer_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Tabulate one row per answer, in the order given, with the truth from the key."""
    return [_answer_row(results, checked) for checked in results.checked_answers]


def _answer_row(results: StudyResults, checked: CheckedAnswer) -> dict[str, Any]:
    answer, items = checked.answer, results.study.items
    left, right = items[answer.left], items[answer.right] if answer.right else None
    content = answer.model_dump(mode="json")
    return {
        **{name: content[name] for name in ("study", "rater", "position", "trial", "left", "right")},
        "question": checked.trial.question,
        "catch": checked.trial.catch,
        "image": left.image,
        "model": checked.model,
        "left_kind": left.kind,
        "right_kind": right.kind if right else None,
        **{name: content[name] for name in ("answer", "confidence")},
        "correct": checked.correct,
        "realism": json.dumps(content["realism"], sort_keys=True),
        **{name: content[name] for name in ("seconds", "time")},
    }


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Write heading and rows, or nothing without rows. Names of raters cannot become formulas of a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    if rows:
        writer.writeheader()
        writer.writerows({key: as_cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _proportion(of: Proportion) -> dict[str, Any]:
    content: dict[str, Any] = to_json_safe(
        {"n": of.n, "fooled": of.hits, "fool rate": of.rate, "lo": of.lo, "hi": of.hi, "p": of.p}
    )
    return content
