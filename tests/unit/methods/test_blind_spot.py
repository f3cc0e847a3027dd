"""Noise2Void and Noise2Noise: which pixels are hidden, how they are replaced, and where the loss is computed."""

import pytest
import torch
from lightning_fabric import Fabric

from sem_models.config.method_settings import BlindSpot
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.methods.blind_mask import at, draw_places, hide, stretches
from sem_models.methods.noise2noise import half_swapped
from sem_models.methods.table import build_method, stages
from tests.support.small_recipes import short

PLAIN = short("n2v-denoise-small", "train.patch=32", "blind_spot.share=0.015")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(count: int, height: int, width: int) -> torch.Tensor:
    """Every pixel has a unique value, its flat index."""
    return torch.arange(count * height * width, dtype=torch.float32).reshape(count, 1, height, width)


def shown(places, shape) -> torch.Tensor:
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[places] = True
    return mask


@pytest.mark.parametrize("share", [0.00198, 0.005, 0.015])
def test_share_of_hidden_pixels_and_their_even_spread(share: float) -> None:
    box, columns = BlindSpot(share=share).box
    assert box == columns
    assert 1 / box**2 == pytest.approx(share, rel=0.06)
    size = 5 * box
    mask = shown(draw_places(200, size, size, (box, box), seeded()), (200, size, size))
    assert mask.float().mean().item() == pytest.approx(1 / box**2)
    per_box = mask.unfold(1, box, box).unfold(2, box, box).sum((-1, -2))
    assert (per_box == 1).all()
    within = mask.reshape(200, 5, box, 5, box).sum((0, 1, 3))
    assert within.min() > 0, "no place in a box is spared"
    assert within.max() < 4 * 5000 / box**2 + 12


def test_boxes_over_the_edge_hide_as_often_and_nothing_outside() -> None:
    mask = shown(draw_places(40_000, 10, 11, (8, 8), seeded()), (40_000, 10, 11)).float().mean(0)
    assert mask.mean().item() == pytest.approx(1 / 64, rel=0.02)
    assert mask[8:, 8:].mean().item() == pytest.approx(1 / 64, rel=0.1)


@pytest.mark.parametrize("radius", [1, 5])
@pytest.mark.parametrize("line", [0, 3])
def test_neighbours_are_never_the_hidden_pixel_and_lie_in_the_window(radius: int, line: int) -> None:
    """At every position of a small image, including edges and corners."""
    size = 14
    settings = BlindSpot(replacement="neighbour", radius=radius, line_px=line)
    times = 900
    x = numbered(1, size, size).repeat(times, 1, 1, 1)
    for row, column in [(0, 0), (0, 6), (6, 6), (13, 13), (12, 1), (1, 12)]:
        places = torch.arange(times), torch.full((times,), row), torch.full((times,), column)
        values = at(hide(x, places, settings, seeded()), places).flatten().tolist()
        sources = {divmod(int(value), size) for value in values}
        rows = {r for r in range(size) if abs(r - row) <= radius and not (line and r == row)}
        window = {(r, c) for r in rows for c in range(size) if abs(c - column) <= radius}
        assert sources == window - {(row, column)}, (row, column)


