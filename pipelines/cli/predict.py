"""`predict`, `predict-many`, `demo`, `synthesise`, `translate` and `bridge`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.cli.app import Output, command
from pipelines.counts import counted
from pipelines.predict.requests import (
    DemoRequest,
    MaskTranslationRequest,
    PredictManyRequest,
    PredictRequest,
    SynthesiseRequest,
    TranslateRequest,
)
from sem_models.errors import Message

if TYPE_CHECKING:
    from pipelines.predict.files import Prediction


@command(PredictRequest, "model", "inputs")
def predict(request: PredictRequest, out: Output) -> None:
    """Apply a model to images or label maps; results are TIFF of the input's type, with pixel size and provenance."""
    from pipelines.predict.files import predict as run

    results = run(request, out.progress)
    for result in results:
        bar = f" without {result.databar_rows} rows of data bar" if result.databar_rows else ""
        source = " + ".join((result.source, *result.extra_inputs))
        warning = f"; {result.warning}" if result.warning else ""
        std = f"; standard deviation: {result.std}" if result.std else ""
        by = f"; computed by {result.backend}" if result.backend else ""
        out.text(result.error or f"{source} -> {result.output}{bar}{_measured(result)}{std}{by}{warning}")
    out.result({"results": [_facts(result) for result in results]})


def _measured(result: "Prediction") -> str:
    if result.blur_px is None:
        return ""
    return f"; measured blur: {result.blur_px:g} ± {result.blur_error_px:.2g} px"


def _facts(result: "Prediction") -> dict[str, Any]:
    """Describe one result for scripts, which know the files beside the first as `further`."""
    facts = asdict(result)
    facts["further"] = facts.pop("extra_inputs")
    return facts


@command(PredictManyRequest, "model", "inputs", name="predict-many")
def predict_many(request: PredictManyRequest, out: Output) -> None:
    """Apply a model to very many images; start it as often as there are processors, and again after an interruption."""
    from pipelines.predict.in_jobs import predict_in_jobs as run

    result = run(request, out.progress)
    failed = f", {counted(result.failed, 'file')} failed" if result.failed else ""
    others = f", {counted(result.by_others, 'file')} by others or earlier" if result.by_others else ""
    out.text(f"{counted(result.done, 'file')} done{failed}{others}; what became of each is in {result.ledger}")
    out.result({**asdict(result), "ledger": str(result.ledger)})


@command(DemoRequest, stores=True)
def demo(request: DemoRequest, out: Output) -> None:
    """Restore simulated micrographs with the models that come with the program, in seconds."""
    from pipelines.demo import demo as run

    restored = run(request, out.progress)
    for one in restored:
        out.text(f"{one.source} -> {one.output} by {one.model}")
        out.text(f"  PSNR {one.psnr_db:.1f} dB against what was simulated; {one.beside}: {one.beside_psnr_db:.1f} dB.")
    out.text("Next, a micrograph of your own: drop it on the Home page of the dashboard, or use `predict`.")
    out.text("To watch a model learn from simulated micrographs, use `lesson`.")
    out.result(
        {"restored": [{**asdict(one), "source": str(one.source), "output": str(one.output)} for one in restored]}
    )


@command(SynthesiseRequest, "model")
def synthesise(request: SynthesiseRequest, out: Output) -> None:
    """Draw micrographs with a diffusion model, from noise alone or from label maps."""
    from pipelines.predict.synthesise import synthesise as run

    results = run(request, out.progress)
    for result in results:
        out.text(result.error or (f"{result.mask} -> {result.output}" if result.mask else str(result.output)))
    out.result({"results": [asdict(result) for result in results]})


@command(TranslateRequest, "inputs")
def translate(request: TranslateRequest, out: Output) -> None:
    """Translate micrographs to another contrast with diffusion models that were trained without pairs."""
    from pipelines.predict.translate import translate as run

    results = run(request, out.progress)
    for result in results:
        said = result.error or f"{result.source} -> {result.output}"
        out.text(Message(said, *(f"; {note}" for note in result.notes)))
    out.result({"results": [asdict(result) for result in results]})


@command(MaskTranslationRequest, "inputs")
def bridge(request: MaskTranslationRequest, out: Output) -> None:
    """Translate micrographs to another contrast by way of a mask: segment them, then draw from the mask."""
    from pipelines.predict.mask_translation import translate_by_mask as run

    results = run(request, out.progress)
    for result in results:
        what = result.error or f"{result.output} (mask {result.mask})"
        out.text(Message(f"{result.source}: ", what, *(f"; {note}" for note in result.notes)))
    out.text("Only the mask comes from the input; texture and detail are invented.")
    out.result({"results": [asdict(result) for result in results]})
