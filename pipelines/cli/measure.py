"""`train --probe` and `train --find-rate`: what a training will cost, and which learning rate it can bear."""

from pipelines.cli.app import Output
from pipelines.progress import duration
from pipelines.train.requests import FindRateRequest, ProbeRequest


def probe(request: ProbeRequest, out: Output) -> None:
    """Measure a few steps of a training and estimate the whole."""
    from pipelines.train.measure import probe as run

    cost = run(request, out.progress)
    out.text(f"About {duration(cost['total_s'])} for at most {cost['steps']} steps on {cost['device']}:")
    for stage in cost["stages"]:
        out.text(f"  {stage['steps']} steps of stage {stage['name']}, {stage['step_s']:.3f} s each")
    out.text(f"  {cost['validations']} validations, {cost['validation_s']:.2f} s each")
    out.text(f"  at most {cost['checkpoints']} checkpoints, {cost['checkpoint_s']:.2f} s each")
    out.text(f"Peak memory {cost['peak_bytes'] / 2**30:.2f} GB.")
    if not cost["alone"]:
        out.text("Another training ran at the same time; alone it will be faster.")
    out.result(cost)


def find_rate(request: FindRateRequest, out: Output) -> None:
    """Find a learning rate by a short range test."""
    from pipelines.train.measure import find_rate as run

    found = run(request, out.progress)
    for rate, loss, smoothed in zip(found["rates"], found["losses"], found["smoothed"], strict=True):
        out.text(f"{rate:10.2e}  loss {loss:.5g}  smoothed {smoothed:.5g}")
    if found["suggestion"] is None:
        out.text(
            "Nothing found: before it rises, the loss does not fall clearly more than it scatters from step to step. "
            "Keep the rate of the recipe, or try again with larger batches, whose loss scatters less."
        )
    else:
        out.text(f"The loss falls most steeply at {found['setting']}={found['suggestion']:.2g}.")
    out.result(found)
