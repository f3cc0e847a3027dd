"""The pairs of a preparation as rows: shift, residual before and after, and whether the pair is used."""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from sem_models.datasets.manifest import Residual
from sem_models.datasets.preparation.aligned_pairs import AlignedPair


class PairRow(TypedDict):
    """One pair; cells are empty where nothing could be measured."""

    pair: str
    shift: str
    before: str
    after: str
    nm: str
    blocks: str
    state: str


HEADINGS = PairRow(
    pair="pair",
    shift="shift (px)",
    before="residual before (px)",
    after="residual (px)",
    nm="residual (nm)",
    blocks="blocks measured",
    state="state",
)
_WIDTHS = (44, 16, 20, 13, 13, 15, 0)


def pair_row(pair: AlignedPair) -> PairRow:
    """Describe a pair; residuals are median and 95th percentile over blocks, shifts rows and columns of the target."""
    found = pair.alignment
    before, after = (found.before.residual(found.pixel_size_nm), found.residual) if found else (None, None)
    return PairRow(
        pair=f"{pair.input.source} + {pair.target.source}",
        shift=f"{found.shift[0]:+.1f}, {found.shift[1]:+.1f}" if found else "-",
        before=_px(before),
        after=_px(after),
        nm=f"{after.median_nm:.3g}, {after.p95_nm:.3g}" if after and after.median_nm and after.p95_nm else "-",
        blocks=f"{len(found.after.shifts)} of {found.after.blocks}" if found else "-",
        state=_state(pair),
    )


def pair_lines(pairs: Sequence[AlignedPair]) -> Iterator[str]:
    """Write the pairs as lines of text under a heading; nothing where there are no pairs."""
    for row in [HEADINGS, *map(pair_row, pairs)] if pairs else []:
        yield " ".join(f"{value!s:{width}s}" for value, width in zip(row.values(), _WIDTHS, strict=True))


def _px(residual: Residual | None) -> str:
    return f"{residual.median_px:.2f}, {residual.p95_px:.2f}" if residual else "-"


def _state(pair: AlignedPair) -> str:
    if pair.rejected:
        return "rejected"
    if pair.alignment is None:
        return "sizes do not fit, not registered"
    return {"none": "as it is", "shift": "cropped"}.get(
        pair.alignment.register, f"input warped, {pair.alignment.register}"
    )