def test_the_median_is_that_of_the_window_without_the_hidden_pixel() -> None:
    x = torch.rand(2, 3, 17, 19, generator=seeded())
    places = tuple(torch.tensor(part) for part in ([0, 1, 1], [8, 0, 16], [9, 0, 3]))
    hidden = at(hide(x, places, BlindSpot(radius=2), seeded()), places)
    for index, (n, row, column) in enumerate(zip(*(part.tolist() for part in places), strict=True)):
        for channel in range(3):
            window = [
                x[n, channel, r, c].item()
                for r in range(max(row - 2, 0), min(row + 3, 17))
                for c in range(max(column - 2, 0), min(column + 3, 19))
                if (r, c) != (row, column)
            ]
            assert hidden[index, channel].item() == sorted(window)[(len(window) - 1) // 2]


def test_the_median_ignores_what_it_hides() -> None:
    x = torch.rand(1, 1, 32, 32, generator=seeded())
    places = draw_places(1, 32, 32, (16, 16), seeded(1))
    changed = x.clone()
    changed[places[0], :, places[1], places[2]] = 1e6
    for settings in (BlindSpot(), BlindSpot(line_px=4)):
        assert torch.equal(hide(x, places, settings, seeded()), hide(changed, places, settings, seeded()))


@pytest.mark.parametrize("replacement", ["median", "neighbour"])
def test_the_mask_along_a_scan_line_is_a_strip(replacement) -> None:
    """2n + 1 pixels of one row are replaced, fewer at the edge, and none of their values comes from that row."""
    x = numbered(1, 24, 24)
    places = tuple(torch.tensor(part) for part in ([0, 0], [5, 17], [12, 1]))
    for line in (0, 3):
        settings = BlindSpot(replacement=replacement, line_px=line)
        changed = (hide(x, places, settings, seeded()) != x)[0, 0]
        expected = torch.zeros(24, 24, dtype=torch.bool)
        expected[5, 12 - line : 12 + line + 1] = True
        expected[17, max(1 - line, 0) : 1 + line + 1] = True
        assert torch.equal(changed, expected)
    spoilt = x.clone()
    spoilt[0, 0, 5] = -1e6
    a, b = (hide(image, places, BlindSpot(replacement=replacement, line_px=3), seeded()) for image in (x, spoilt))
    assert torch.equal(a[0, 0, 5, 9:16], b[0, 0, 5, 9:16])


@pytest.mark.parametrize("stretch", [1, 4, 8])
@pytest.mark.parametrize("line", [0, 3])
def test_a_stretch_is_hidden_and_compared_together(stretch: int, line: int) -> None:
    """`stretch` pixels are compared; the mask extends `line` pixels further at either end."""
    settings = BlindSpot(line_px=line, stretch_px=stretch)
    x = torch.rand(1, 1, 24, 24, generator=seeded())
    places = tuple(torch.tensor(part) for part in ([0, 0], [5, 17], [12, 21]))
    changed = (hide(x, places, settings, seeded()) != x)[0, 0]
    expected = torch.zeros(24, 24, dtype=torch.bool)
    expected[5, 12 - line : 12 + stretch + line] = True
    expected[17, 21 - line : min(21 + stretch + line, 24)] = True
    assert torch.equal(changed, expected)
    image, row, column = stretches(places, settings, 24)
    assert not image.any()
    assert list(zip(row.tolist(), column.tolist(), strict=True)) == [
        *((5, c) for c in range(12, 12 + stretch)),
        *((17, c) for c in range(21, min(21 + stretch, 24))),
    ]


@pytest.mark.parametrize("stretch", [4, 8, 16])
def test_stretches_keep_the_share(stretch: int) -> None:
    settings = BlindSpot(share=0.04, stretch_px=stretch)
    rows, columns = settings.box
    assert stretch / (rows * columns) == pytest.approx(0.04, rel=0.1)
    assert columns >= 3 * stretch


class Watched(torch.nn.Module):
    """Records its input and the gradient of its output."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen = x
        self.output = x.clone().requires_grad_()
        return self.output


def step(recipe: Recipe, batch: dict[str, torch.Tensor]):
    method = build_method(recipe, Fabric(accelerator="cpu", devices=1))
    watched = Watched()
    method.networks["restorer"] = watched
    losses = method.training_step(batch, "restorer", stages(recipe)[0])
    torch.stack(list(losses.values())).sum().backward()
    return watched, losses


@pytest.mark.parametrize("line", [0, 4])
def test_the_loss_is_the_squared_error_on_hidden_pixels_and_nowhere_else(line: int) -> None:
    noisy = torch.rand(4, 1, 32, 32, generator=seeded())
    torch.manual_seed(3)
    watched, losses = step(override(PLAIN, [f"blind_spot.line_px={line}"]), {"input": noisy, "target": noisy})
    learned = watched.output.grad != 0
    assert learned.sum() == 4 * 16, "one pixel in each box of 8 x 8 px, beside it none"
    assert (watched.seen != noisy)[learned].all(), "what the loss asks for, the network has not seen"
    assert losses["mse"].item() == pytest.approx(((watched.output - noisy)[learned] ** 2).mean().item(), rel=1e-6)
    beside = (watched.seen != noisy) & ~learned
    assert bool(beside.any()) == (line > 0)


def test_the_target_is_never_touched() -> None:
    noisy = torch.rand(4, 1, 32, 32, generator=seeded())
    torch.manual_seed(3)
    _, clean = step(PLAIN, {"input": noisy, "target": noisy})
    torch.manual_seed(3)
    _, spoilt = step(PLAIN, {"input": noisy, "target": torch.full_like(noisy, float("nan"))})
    assert torch.equal(clean["mse"], spoilt["mse"])
    assert torch.isfinite(spoilt["mse"])


def test_half_of_the_frames_change_places() -> None:
    first, second = torch.zeros(5, 1, 2, 2), torch.ones(5, 1, 2, 2)
    swapped = half_swapped({"input": first, "target": second})
    assert swapped["input"][:, 0, 0, 0].tolist() == [1, 1, 0, 0, 0]
    assert torch.equal(swapped["target"], 1 - swapped["input"])


def test_noise2noise_learns_both_directions() -> None:
    recipe = short("n2n-denoise-small", "train.patch=32")
    first, second = (torch.rand(4, 1, 32, 32, generator=seeded(seed)) for seed in (1, 2))
    watched, losses = step(recipe, {"input": first, "target": second})
    assert torch.equal(watched.seen, torch.cat([second[:2], first[2:]]))
    assert losses["mse"].item() == pytest.approx(((first - second) ** 2).mean().item())


def test_blind_spot_settings_belong_to_their_method() -> None:
    recipe = find_recipe("n2v-lines-denoise")
    assert recipe.blind_spot is not None
    assert override(recipe, ["blind_spot.line_px=7"]).blind_spot.line_px == 7
    with pytest.raises(ValueError, match="method noise2noise takes no blind_spot settings"):
        Recipe.model_validate({**recipe.model_dump(), "method": "noise2noise"})
    with pytest.raises(ValueError, match="method blind-spot needs blind_spot settings"):
        Recipe.model_validate({**recipe.model_dump(), "blind_spot": None})


@pytest.mark.parametrize("replacement", ["neighbour", "median"])
def test_no_target_alters_what_replaces_a_neighbour(replacement: str) -> None:
    """Change all hidden pixels: not one replacement may change, although windows overlap."""
    x = torch.rand(2, 1, 64, 64, generator=seeded(3))
    settings = BlindSpot(replacement=replacement, share=0.05)
    places = draw_places(2, 64, 64, settings.box, seeded())
    changed = x.clone()
    image, row, column = places
    changed[image, :, row, column] += 10
    assert torch.equal(hide(x, places, settings, seeded(5)), hide(changed, places, settings, seeded(5)))


def test_an_image_of_hidden_pixels_alone_is_still_filled() -> None:
    x = torch.rand(1, 1, 4, 4, generator=seeded())
    grid = torch.arange(16)
    places = (torch.zeros_like(grid), grid // 4, grid % 4)
    assert torch.isfinite(hide(x, places, BlindSpot(radius=1), seeded())).all()
