"""Tables of denoising: single atoms in real images, and the posterior mean."""

from benchmarks.reports import markdown
from docs.scripts.stored import stored, with_interval


def real_atoms() -> str:
    """Single atoms in real images, found before and after each filter."""
    content = stored("denoising/real_atoms.json")
    rows = []
    for name, found in content["summary"].items():
        (lo, hi), (low, high) = found["interval"], found["gain_interval"]
        gain = "-" if name == "none" else f"{found['gain']:+.3f} [{low:+.3f}, {high:+.3f}]"
        counts = [str(found[key]) for key in ("found", "missing", "invented")]
        rows.append([name, f"{found['f1']:.3f} [{lo:.3f}, {hi:.3f}]", gain, *counts])
    return markdown(["filter", "F1", "gain over none", "found", "missing", "without a label"], rows)


def posterior_mean() -> str:
    """PSNR of Noise2Void and of the blind-spot network, with and without the posterior mean, and gains, by seed."""
    return _posterior("white", ("prediction", "non-local means", "Noise2Void"))


def posterior_mean_of_lines() -> str:
    """The same for masks along the scan line under noise along it, with total variation, the best filter there."""
    return _posterior("streaks", ("prediction", "non-local means", "total variation"))


def _posterior(noise: str, others: tuple[str, ...]) -> str:
    content = stored("denoising/posterior.json")
    rows = []
    for label, found in content.items():
        if not label.startswith(noise):
            continue
        means, gains = found["psnr_db"], found["gain_db"]
        scores = [f"{means[name]:.2f}" if name in means else "-" for name in ("posterior mean", *others)]
        over = [with_interval(gains[name]["all"], 2, "+") if name in gains else "-" for name in others]
        rows.append([label.split(": ")[1], *scores, *over])
    return markdown(["run", "posterior mean", *others, *(f"gain over {name}" for name in others)], rows)
