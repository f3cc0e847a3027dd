"""`study create`, `study results` and `study list`: people judge blinded pictures."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.app import AsJson, Output, app, command

study_app = typer.Typer(no_args_is_help=True, help="People judge blinded pictures, real or generated.")
app.add_typer(study_app, name="study")


@study_app.command()
@command
def create(
    name: Annotated[str, typer.Argument(help="Name of the study.")],
    models: Annotated[list[str], typer.Option("--model", help="Run id, models:/... or baseline:... Repeat.")],
    dataset: Annotated[str, typer.Option(help="Prepared dataset with real images to compare with.")],
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Part of the dataset.")] = "test",
    questions: Annotated[
        list[str] | None,
        typer.Option("--question", help="pair (if not given): which of two is real; single: is this one. Repeat."),
    ] = None,
    trials: Annotated[int, typer.Option(help="Without catch trials.")] = 40,
    catch: Annotated[int, typer.Option(help="Trials with an obvious answer.")] = 10,
    crop: Annotated[int, typer.Option(help="Edge of a picture in pixels.")] = 128,
    realism: Annotated[list[str] | None, typer.Option(help="Feature of single pictures to grade. Repeat.")] = None,
    author: Annotated[str, typer.Option(help="Who makes the study.")] = "",
    scale: Annotated[int, typer.Option(help="Scale of baselines.")] = 4,
    seed: Annotated[int | None, typer.Option(help="Secret; drawn at random unless a study is repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make the pictures of a study; raters then open the Study page."""
    from pipelines.study.create import create_study
    from pipelines.study.definition import study_settings

    out = Output(as_json)
    chosen = {"questions": tuple(questions or ("pair",)), "realism": tuple(realism or ()), "models": tuple(models)}
    plain = {"name": name, "author": author, "dataset": dataset, "split": split, "trials": trials}
    numbers = {"catch_trials": catch, "crop_px": crop, "baseline_scale": scale}
    secret = {} if seed is None else {"seed": seed}
    run_id = create_study(study_settings(**chosen, **plain, **numbers, **secret), out.progress)
    out.text(f"Study {name!r}: {trials} trials and {catch} catch trials, run {run_id}")
    out.result({"run_id": run_id, "name": name, "trials": trials, "catch_trials": catch})


@study_app.command()
@command
def results(
    study: Annotated[str, typer.Argument(help="Name of a study or its run id.")],
    csv: Annotated[Path | None, typer.Option(help="File for all answers with what the key says of them.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fool rates with intervals, agreement between raters, catch trials. Raters should not see them before."""
    from pipelines.cli.compare import say_table
    from pipelines.study.results import study_results
    from pipelines.study.studies import open_study
    from pipelines.study.tables import CAPTION, answer_rows, as_csv, fool_rows, kappa_rows, rater_rows, realism_rows

    out = Output(as_json)
    found = study_results(open_study(study))
    tables = {"fool_rates": fool_rows(found), "raters": rater_rows(found), "kappas": kappa_rows(found)}
    tables["realism"] = realism_rows(found)
    for name, rows in tables.items():
        if rows:
            out.text(name.replace("_", " ").capitalize())
            say_table(out, rows)
    for note in (CAPTION, *found.notes):
        out.text(f"  Note: {note}")
    if csv:
        csv.write_text(as_csv(answer_rows(found)))
        out.text(str(csv))
    answers = len(found.judgements)
    out.result({"study": found.study.definition.name, "answers": answers, **tables, "notes": list(found.notes)})


@study_app.command(name="list")
@command
def list_all(as_json: AsJson = False) -> None:
    """All studies of this store."""
    from pipelines.study.studies import list_studies

    out = Output(as_json)
    runs = list_studies()
    for run in runs:
        out.text(f"{run.run_id}  {run.name}")
    out.result({"studies": [{"run_id": run.run_id, "name": run.name} for run in runs]})
