"""`study create`, `study results` and `study list`: people rate blinded pictures."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.app import Output, app, command
from pipelines.cli.lines import write_table
from pipelines.study.definition import StudyCreateRequest

study_app = typer.Typer(no_args_is_help=True, help="People rate blinded pictures, real or generated.")
app.add_typer(study_app, name="study")


@command(StudyCreateRequest, "name", to=study_app, stores=True)
def create(request: StudyCreateRequest, out: Output) -> None:
    """Make the pictures of a study; raters then answer on the Study page."""
    from pipelines.study.create import create_study

    run_id = create_study(request, out.progress)
    name, trials, catch = request.name, request.trials, request.catch_trials
    out.text(f"Study {name!r}: {trials} trials and {catch} catch trials, run {run_id}")
    out.result({"run_id": run_id, "name": name, "trials": trials, "catch_trials": catch})


@command(to=study_app)
def results(
    out: Output,
    study: Annotated[str, typer.Argument(help="Name or run id of a study.")],
    csv: Annotated[Path | None, typer.Option(help="CSV file for all answers, with the truth from the key.")] = None,
) -> None:
    """Show fool rates with intervals, agreement and catch trials. Raters should not see them beforehand."""
    from pipelines.study.results import study_results
    from pipelines.study.studies import open_study
    from pipelines.study.tables import CAPTION, answer_rows, as_csv, fool_rows, kappa_rows, rater_rows, realism_rows

    found = study_results(open_study(study))
    tables = {"fool_rates": fool_rows(found), "raters": rater_rows(found), "kappas": kappa_rows(found)}
    tables["realism"] = realism_rows(found)
    for name, rows in tables.items():
        if rows:
            out.text(name.replace("_", " ").capitalize())
            write_table(out, rows)
    for note in (CAPTION, *found.notes):
        out.text(f"  Note: {note}")
    if csv:
        csv.write_text(as_csv(answer_rows(found)))
        out.text(str(csv))
    answers = len(found.checked_answers)
    out.result({"study": found.study.definition.name, "answers": answers, **tables, "notes": list(found.notes)})


@command(name="list", to=study_app)
def list_all(out: Output) -> None:
    """List all studies of this store."""
    from pipelines.study.studies import list_studies

    runs = list_studies()
    for run in runs:
        out.text(f"{run.run_id}  {run.name}")
    out.result({"studies": [{"run_id": run.run_id, "name": run.name} for run in runs]})
