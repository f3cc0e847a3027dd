"""A training patch shows what the same place of the degraded whole frame shows."""

from collections.abc import Callable

import pytest
import torch
from scipy.stats import ks_2samp
from torch import Tensor

from sem_models.config.degradation import Blur, Degradation, Scan
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.sampling.bank import PatchBank, Pixels
from sem_models.datasets.sampling.degraded_crops import degraded_crops
from sem_models.datasets.sampling.fixed_noise import fixed_noise
from sem_models.datasets.sampling.sampler import Crops, PatchSampler
from sem_models.physics.degrade import degrade
from sem_models.physics.downsampling import crop_to_multiple
from sem_models.tasks.batches import BatchSource
from tests.support.images import natural

CPU = torch.device("cpu")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sampler(dataset: Dataset, images: list[Tensor], patch: int, batch: int = 1) -> PatchSampler:
    """Draws from (H, W) images, one for each entry of the training split and then the first again."""
    names = [entry.name for entry in dataset.entries("train")]
    of = {name: images[index % len(images)] for index, name in enumerate(names)}
    bank = PatchBank(
        dataset, "train", ("image",), CPU,
        source=lambda _, entry, __: Pixels(of[entry.name].numpy()[..., None], "float32", (0.0, 1.0)),
    )  # fmt: skip
    return PatchSampler(bank, patch, batch, seed=3)


def frame_of(crops: Crops, index: int, images: list[Tensor]) -> Tensor:
    """(1, 1, H, W): the frame of a crop, flipped and turned as the crop is, by means of its own."""
    assert crops.views is not None
    bits = int(crops.views.symmetry[index])
    frame = images[int(crops.views.images[index]) % len(images)]
    frame = frame.flip(0) if bits & 2 else frame
    frame = frame.flip(1) if bits & 4 else frame
    return (frame.T if bits & 1 else frame)[None, None]


