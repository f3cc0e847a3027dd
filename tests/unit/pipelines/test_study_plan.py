"""What a study shows to each rater: balanced, reproducible, and without hints at the answer."""

from collections import Counter
from datetime import UTC, datetime
from hashlib import md5, sha1, sha256
from itertools import pairwise

import numpy as np
import pytest

from pipelines.study.definition import StudyCreateRequest, StudyDefinition, StudyKey
from pipelines.study.order import order_for
from pipelines.study.plan import Field, make_key, opaque
from pipelines.study.render import encode, stretch, to_levels, wreck
from pipelines.study.studies import Study
from sem_models.errors import UserError

FIELDS = {f"i{index}": Field(200, 136, 2.5) for index in range(12)}
LABELS = ("model a", "model b")


def definition(**changes: object) -> StudyDefinition:
    chosen = {"name": "n", "models": LABELS, "dataset": "d", "questions": ("pair", "single"), "seed": 7, "crop_px": 32}
    settings = StudyCreateRequest(**{**chosen, "trials": 80, "catch_trials": 12, **changes})
    made = {"created": datetime(2026, 1, 1, tzinfo=UTC), "digest": "0", "labels": LABELS}
    return StudyDefinition(**settings.model_dump(), **made, runs=(None,) * len(settings.models))


def study(**changes: object) -> Study:
    asked = definition(**changes)
    return Study("run", asked, make_key(asked, FIELDS, border_px=4))


def test_studies_of_earlier_versions_open() -> None:
    stored = definition(baseline_scale=2).model_dump(mode="json")
    stored["floor_scale"] = stored.pop("baseline_scale")
    assert StudyDefinition.model_validate(stored) == definition(baseline_scale=2)


def test_questions_models_and_kinds_are_balanced() -> None:
    made = study()
    scored = [trial for trial in made.key.trials if not trial.catch]
    kinds = Counter((t.question, *sorted(made.items[name].kind for name in t.items)) for t in scored)
    assert kinds == {("pair", "generated", "real"): 40, ("single", "real"): 20, ("single", "generated"): 20}
    generated = Counter(item.model for item in made.key.items if item.kind == "generated")
    assert generated == {"model a": 30, "model b": 30}
    caught = Counter(trial.question for trial in made.key.trials if trial.catch)
    assert caught == {"pair": 6, "single": 6}
    wrecked = {t.id for t in made.key.trials if any(made.items[name].kind == "wrecked" for name in t.items)}
    assert wrecked == {trial.id for trial in made.key.trials if trial.catch}


def test_crops_never_overlap_between_trials_nor_touch_the_border() -> None:
    made = study()
    places = {
        trial.id: {(i.image, i.row, i.column) for i in map(made.items.get, trial.items)} for trial in made.key.trials
    }
    assert all(len(place) == 1 for place in places.values()), "both pictures of a pair show one field"
    corners = [place for own in places.values() for place in own]
    assert len(set(corners)) == len(corners) == 92
    assert all((row - 4) % 32 == 0 and (column - 4) % 32 == 0 for _, row, column in corners)
    assert max(row for _, row, _ in corners) + 32 <= 196
    assert max(column for _, _, column in corners) + 32 <= 132
    images = Counter(image for image, _, _ in corners)
    assert max(images.values()) - min(images.values()) <= 1


def test_two_domains_give_each_picture_a_place_of_its_own() -> None:
    """Names may agree in both domains; real images come from one domain, generated images from the other."""
    sources = {f"i{index}": Field(72, 136, 2.5) for index in range(6, 24)}
    asked = definition()
    made = make_key(asked, FIELDS, 4, sources)
    real = [(i.image, i.row, i.column) for i in made.items if i.kind == "real"]
    rest = [(i.image, i.row, i.column) for i in made.items if i.kind != "real"]
    assert len(set(real)) == len(real) == 66
    assert len(set(rest)) == len(rest) == 72
    assert {image for image, _, _ in real} == set(FIELDS)
    assert {image for image, _, _ in rest} == set(sources)
    assert max(row for _, row, _ in rest) + 32 <= 68
    assert Counter(len(trial.items) for trial in made.trials) == {2: 46, 1: 46}
    assert {trial.pixel_size_nm for trial in made.trials} == {2.5}
    other = make_key(asked, FIELDS, 4, {name: Field(72, 136, 3.0) for name in sources})
    assert {trial.pixel_size_nm for trial in other.trials} == {None}, "the size would tell which domain it is"


def test_too_few_crops_name_the_way_out() -> None:
    with pytest.raises(UserError, match="gives 288 crops of 32 px, the study needs 412"):
        study(trials=400)


@pytest.mark.parametrize(("name", "value"), [("trials", 0), ("models", ()), ("questions", ("pair", "pair"))])
def test_settings_that_cannot_be_are_one_line(name: str, value: object) -> None:
    with pytest.raises(UserError, match=name):
        definition(**{name: value})


