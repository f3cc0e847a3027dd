"""Which dataset the test scores of a run belong to, in stores of this version and of earlier ones."""

from collections.abc import Mapping

import pytest

from pipelines.tracking.run_facts import SplitScores
from pipelines.tracking.run_facts import tested_scores as scores_of
from pipelines.tracking.runs import RunInfo


def run(metrics: Mapping[str, float], last: str | None) -> RunInfo:
    tags = {"sem.dataset": "own"} | ({"sem.evaluated.test": last} if last else {})
    return RunInfo("0123", "r", "training", "sem", "FINISHED", {}, tags, metrics, None, None)


@pytest.mark.parametrize(
    ("metrics", "last", "expected"),
    [
        ({"val/psnr_db": 1.0}, None, None),
        ({"test/psnr_db": 30.0}, "own", SplitScores("own", {"psnr_db": 30.0})),
        ({"test/psnr_db": 30.0, "test/other/psnr_db": 20.0}, "other", SplitScores("own", {"psnr_db": 30.0})),
        ({"test/other/psnr_db": 20.0, "val/psnr_db": 1.0}, "other", SplitScores("other", {"psnr_db": 20.0})),
        # Version 0.1 wrote scores on any dataset under this key.
        ({"test/psnr_db": 20.0}, "other", SplitScores("other", {"psnr_db": 20.0})),
        ({"test/std_ratio": 0.4}, None, SplitScores("own", {"std_ratio": 0.4})),
    ],
)
def test_scores_come_with_their_dataset(
    metrics: Mapping[str, float], last: str | None, expected: SplitScores | None
) -> None:
    assert scores_of(run(metrics, last)) == expected