def place_in_frame(
    crops: Crops, index: int, images: list[Tensor], settings: Degradation, drawn: torch.Generator
) -> Tensor:
    """(1, h, w): the whole frame degraded, and the place of the crop cut out of it."""
    window, scale = crops.windows[index], settings.scale
    frame = frame_of(crops, index, images)
    top, left = window.top % scale, window.left % scale
    low = degrade(crop_to_multiple(frame[..., top:, left:], scale), settings, drawn)[0]
    top, left = window.top // scale, window.left // scale
    return low[:, top : top + window.height // scale, left : left + window.width // scale]


DETERMINISTIC = {
    "gaussian": Degradation(scale=1, blur=Blur(size_px=(4, 4))),
    "disc": Degradation(scale=1, blur=Blur(kernel="disc", size_px=(2, 6))),
    "astigmatic in a region": Degradation(scale=1, blur=Blur(kernel="astigmatic", size_px=(1, 2), region="partial")),
    "bicubic x2": Degradation(scale=2),
    "bicubic x3": Degradation(scale=3),
    "bicubic x4": Degradation(scale=4),
    "cubic x2": Degradation(scale=2, downsampling="cubic_aliased"),
    "area x4": Degradation(scale=4, downsampling="gaussian_area"),
    "blur and bicubic x4": Degradation(scale=4, blur=Blur(size_px=(1, 5))),
    "drift": Degradation(scale=1, scan=Scan(drift_px=6)),
    "drift x2": Degradation(scale=2, scan=Scan(drift_px=3)),
    "charging": Degradation(scale=1, scan=Scan(charging=0.2)),
}


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_a_patch_is_the_place_of_the_degraded_frame(name: str, small_dataset: Dataset) -> None:
    """The same draw for both; in frames that are no multiple of any scale, at their borders, flipped and turned."""
    settings, images = DETERMINISTIC[name], [natural(95, 131, seed=1)[0, 0], natural(95, 131, seed=2)[0, 0]]
    source = sampler(small_dataset, images, 24)
    edges = 0
    for seed in range(30):
        crops = source.batch()
        (window,) = crops.windows
        edges += min(window.top, window.left, window.frame_height - window.top - 24) < 6
        sharp = frame_of(crops, 0, images)[0, :, window.top : window.top + 24, window.left : window.left + 24]
        assert torch.equal(crops["image"][0], sharp)
        patch = degraded_crops(crops, "image", settings, generator(seed))
        expected = place_in_frame(crops, 0, images, settings, generator(seed))
        torch.testing.assert_close(patch[0], expected, atol=1e-5, rtol=0)
    assert edges > 5


def test_trails_reach_into_a_patch_from_far_to_the_left(small_dataset: Dataset) -> None:
    """In a frame wider than the margin of trails, of which at most .7 % of the excess brightness is cut off."""
    images = [natural(40, 700, 20.0)[0, 0]]
    settings = Degradation(scale=1, scan=Scan(charging=0.3))
    source = sampler(small_dataset, images, 24)
    for seed in range(20):
        crops = source.batch()
        patch = degraded_crops(crops, "image", settings, generator(seed))
        expected = place_in_frame(crops, 0, images, settings, generator(seed))
        torch.testing.assert_close(patch[0], expected, atol=0.3 * 0.3 * 0.007, rtol=0)


def test_frames_of_any_size_share_a_batch(small_dataset: Dataset) -> None:
    """Also those that are smaller than a patch with its margin, where there is less to cut out."""
    images = [natural(*size, seed=1)[0, 0] for size in ((56, 60), (100, 90), (44, 120))]
    settings = Degradation(scale=2, blur=Blur(size_px=(6, 6)))
    crops = sampler(small_dataset, images, 32, batch=24).batch()
    assert crops.views is not None
    assert len({int(index) % 3 for index in crops.views.images}) == 3
    patches = degraded_crops(crops, "image", settings, generator())
    for index, patch in enumerate(patches):
        expected = place_in_frame(crops, index, images, settings, generator())
        torch.testing.assert_close(patch, expected, atol=1e-5, rtol=0)


def slope(patch: Tensor) -> float:
    """Change of the mean over columns from the first line to the last."""
    lines = patch[0].mean(dim=1)
    return float(lines[-1] - lines[0])


def bent(patch: Tensor) -> float:
    """How much further the end of a line has moved than its middle."""
    return float(patch[0, 8, -1] - patch[0, 8, 8])


def between_lines(patch: Tensor) -> float:
    """Variance of the means of lines."""
    return float(patch[0].mean(dim=1).var())


def along_lines(patch: Tensor) -> float:
    """Covariance of neighbours on a line."""
    return float((patch[0, :, 1:] * patch[0, :, :-1]).mean())


def plane() -> Tensor:
    rows, columns = torch.meshgrid(torch.arange(160.0), torch.arange(160.0), indexing="ij")
    return (rows + columns) / 400


STOCHASTIC = {
    "slope of drift": (Scan(drift_px=12), slope, plane()),
    "slope of charging": (Scan(charging=0.2), slope, torch.full((160, 160), 0.5)),
    "level of charging": (Scan(charging=0.2), lambda patch: float(patch.mean()), torch.full((160, 160), 0.5)),
    "jitter at the edge": (Scan(jitter_px=1.5), bent, plane()),
    "jitter with drift": (Scan(jitter_px=0.5, drift_px=12), slope, plane()),
    "banding": (Scan(banding=0.1), between_lines, torch.zeros(160, 160)),
    "streaks": (Scan(streaks=0.1, streak_length_px=4), along_lines, torch.zeros(160, 160)),
}


@pytest.mark.parametrize("name", STOCHASTIC)
def test_patches_and_whole_frames_have_one_distribution(name: str, small_dataset: Dataset) -> None:
    """Kolmogorov-Smirnov over 300 patches and as many whole frames with draws of their own, at the same places.

    What a patch has in common with every other place, banding and streaks, holds for a patch by itself as well.
    """
    scan, statistic, image = STOCHASTIC[name]
    patches, places = both(sampler(small_dataset, [image], 16, batch=300).batch(), image, scan, statistic)
    assert ks_2samp(patches, places).pvalue > 0.01


def both(
    crops: Crops, image: Tensor, scan: Scan, statistic: Callable[[Tensor], float]
) -> tuple[list[float], list[float]]:
    """A statistic of what was added to the sharp image, of patches and of the same places in whole frames."""
    settings = Degradation(scale=1, scan=scan)
    patches = degraded_crops(crops, "image", settings, generator(1)) - crops["image"]
    drawn = generator(2)
    frames = [
        place_in_frame(crops, index, [image], settings, drawn) - sharp for index, sharp in enumerate(crops["image"])
    ]
    return [statistic(patch) for patch in patches], [statistic(frame) for frame in frames]


def test_fixed_noise_belongs_to_the_place_in_the_frame(small_dataset: Dataset) -> None:
    """Whatever crop shows a pixel, its noise is the one that was drawn for the whole frame."""
    settings = Degradation(scale=1, dose_e_per_px=50, scan=Scan(banding=0.05, drift_px=3))
    entries = small_dataset.entries("train")
    noisy = fixed_noise(settings)
    frames = [torch.from_numpy(noisy(small_dataset, entry, "input").values[..., 0]) for entry in entries]
    bank = PatchBank(small_dataset, "train", ("input",), CPU, source=noisy)
    source = PatchSampler(bank, 32, 16, seed=0)
    for _ in range(3):
        crops = source.batch()
        for index, window in enumerate(crops.windows):
            frame = frame_of(crops, index, frames)[0, 0]
            shown = frame[window.top : window.top + 32, window.left : window.left + 32]
            assert torch.equal(crops["input"][index, 0], shown)


def test_a_stream_goes_on_bit_for_bit(small_dataset: Dataset) -> None:
    recipe = override(
        find_recipe("vdsr-x4"),
        ["train.patch=32", "train.batch=4", "degradation.blur.size_px=0.5,3", "degradation.blur.region=partial",
         "degradation.dose_e_per_px=20,200", "degradation.scan.drift_px=2", "degradation.scan.jitter_px=0.3",
         "degradation.scan.charging=0.1", "degradation.scan.banding=0.02", "degradation.scan.streaks=0.02"],
    )  # fmt: skip
    source = BatchSource(recipe, small_dataset, CPU)
    for _ in range(3):
        source.next()
    state = source.state_dict()
    expected = [source.next() for _ in range(3)]
    resumed = BatchSource(recipe, small_dataset, CPU)
    resumed.load_state_dict(state)
    for batch in expected:
        again = resumed.next()
        assert all(torch.equal(batch[key], again[key]) for key in batch)
        assert batch["input"].shape == (4, 1, 8, 8)