def test_order_is_the_raters_own_and_always_the_same() -> None:
    made = study()
    anna = order_for(made, "Anna  Lee")
    assert order_for(made, " anna lee") == anna
    assert (
        order_for(Study("run", made.definition, StudyKey.model_validate_json(made.key.model_dump_json())), "anna lee")
        == anna
    )
    assert {shown.trial.id for shown in anna} == set(made.trials)
    assert [shown.position for shown in anna] == list(range(1, 93))
    for other in (order_for(made, "Ben"), order_for(study(seed=8), "Anna Lee")):
        assert [shown.trial.id for shown in other] != [shown.trial.id for shown in anna]
    with pytest.raises(UserError, match="needs a name"):
        order_for(made, "  ")


def _is_real_left(made: Study, rater: str) -> dict[str, bool]:
    return {s.trial.id: made.items[s.items[0]].kind == "real" for s in order_for(made, rater) if len(s.items) == 2}


def test_sides_are_random_by_rater_and_by_trial() -> None:
    made = study()
    anna, ben = _is_real_left(made, "Anna"), _is_real_left(made, "Ben")
    for sides in (anna, ben):
        assert 12 < sum(sides.values()) < 34, "46 pairs: outside that is less likely than 1 in 1000"
    assert 12 < sum(anna[name] != ben[name] for name in anna) < 34


def test_names_reveal_nothing_without_the_seed() -> None:
    made = study()
    real = [item.kind == "real" for item in made.key.items]
    first = [made.items[trial.items[0]].kind == "real" for trial in made.key.trials if len(trial.items) == 2]
    assert 12 < sum(first) < 34, "the stored order of a pair does not say which is real"
    changes = sum(a != b for a, b in pairwise(real))
    assert 0.3 < changes / len(real) < 0.7, "real and generated are mixed in the order of names"
    assert not set(made.items) & set(study(seed=8).items), "names change with the seed"
    open_words = ["real", "generated", "wrecked", *LABELS, *FIELDS, "run", "n", *map(str, range(100))]
    words = [*open_words, *(f"{i}/{slot}" for i in range(100) for slot in range(2))]
    guesses = {h(word.encode()).hexdigest()[:24] for word in words for h in (md5, sha1, sha256)}
    assert not guesses & set(made.items)
    assert opaque(7, "0/0") in made.items, "the guesses would have found the names had they held the seed"


def test_pictures_differ_only_in_what_they_show() -> None:
    """A smooth and a noisy crop have the same levels, the same number of bytes, and no metadata."""
    rng = np.random.default_rng(0)
    noisy = rng.normal(0.5, 0.2, (1, 48, 48)).astype(np.float32)
    smooth = np.tile(np.linspace(0.2, 0.8, 48, dtype=np.float32), (1, 48, 1))
    table = stretch([to_levels(noisy)])
    files = [encode(to_levels(crop), table) for crop in (noisy, smooth, wreck(noisy))]
    assert len({len(file) for file in files}) == 1
    for file in files:
        assert [file[12:16], *(chunk for chunk in (b"tEXt", b"tIME", b"pHYs", b"iTXt", b"eXIf") if chunk in file)] == [
            b"IHDR"
        ]
    assert len(np.unique(wreck(noisy))) == 64
    assert wreck(noisy).mean() == pytest.approx(noisy.mean(), abs=1e-5)


def test_screen_greys_keep_order_and_follow_the_real_pictures() -> None:
    real = np.repeat(np.arange(50, 151, dtype=np.uint8), 10).reshape(10, 101)
    table = stretch([real])
    assert (table[:50] == 0).all()
    assert (table[151:] == 255).all()
    assert (np.diff(table.astype(int)) >= 0).all()
    assert abs(int(table[100]) - 127) <= 2


def test_studies_of_version_0_1_are_read() -> None:
    """They call baselines floors."""
    made = definition(models=("baseline:nlm",))
    old = made.model_dump(mode="json")
    old["floor_scale"] = old.pop("baseline_scale") + 1
    old["models"] = ["floor:nlm"]
    read = StudyDefinition.model_validate(old)
    assert read == made.model_copy(update={"baseline_scale": made.baseline_scale + 1})


def test_empty_places_are_shown_only_where_there_are_not_enough_others() -> None:
    pixels = np.zeros((1, 200, 136), np.float32)
    pixels[:, :, 68:] = np.random.default_rng(0).normal(0.5, 0.1, (1, 200, 68))  # the left half shows nothing
    fields = {f"i{index}": Field(200, 136, None, lambda: pixels) for index in range(12)}
    few, many = definition(trials=60, catch_trials=0), definition(trials=200, catch_trials=0)
    assert all(item.column + few.crop_px > 68 for item in make_key(few, fields, border_px=4).items)
    assert any(item.column + few.crop_px <= 68 for item in make_key(many, fields, border_px=4).items)
