"""Tables of what the starter models reach, from the files that their benchmarks wrote."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "starters"
_OWN = {"own val": "its own, validation specimens", "own test": "its own, held-out specimens"}
_COLUMNS = {
    "psnr_db": ("PSNR dB", 2),
    "psnr_affine_db": ("PSNR after affine fit, dB", 2),
    "ssim": ("SSIM (7 x 7)", 3),
    "edge_retention": ("edge retention (1)", 3),
    "lpips_alex": ("LPIPS", 3),
}


def tables() -> dict[str, Callable[[], str]]:
    """Return the tables of all starter models by the name that the page of results has for them."""
    return {
        "starter-denoise": lambda: _scores("denoise", "dose (e/px)", "simulated"),
        "starter-denoise-real": lambda: _scores("denoise", "", "real"),
        "starter-denoise-harm": lambda: _harm("denoise", "{} e/px"),
        "starter-checks": checks,
        "starter-denoise-check": check,
        "starter-doubt": doubt,
        "starter-sr-x2": lambda: _scores("sr-x2", "inputs", "simulated"),
        "starter-sr-x2-real": lambda: _scores("sr-x2", "", "real"),
        "starter-sr-x2-mixing": mixing,
        "starter-sr-x2-mixed": mixed,
        "starter-sr-x2-harm": lambda: _harm("sr-x2", "{}"),
        "starter-sr-x4": lambda: _scores("sr-x4", "inputs", "simulated"),
        "starter-sr-x4-harm": lambda: _harm("sr-x4", "{}"),
        "starter-denoise-stem": stem,
        "starter-denoise-stem-atoms": labelled_atoms,
        "starter-finetune-atoms": finetuned_atoms,
        "starter-finetune-frames": finetuned_frames,
        "starter-refocus": lambda: _scores("refocus", "blur (px)", "simulated"),
        "starter-refocus-harm": lambda: _harm("refocus", "blurred by {} px"),
        "starter-clean-lines": lambda: _scores("clean-lines", "", "given"),
        "starter-clean-lines-found": lambda: _scores("clean-lines", "", "found"),
    }


def mixing() -> str:
    """PSNR of validation images by share of the fine-tuned weights; the chosen share is set in bold."""
    content = json.loads((_FOLDER / "mixing.json").read_text())
    tried = content["validation_psnr_db"]
    conditions = list(next(iter(tried.values())))
    lines = [
        f"| share of fine-tuned weights | {', dB | '.join(conditions)}, dB |",
        "|---" * (len(conditions) + 1) + "|",
    ]
    for share, found in tried.items():
        shown = f"**{share}**" if float(share) == content["share"] else share
        lines.append(f"| {shown} | {' | '.join(f'{found[one]:.2f}' for one in conditions)} |")
    return "\n".join(lines)


def mixed() -> str:
    """Test scores of sr-x2 as it is and of the mixture, and how many foreign images lose."""
    found = json.loads((_FOLDER / "mixing.json").read_text())["test"]
    lines = ["| test images | score | sr-x2 | mixed |", "|---|---|---|---|"]
    before, after = (found[name]["means"] for name in ("before", "mixed"))
    for case, scores in before.items():
        for metric, value in scores.items():
            if metric in _COLUMNS:
                title, digits = _COLUMNS[metric]
                lines.append(f"| {case} | {title} | {value:.{digits}f} | {after[case][metric]:.{digits}f} |")
    for track in found["before"]["harm"]:
        counts = [sum(one["harmed"] for one in found[name]["harm"][track].values()) for name in ("before", "mixed")]
        images = sum(one["images"] for one in found["before"]["harm"][track].values())
        lines.append(
            f"| foreign, {track} | worse than bicubic by more than 0.3 dB, of {images} | {counts[0]} | {counts[1]} |"
        )
    return "\n".join(lines)


def stem() -> str:
    """Scores of atoms and lattices, by dose and kind of image."""
    kinds = _summary("denoise-stem")["kinds"]
    found = {f"{kind}, {dose}": one for dose, of_kind in kinds.items() for kind, one in of_kind.items()}
    return _table("images, dose (e/px)", dict(sorted(found.items())), "starter:denoise-stem")


def finetuned_atoms() -> str:
    """Prediction of hidden pixels of held-out images, and the atoms found in outputs, before and after fine-tuning."""
    found = _summary("finetune")
    lines = [
        "| method | predicted share of the variance of hidden pixels | gain of fine-tuned over it | F1 of atoms |",
        "|---|---|---|---|",
        f"| recorded image | - | - | {found['atoms']['none']['f1']:.3f} |",
    ]
    for name, blind in found["blind"].items():
        gain = found["gains"].get(name)
        told = _share(gain) if gain else ""
        lines.append(f"| {name} | {blind['mean']:.4f} | {told} | {found['atoms'][name]['f1']:.3f} |")
    return "\n".join(lines)


def _share(gain: Mapping[str, float]) -> str:
    return f"{gain['mean']:+.4f} [{gain['lo']:+.4f}, {gain['hi']:+.4f}]"


def finetuned_frames() -> str:
    """PSNR of a held-out field, estimated from its two frames, by method; of each seed where there are several."""
    lines = ["| method | PSNR estimated from two frames (dB), by seed |", "|---|---|"]
    for name, values in _summary("finetune")["frames_psnr_db"].items():
        lines.append(f"| {name} | {', '.join(f'{value:.2f}' for value in values)} |")
    return "\n".join(lines)


def labelled_atoms() -> str:
    """Detection of real single atoms after each filter."""
    lines = [
        "| before the detector | atoms found | missed | invented | F1 | gain over none |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in _summary("denoise-stem")["labelled atoms"].items():
        lo, hi = found["interval"]
        gain = "" if name == "none" else _interval(dict(zip(("mean", "lo", "hi"), _gain(found), strict=True)))
        counts = f"{found['found']} | {found['missing']} | {found['invented']}"
        lines.append(f"| {_label(name)} | {counts} | {found['f1']:.2f} [{lo:.2f}, {hi:.2f}] | {gain} |")
    return "\n".join(lines)


def _gain(found: Mapping[str, Any]) -> tuple[float, float, float]:
    lo, hi = found["gain_interval"]
    return found["gain"], lo, hi


def _scores(name: str, case: str, part: str) -> str:
    """Scores of all methods and gains of the model over each of them; one case, or several that `case` describes."""
    found = _summary(name)[part]
    return _table(case, found if case else {"": found}, f"starter:{name}")


def _table(case: str, found: Mapping[str, Any], model: str) -> str:
    first = next(iter(next(iter(found.values()))["means"].values()))
    columns = {metric: column for metric, column in _COLUMNS.items() if metric in first}
    heads = [*([case] if case else []), "method", *(title for title, _ in columns.values()), "model over it, PSNR (dB)"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for label, one in found.items():
        means, gains = one["means"], one["gains"]
        for name in sorted(means, key=lambda name: -means[name]["psnr_db"]["mean"]):
            cells = [label] if case else []
            cells += [_label(name), *(f"{means[name][metric]['mean']:.{d}f}" for metric, (_, d) in columns.items())]
            cells.append(_interval(gains[name]["psnr_db"]) if name in gains and name != model else "")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _harm(name: str, title: str) -> str:
    """By foreign set: images that became worse, and mean and least gain over the input, in every case."""
    cases = _summary(name)["harm"]
    heads = [f"{title.format(case)}: worse, mean, least (dB)" for case in cases]
    lines = [f"| set | images | {' | '.join(heads)} |", "|---|---|" + "---|" * len(heads)]
    for of, first in next(iter(cases.values())).items():
        own = [found[of] for found in cases.values()]
        cells = [f"{one['harmed']}, {one['gain_db']:+.2f}, {one['least_db']:+.2f}" for one in own]
        lines.append(f"| {of} | {first['images']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def checks() -> str:
    """By model: what its input check warned of, and how well it tells other kinds."""
    lines = [
        "| model | its own, held out | its kind, other sets | other kinds | became worse, warned of | AUROC |",
        "|---|---|---|---|---|---|",
    ]
    for name, content in _trust().items():
        found = content["check_summary"]
        own, *others = (_counted(found["sets"], part) for part in ("own", "kind", "foreign"))
        bad, missed = (sum(row[what] for row in _rows(found["sets"])) for what in ("harmed", "unwarned_harm"))
        lines.append(
            f"| `starter:{name}` | {own} | {' | '.join(others)} | {bad - missed} of {bad} | {found['auroc']:.2f} |"
        )
    return "\n".join(lines)


def _counted(sets: Mapping[str, Any], part: str) -> str:
    """Say how many images of a part were warned of, as they are given first: `1 of 13`."""
    chosen = [one for name, one in sets.items() if _part(name, one) == part]
    warned = sum(next(iter(_by_condition(one).values()))["warned"] for one in chosen)
    return f"{warned} of {sum(one['images'] for one in chosen)}"


def _part(name: str, one: Mapping[str, Any]) -> str:
    if name in _OWN:
        return "own" if name == "own test" else "validation"
    return "foreign" if "auroc" in one else "kind"


def _rows(sets: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [row for one in sets.values() for row in _by_condition(one).values()]


def _by_condition(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row for name, row in one.items() if name not in ("images", "auroc")}


def check() -> str:
    """By set: images that the check of starter:denoise warned of, those harmed without a warning, and the AUROC."""
    found = _trust()["denoise"]["check_summary"]["sets"]
    conditions = list(_by_condition(next(iter(found.values()))))
    heads = [name if name == conditions[0] else f"{name} e/px: warned, worse unwarned" for name in conditions]
    lines = [f"| set | images | {' | '.join(heads)} | AUROC |", "|---|---|" + "---|" * (len(heads) + 1)]
    for name, one in found.items():
        cells = [str(one[conditions[0]]["warned"])]
        cells += [f"{one[each]['warned']}, {one[each]['unwarned_harm']}" for each in conditions[1:]]
        lines.append(f"| {_OWN.get(name, name)} | {one['images']} | {' | '.join(cells)} | {one.get('auroc', '')} |")
    return "\n".join(lines)


def doubt() -> str:
    """Share of pixels within 1.64 stated standard deviations of the truth, beside stated and true errors."""
    lines = [
        "| model | dose (e/px) | images, specimens | within 1.64 standard deviations | least and most of an image | "
        "root mean square error, stated | rank correlation over blocks of 8 px |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, content in _trust().items():
        for condition, found in content.get("coverage_summary", {}).items():
            covered = found["covered"]
            lines.append(
                f"| `starter:{name}` | {condition if condition.isdecimal() else 100} | {found['images']}, "
                f"{found['specimens']} | {covered['mean']:.1%} [{covered['lo']:.1%}, {covered['hi']:.1%}] | "
                f"{found['least']:.1%}, {found['most']:.1%} | {found['rms_error']:.4f}, {found['rms_stated']:.4f} | "
                f"{found['rank_correlation']:.2f} |"
            )
    return "\n".join(lines)


def _trust() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_FOLDER / "trust.json").read_text())
    return content


def _summary(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text())["summary"]
    return content


def _label(name: str) -> str:
    model, comma, told = name.partition(",")
    return f"`{model}`{comma}{told}" if name.startswith("starter:") else name


def _interval(found: Mapping[str, float | None]) -> str:
    mean, lo, hi = (f"{found[key]:+.2f}" if found[key] is not None else "-" for key in ("mean", "lo", "hi"))
    return f"{mean} [{lo}, {hi}]"
