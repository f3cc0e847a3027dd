"""The table of textures that samplers of diffusion models keep."""

from benchmarks.reports import markdown
from docs.scripts.stored import stored


def texture() -> str:
    """How much of a texture a sampler keeps, with an exact predictor."""
    content = stored("synthesis/texture.json")
    rows = [
        [sampler, steps, *(f"{100 * value:.0f} %" for value in kept)]
        for sampler, by_steps in content["kept"].items()
        for steps, kept in by_steps.items()
    ]
    return markdown(["sampler", "steps", *(f"texture of {100 * share:g} %" for share in content["shares"])], rows)
