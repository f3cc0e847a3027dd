"""What can be done with a micrograph follows from its quality and from the models that there are."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pipelines.model_ref import ModelRef, RegistryRef, StarterRef
from pipelines.predict.offers import Offer, alike, offers, trained_models
from pipelines.tracking.keys import Experiment, Tag
from pipelines.tracking.runs import RunInfo
from pipelines.tracking.versions import RegisteredVersion
from sem_models.evaluation.recording_quality import RecordingQuality
from sem_models.physics.noise_estimate.estimate import NoiseEstimate
from sem_models.physics.noise_estimate.flat_patches import Bins


def recorded(dose_e_per_px: float | None, finest_px: float | None = 3.0, lines: int = 0) -> RecordingQuality:
    noise = None
    if dose_e_per_px:
        noise = NoiseEstimate(dose_e_per_px, 0.0, 0.0, 0.0, 0.0, Bins((0.5,), (0.1,)), "one image", ())
    return RecordingQuality(noise, "", 0.5, finest_px, "", 0.0, 0.0, lines, (64, 64), 1.0)


def offered(state: RecordingQuality | None, title: str, **trained: RegistryRef) -> Offer:
    (found,) = [offer for offer in offers(state, trained) if offer.title == title]
    return found


@pytest.mark.parametrize(
    ("dose", "advised", "reason"), [(1, False, "invented"), (15, True, "made for"), (500, False, "little to remove")]
)
def test_the_starter_is_advised_for_the_noise_that_it_was_made_for(dose: float, advised: bool, reason: str) -> None:
    offer = offered(recorded(dose), "Remove noise")
    assert (offer.advised, offer.model) == (advised, StarterRef("denoise"))
    assert reason in offer.reason


def test_nothing_is_advised_where_nothing_can_be_told() -> None:
    for state in (None, recorded(None, None)):
        assert not any(offer.advised for offer in offers(state, {}))
        assert "cannot be told" in offered(state, "Remove noise").reason


def test_a_registered_model_goes_before_what_comes_with_the_program() -> None:
    own = RegistryRef("steel", "champion")
    offer = offered(recorded(1), "Remove noise", denoising=own)
    assert (offer.model, offer.advised, offer.made_by) == (own, True, "model steel")


def test_enlarging_is_advised_with_a_model_and_where_detail_is_as_fine_as_the_pixels() -> None:
    own = {"super-resolution": RegistryRef("sr", "champion")}
    assert offered(recorded(15, 2.2), "Enlarge", **own).advised
    for finest_px in (2.8, 3.9, 9.0):
        oversampled = offered(recorded(15, finest_px), "Enlarge", **own)
        assert not oversampled.advised
        assert "Enlarging shows no more" in oversampled.reason
    without = offered(recorded(15, 2.2), "Enlarge")
    assert (without.advised, without.model) == (True, StarterRef("sr-x2"))


def unlike(*names: str) -> Callable[[ModelRef], str]:
    """An input check that warns of these starter models only."""
    return lambda model: "unlike" if model in [StarterRef(name) for name in names] else ""


def test_nothing_is_advised_by_a_model_that_learned_from_other_images() -> None:
    for names in (("denoise", "denoise-stem", "sr-x2"), ("sr-x2",)):
        found = {offer.title: offer for offer in offers(recorded(15, 2.2), {}, unlike(*names))}
        assert (found["Enlarge"].advised, found["Enlarge"].warning) == (False, "unlike")
        noise = found["Remove noise"]
        assert noise.model == StarterRef("denoise")
        assert noise.advised == (not noise.warning) == ("denoise" not in names)


def test_an_atomic_resolution_scan_is_denoised_by_the_model_for_such_scans() -> None:
    (found,) = [one for one in offers(recorded(40), {}, unlike("denoise")) if one.title == "Remove noise"]
    assert (found.model, found.advised, found.warning) == (StarterRef("denoise-stem"), True, "")
    assert "learned from atomic-resolution scans" in found.reason
    assert "made for 1 to 50" in found.reason
    (coarse,) = [one for one in offers(recorded(40), {}, unlike("denoise"), 2.5) if one.title == "Remove noise"]
    assert (coarse.model, coarse.warning) == (StarterRef("denoise"), "unlike"), "no atom is seen in pixels of 2.5 nm"
    own = {"denoising": RegistryRef("steel", "champion")}
    (found,) = [one for one in offers(recorded(40), own, unlike("denoise")) if one.title == "Remove noise"]
    assert found.model == own["denoising"]


def test_advised_offers_come_first() -> None:
    found = offers(recorded(500, 9.0, lines=3), {})
    assert found[0].title == "Fill in defective lines"
    assert "3 scan lines" in found[0].reason


def test_lines_are_not_offered_where_none_is_without_signal() -> None:
    assert not [offer for offer in offers(recorded(15), {}) if offer.title == "Fill in defective lines"]


def test_refocusing_is_never_advised_on_one_frame() -> None:
    offer = offered(recorded(15), "Refocus")
    assert (offer.advised, offer.model) == (False, StarterRef("refocus"))
    assert "second frame" in offer.reason


def test_a_task_that_nothing_was_trained_for_is_not_offered() -> None:
    assert not [offer for offer in offers(recorded(15), {}) if offer.title == "Segment"]


def run(run_id: str, task: str, experiment: str = Experiment.DEFAULT) -> RunInfo:
    now = datetime.now(UTC)
    return RunInfo(run_id, run_id, "training", experiment, "FINISHED", {}, {Tag.TASK: task}, {}, now, now)


def test_what_a_lesson_made_does_not_replace_what_comes_with_the_program() -> None:
    versions = [RegisteredVersion("demo-sr-x4", "1", ("champion",), "a", {})]
    assert trained_models(versions, [run("a", "super-resolution", Experiment.DEMO)]) == {}
    assert set(trained_models(versions, [run("a", "super-resolution")])) == {"super-resolution"}


def test_a_version_with_an_alias_is_preferred() -> None:
    versions = [
        RegisteredVersion("sr", "3", (), "a", {}),
        RegisteredVersion("sr", "2", ("champion",), "a", {}),
        RegisteredVersion("dn", "1", (), "b", {}),
    ]
    found = trained_models(versions, [run("a", "super-resolution"), run("b", "denoising")])
    assert found["super-resolution"] == RegistryRef("sr", "champion")
    assert found["denoising"] == RegistryRef("dn", version="1")


def test_runs_that_can_be_averaged_learned_one_task_from_one_dataset() -> None:
    def run(name: str, task: str = "denoising", digest: str = "d", status: str = "FINISHED") -> RunInfo:
        tags = {Tag.TASK: task, Tag.DATASET_DIGEST: digest}
        return RunInfo(name, name, "training", "sem", status, {}, tags, {}, None, None)  # type: ignore[arg-type]

    runs = [run("a"), run("b"), run("c", task="refocusing"), run("d", digest="e"), run("e", status="RUNNING")]
    assert [one.run_id for one in alike("a", runs)] == ["b"]
    assert alike("unknown", runs) == []
    assert alike("x", [run("x", digest=""), run("y", digest="")]) == [], "without a digest nothing is known"
