"""One row for each network: config, and parameter count from the paper or by hand; all pass the same contract."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import BaseModel
from safetensors.torch import load, save
from skimage.metrics import peak_signal_noise_ratio
from torch import nn

from sem_models.config.networks.blind_spot_unet import BlindSpotUNetConfig
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.diffusion_unet import DiffusionUNetConfig
from sem_models.config.networks.discriminators import (
    DiscriminatorConfig,
    PatchDiscriminatorConfig,
    StructureDiscriminatorConfig,
    VGGDiscriminatorConfig,
)
from sem_models.config.networks.dsrvae import DSRVAEConfig
from sem_models.config.networks.frequency_split import FrequencySplitConfig
from sem_models.config.networks.hat import HATConfig
from sem_models.config.networks.inpainter import InpainterConfig
from sem_models.config.networks.mrn import MRNConfig
from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.config.networks.pix2pix import Pix2PixConfig
from sem_models.config.networks.refocuser import RefocuserConfig
from sem_models.config.networks.resnet_generator import ResNetConfig
from sem_models.config.networks.rrdb import RRDBConfig
from sem_models.config.networks.sinsr import SINSRConfig
from sem_models.config.networks.spsr import SPSRConfig
from sem_models.config.networks.srn import SRNConfig
from sem_models.config.networks.srresnet import SRResNetConfig
from sem_models.config.networks.swinir import SwinIRConfig
from sem_models.config.networks.table import NETWORK_FACTS, capabilities
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.networks.vdsr import VDSRConfig
from sem_models.inference.predictor import Predictor
from sem_models.inference.tiling.plan import plan_axis
from sem_models.networks.discriminators import build_discriminator
from sem_models.networks.pooled_norm import PooledInstanceNorm, held_statistics
from sem_models.networks.table import NETWORKS
from sem_models.physics.downsampling import downsample, upsample
from tests.support.images import natural
from tests.support.noise_networks import build_network
from tests.support.tiled import Model, whole_image

OF_OTHERS = {"spandrel", "grey-adapter", "onnx-graph"}
"""Tested with what is imported into them, in `tests/unit/inference/foreign`."""
BACK_PROJECTIONS = ("bicubic_aa", "cubic_aliased", "gaussian_area")


def attention_block(width: int) -> int:
    """Two 3 x 3 convolutions, a 1 x 1 to a quarter of the width and another back; all with biases."""
    return 2 * (9 * width**2 + width) + (width * width // 4 + width // 4) + (width // 4 * width + width)


MAP_WIDTH = 16
"""Features of the drawn map before the pixel shuffle."""


def sinsr_by_hand(width: int, blocks: int, scale_blocks: int, high: int, doublings: int) -> int:
    head = 9 * width + width
    scales = 3 * scale_blocks * attention_block(width) + (3 * width * width + width)
    full = 9 * width**2 + width
    enlargement = (9 * width * high + high) + (doublings + 1) * (9 * high**2 + high) + (9 * high + 1)
    return head + scales + blocks * attention_block(width) + full + enlargement


def gradient_branch_by_hand(width: int, scale: int) -> int:
    join, head = 9 * 2 * width * width + width, 9 * width + width
    drawing = scale**2 * MAP_WIDTH * (9 * width + 1) + (9 * MAP_WIDTH + 1)
    return head + 4 * (join + attention_block(width)) + drawing + join


def rrdb_block_by_hand(width: int, growth: int) -> int:
    inner = sum(9 * (width + index * growth) * growth + growth for index in range(4))
    return 3 * (inner + 9 * (width + 4 * growth) * width + width)


def spsr_by_hand(width: int, growth: int, blocks: int, doublings: int) -> int:
    full, join, head = 9 * width**2 + width, 9 * 2 * width * width + width, 9 * width + width
    wide = rrdb_block_by_hand(2 * width, growth)
    enlarger = (doublings + 2) * full
    trunk = head + blocks * rrdb_block_by_hand(width, growth) + full + enlarger
    branch = head + 4 * (wide + join) + full + enlarger + (width + 1)
    return trunk + branch + wide + join + full + (9 * width + 1)


def swinir_layer_by_hand(width: int, heads: int, window: int) -> int:
    norms = 2 * 2 * width
    attention = (3 * width * width + 3 * width) + (width * width + width) + heads * (2 * window - 1) ** 2
    mlp = 2 * (2 * width * width) + 2 * width + width
    return norms + attention + mlp


def hat_by_hand(config: HATConfig) -> int:
    """SwinIR's layers with two convolutions and two 1 x 1 ones beside the attention; per group one with larger keys."""
    w, position = config.width, 2 * (config.window + config.overlap) - 1
    beside = conv_by_hand(w, config.conv_width) + conv_by_hand(config.conv_width, w)
    beside += conv_by_hand(w, config.squeeze, 1) + conv_by_hand(config.squeeze, w, 1)
    layer = swinir_layer_by_hand(w, config.heads, config.window) + beside
    overlapping = swinir_layer_by_hand(w, 0, config.window) + config.heads * position**2
    group = config.layers * layer + overlapping + conv_by_hand(w, w)
    tail, doublings = config.tail_width, config.scale.bit_length() - 1
    enlarge = conv_by_hand(w, tail) + doublings * conv_by_hand(tail, 4 * tail) + conv_by_hand(tail, config.channels)
    return conv_by_hand(config.channels, w) + config.groups * group + conv_by_hand(w, w) + 4 * w + enlarge


def dsrvae_by_hand(config: DSRVAEConfig) -> int:
    width, cells = config.width, config.patch // 16
    enlarging = (9 * width + width + 1) + config.blocks * 2 * (9 * width**2 + width) + (9 * width + 1)
    expand = (config.code * config.hidden + config.hidden) + (config.hidden + 1) * 128 * cells**2
    draw = (128 * 128 + 128 + 1) + (36 * 128 * 128 + 128 + 1) + (36 * 128 * 64 + 64 + 1) + (9 * 64 * 32 + 32 + 1)
    look = (9 * 64 + 64 + 1) + (9 * 64 * 64 + 64 + 1) + (9 * 64 * 32 + 32 + 1)
    return enlarging + expand + draw + look + 3 * 2 * (9 * 32 * 32 + 32) + (9 * 32 + 1)


def nafnet_by_hand(config: NAFNetConfig) -> int:
    """A block of width w: 2 norms, w to 2 w twice, 2 w filters of 3 x 3, three times w to w, beta and gamma."""
    levels = len(config.encoder)
    widths = [config.width << level for level in range(levels + 1)]
    blocks = [*zip(widths, config.encoder, strict=False), (widths[-1], config.middle),
              *zip(reversed(widths[:-1]), config.decoder, strict=True)]  # fmt: skip
    gated = sum(count * (7 * width**2 + 33 * width) for width, count in blocks)
    between = sum((8 * width**2 + 2 * width) + 2 * (2 * width) ** 2 for width in widths[:-1])
    channels = config.fold**2 * config.channels
    outside = 2 * 9 * channels * config.width + config.width + channels
    return gated + between + outside


def conv_by_hand(before: int, after: int, size: int = 3) -> int:
    return size**2 * before * after + after


def care_by_hand(width: int, top_skip: bool) -> int:
    """Depth 2, one channel; the second convolution of bottom and decoder narrows to the level above."""
    w = width
    pairs = [(1, w), (w, w), (w, 2 * w), (2 * w, 2 * w), (2 * w, 4 * w), (4 * w, 2 * w), (4 * w, 2 * w), (2 * w, w),
             (2 * w if top_skip else w, w), (w, w)]  # fmt: skip
    return sum(conv_by_hand(*pair) for pair in pairs) + conv_by_hand(w, 1, size=1)


def inpainter_by_hand(width: int) -> int:
    """CARE with the mask as a second channel: in at the first convolution, out at the last."""
    return care_by_hand(width, top_skip=True) + 9 * width + (width + 1)


def blind_by_hand(width: int, half_planes: int) -> int:
    """CARE without its last layer for all half planes alike, then three 1 x 1 convolutions to mean and variance."""
    care = care_by_hand(width, top_skip=True) - conv_by_hand(width, 1, size=1)
    joined = half_planes * width
    return care + sum(conv_by_hand(a, b, size=1) for a, b in ((joined, joined), (joined, width), (width, 2)))


def srn_by_hand(before: int, after: int, width: int, blocks: int, size: int) -> int:
    inner = (2 * blocks + 1) * conv_by_hand(width, width, size)
    return conv_by_hand(before, width, size) + inner + conv_by_hand(width, after, size)


def mrn_by_hand(width: int, blocks: int, size: int) -> int:
    return 3 * srn_by_hand(2, 1, width, blocks, size) + 2 * conv_by_hand(1, 4)


SMALL_NAFNET = NAFNetConfig(width=4, encoder=(1, 1), middle=1, decoder=(1, 0), window=8)
FOLDED_NAFNET = NAFNetConfig(width=4, encoder=(1,), middle=1, decoder=(1,), window=8, fold=2)
MASKED_NAFNET = SMALL_NAFNET.model_copy(update={"channels": 2})
MASKED_CARE = UNetConfig(channels_in=2, channels_out=2, residual=True)
SMALL_BATCH_NORM = UNetConfig(variant="batch-norm", channels_in=2, depth=1, width=4)
SMALL_RESIZED = SMALL_BATCH_NORM.model_copy(update={"upsampling": "resize"})


def resnet_by_hand(width: int, blocks: int) -> int:
    """Biases everywhere, norms without parameters; upsampling mirrors downsampling."""
    ends = (49 * width + width) + (49 * width + 1)
    halvings = (18 * width**2 + 2 * width) + (72 * width**2 + 4 * width)
    doublings = (72 * width**2 + 2 * width) + (18 * width**2 + width)
    return ends + halvings + blocks * 2 * (144 * width**2 + 4 * width) + doublings


def diffusion_by_hand(fine: int, coarse: int, condition: int, attends: bool) -> int:
    """Two levels, one block down and two up each; the time embedding has four times the width."""
    time = 4 * fine

    def block(before: int, after: int) -> int:
        norms = 2 * before + 2 * after
        shortcut = conv_by_hand(before, after, 1) if before != after else 0
        inner = conv_by_hand(before, after) + conv_by_hand(after, after)
        return norms + inner + (time * after + after) + shortcut

    attention = 2 * coarse + 4 * (coarse**2 + coarse)
    inside = conv_by_hand(1 + condition + 1, fine) + (fine * time + time) + (time**2 + time)
    down = block(fine, fine) + conv_by_hand(fine, fine) + block(fine, coarse)
    middle = 2 * block(coarse, coarse)
    up = block(2 * coarse, coarse) + block(coarse + fine, coarse) + conv_by_hand(coarse, coarse)
    up += block(coarse + fine, fine) + block(2 * fine, fine)
    out = 2 * fine + conv_by_hand(fine, 1)
    return inside + down + middle + up + out + (4 * attention if attends else 0)


SMALL_DDPM = DiffusionUNetConfig(channels_in=2, width=8, multipliers=(1, 2), blocks=1, attention=())


def pix2pix_by_hand(config: Pix2PixConfig) -> int:
    """4 x 4 kernels, or 3 x 3 after resizing; each norm has two parameters, otherwise its layer has a bias."""
    widths = [config.channels_in, *(config.width * min(2**level, 8) for level in range(config.levels))]
    batch, up = config.norm == "batch", 16 if config.upsampling == "transposed" else 9
    down = sum(16 * before * after for before, after in pairwise(widths)) + (0 if batch else sum(widths[1:]))
    norms = 2 * sum(widths[2:-1]) + 2 * sum(widths[1:-1]) if batch else sum(widths[1:-1])
    joined = [widths[-1], *(2 * width for width in widths[-2:0:-1])]
    fine = config.finish == "convolutions"
    wanted = [*widths[-2:0:-1], config.width if fine else config.channels_out]
    doublings = sum(up * a * b for a, b in zip(joined, wanted, strict=True)) + wanted[-1]
    end = 9 * config.width * (config.width + config.channels_in + config.channels_out) + config.width
    return down + norms + doublings + (end + config.channels_out if fine else 0)


SMALL_DSRVAE = DSRVAEConfig(scale=2, width=4, blocks=2, patch=32, code=3, hidden=5)
SMALL_UNSHUFFLED = RRDBConfig(scale=2, blocks=1, width=4, growth=2, unshuffle=2, bicubic_skip=False)
SMALL_SWINIR = SwinIRConfig(scale=2, width=8, groups=1, layers=2, heads=2, window=4)
SMALL_HAT = HATConfig(scale=2, width=8, groups=1, layers=2, heads=2, window=4, overlap=1, conv_width=3, squeeze=2,
                      pool=8, tail_width=6)  # fmt: skip
HAT_S = HATConfig(channels=3, width=144, conv_width=6)
SWINIR_TRUNK = 80 + 2 * swinir_layer_by_hand(8, 2, 4) + 2 * 584 + 2 * 16
"""Head, two layers, the convolutions of the group and at the end, two norms."""

ROWS: list[tuple[BaseModel, int]] = [
    (VDSRConfig(), 664_704),
    (SRResNetConfig(), 1_515_265),
    # BasicSR's RRDBNet with three channels; with one, head and tail lose two channels of 64 x 9 each and two biases.
    (RRDBConfig(channels=3), 16_697_987),
    (RRDBConfig(), 16_695_681),
    # Real-ESRGAN's network for x2, as its file has it.
    (RRDBConfig(scale=2, channels=3, unshuffle=2), 16_703_171),
    (RRDBConfig(blocks=8, width=32, growth=16), 1_477_601),
    (SPSRConfig(channels=3), 24_796_230),
    # Classical x4, light x4 and x2; Liang et al. round them to 11.9M, 930K and 910K.
    (SwinIRConfig(channels=3), 11_900_199),
    (SwinIRConfig(channels=3, width=60, groups=4, direct=True), 929_628),
    (SwinIRConfig(scale=2, channels=3, width=60, groups=4, direct=True), 910_152),
    # Chen et al. round HAT and HAT-S for x4 to 20.8M and 9.6M; their code prints all digits.
    (HATConfig(channels=3), 20_772_507),
    (HATConfig(scale=2, channels=3), 20_624_795),
    (HAT_S, 9_621_183),
    (HAT_S, hat_by_hand(HAT_S)),
    (DSRVAEConfig(channels=3, denoise=False), 298_948),
    (SINSRConfig(), sinsr_by_hand(64, 16, 2, 64, 2)),
    (SINSRConfig(gradient_branch=True), sinsr_by_hand(64, 16, 2, 64, 2) + gradient_branch_by_hand(64, 4)),
    # Chen et al. round them to 29.16M and 115.98M.
    (NAFNetConfig(channels=3), 29_159_715),
    (NAFNetConfig(channels=3, width=64), 115_982_915),
    (NAFNetConfig(channels=3), nafnet_by_hand(NAFNetConfig(channels=3))),
    (UNetConfig(), care_by_hand(32, top_skip=True)),
    (UNetConfig(variant="n2v2"), care_by_hand(32, top_skip=False)),
    # Petrography2SEM: from one or from both optical images, of three channels each.
    (UNetConfig(variant="batch-norm", depth=4, width=64, channels_in=3), 31_037_633),
    (UNetConfig(variant="batch-norm", depth=4, width=64, channels_in=6), 31_039_361),
    # A 3 x 3 convolution of a to b features has 9 a b weights, a transposed one of 2 x 2 px has 4 a b.
    (
        UNetConfig(variant="batch-norm", depth=4, width=64, channels_in=3, upsampling="resize"),
        31_037_633 + 5 * sum(2 * width * width for width in (64, 128, 256, 512)),
    ),
    (SRNConfig(), 1_219_841),
    (SRNConfig(kernel=5), 3_384_577),
    (MRNConfig(), mrn_by_hand(64, 16, 3)),
    (FrequencySplitConfig(inner=UNetConfig()), care_by_hand(32, top_skip=True)),
    (InpainterConfig(inner=MASKED_CARE), inpainter_by_hand(32)),
    # The width of the blur takes the place of the mask.
    (RefocuserConfig(inner=MASKED_CARE), inpainter_by_hand(32)),
    # The authors' generator for three channels prints 11.378 M; with one, the ends lose two channels each.
    (ResNetConfig(channels_in=3, channels_out=3), 11_378_179),
    (ResNetConfig(), 11_365_633),
    (ResNetConfig(blocks=6), resnet_by_hand(64, 6)),
    # Ho et al. for CIFAR-10: "35.7 million"; their code prints all digits.
    (DiffusionUNetConfig(channels_out=3, width=128, multipliers=(1, 2, 2, 2), attention=(1,)), 35_746_307),
    (BlindSpotUNetConfig(), blind_by_hand(32, 4)),
    (BlindSpotUNetConfig(excludes="row"), blind_by_hand(32, 2)),
    # The authors' U-Net-256 with batch norm; one or both optical images of three channels.
    *(
        (Pix2PixConfig(channels_in=given, channels_out=wanted), count)
        for given, wanted, count in ((3, 3, 54_413_955), (3, 1, 54_409_857), (6, 1, 54_412_929), (1, 1, 54_407_809))
    ),
    (Pix2PixConfig(levels=7), pix2pix_by_hand(Pix2PixConfig(levels=7))),
]
SMALL_PIX2PIX = (
    Pix2PixConfig(levels=3, width=4, channels_in=2),
    Pix2PixConfig(levels=2, width=4, norm="instance", upsampling="resize"),
    Pix2PixConfig(levels=2, width=4, norm="instance", upsampling="resize", finish="convolutions"),
)
SMALL_ROWS: list[tuple[BaseModel, int]] = [
    (VDSRConfig(scale=4, depth=5, width=8), 9 * (8 + 3 * 64 + 8)),
    (SRResNetConfig(scale=2, blocks=2, width=8), (80 + 4 * 584) + (8 * 32 * 9 + 32) + 584 + 73),
    (RRDBConfig(scale=2, blocks=1, width=4, growth=2), 40 + rrdb_block_by_hand(4, 2) + 3 * 148 + 37),
    (SMALL_UNSHUFFLED, 9 * 4 * 4 + 4 + rrdb_block_by_hand(4, 2) + 4 * 148 + 37),
    (SPSRConfig(scale=2, blocks=4, width=4, growth=2), spsr_by_hand(4, 2, 4, 1)),
    (SMALL_SWINIR, SWINIR_TRUNK + (9 * 8 * 64 + 64) + (9 * 64 * 256 + 256) + (9 * 64 + 1)),
    (SMALL_SWINIR.model_copy(update={"direct": True}), SWINIR_TRUNK + (9 * 8 * 4 + 4)),
    (SMALL_SWINIR.model_copy(update={"direct": True, "bicubic_skip": False, "mean": (0.4,)}),
     SWINIR_TRUNK + (9 * 8 * 4 + 4)),
    (SMALL_HAT, hat_by_hand(SMALL_HAT)),
    (SMALL_HAT.model_copy(update={"scale": 1, "bicubic_skip": False, "mean": (0.4,)}),
     hat_by_hand(SMALL_HAT.model_copy(update={"scale": 1}))),
    (SMALL_DSRVAE, dsrvae_by_hand(SMALL_DSRVAE)),
    (DSRVAEConfig(scale=2, width=4, blocks=2, denoise=False), 41 + 4 * 148 + 37),
    (SINSRConfig(scale=2, width=8, blocks=4, scale_blocks=1, high_width=4), sinsr_by_hand(8, 4, 1, 4, 1)),
    (SINSRConfig(scale=2, width=8, blocks=4, scale_blocks=1, high_width=4, gradient_branch=True),
     sinsr_by_hand(8, 4, 1, 4, 1) + gradient_branch_by_hand(8, 2)),
    (SMALL_NAFNET, nafnet_by_hand(SMALL_NAFNET)),
    (FOLDED_NAFNET, nafnet_by_hand(FOLDED_NAFNET)),
    (UNetConfig(width=4), care_by_hand(4, top_skip=True)),
    (UNetConfig(width=4, residual=True), care_by_hand(4, top_skip=True)),
    (UNetConfig(width=4, variant="n2v2"), care_by_hand(4, top_skip=False)),
    # Without biases, with two parameters of the norm a feature; up from 8 to 4 features by 2 x 2.
    (SMALL_RESIZED, 9 * (2 * 4 + 4 * 4 + 4 * 8 + 8 * 8 + 8 * 4 + 4 * 4) + 2 * 32 + (9 * 8 * 4 + 4) + 5),
    (SMALL_BATCH_NORM, 9 * (2 * 4 + 4 * 4 + 4 * 8 + 8 * 8 + 8 * 4 + 4 * 4) + 2 * 32 + (4 * 8 * 4 + 4) + 5),
    (SRNConfig(width=4, blocks=2), srn_by_hand(1, 1, 4, 2, 3)),
    (SRNConfig(width=4, blocks=1, kernel=5, residual=True), srn_by_hand(1, 1, 4, 1, 5)),
    (MRNConfig(width=4, blocks=1), mrn_by_hand(4, 1, 3)),
    (MRNConfig(width=4, blocks=1, residual=True), mrn_by_hand(4, 1, 3)),
    (FrequencySplitConfig(sigma_px=1, inner=UNetConfig(width=4, residual=True)), care_by_hand(4, True)),
    (FrequencySplitConfig(sigma_px=1, inner=SMALL_NAFNET), nafnet_by_hand(SMALL_NAFNET)),
    (InpainterConfig(inner=MASKED_CARE.model_copy(update={"width": 4})), inpainter_by_hand(4)),
    (InpainterConfig(inner=MASKED_NAFNET), nafnet_by_hand(MASKED_NAFNET)),
    (RefocuserConfig(inner=MASKED_CARE.model_copy(update={"width": 4})), inpainter_by_hand(4)),
    (RefocuserConfig(inner=MASKED_NAFNET), nafnet_by_hand(MASKED_NAFNET)),
    (ResNetConfig(blocks=1, width=4), resnet_by_hand(4, 1)),
    (ResNetConfig(blocks=2, width=4, upsampling="resize", residual=True), resnet_by_hand(4, 2)),
    (SMALL_DDPM, diffusion_by_hand(8, 16, SMALL_DDPM.channels_in, attends=False)),
    (SMALL_DDPM.model_copy(update={"attention": (1,)}), diffusion_by_hand(8, 16, SMALL_DDPM.channels_in, True)),
    (BlindSpotUNetConfig(width=4), blind_by_hand(4, 4)),
    (BlindSpotUNetConfig(width=4, excludes="row"), blind_by_hand(4, 2)),
    *((config, pix2pix_by_hand(config)) for config in SMALL_PIX2PIX),
]  # fmt: skip
SMALL: list[Any] = [config for config, _ in SMALL_ROWS]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_every_network_has_a_row() -> None:
    assert set(NETWORKS) == set(NETWORK_FACTS)
    assert {config.kind for config, _ in ROWS} == set(NETWORKS) - OF_OTHERS
    assert {config.kind for config in SMALL} == set(NETWORKS) - OF_OTHERS


@pytest.mark.parametrize(("config", "count"), ROWS + SMALL_ROWS, ids=str)
def test_parameter_count(config, count: int) -> None:
    with torch.device("meta"):
        network = build_network(config)
    assert sum(p.numel() for p in network.parameters()) == count


DISCRIMINATORS: list[tuple[DiscriminatorConfig, int]] = [
    *(
        (PatchDiscriminatorConfig(channels=channels), count)
        for channels, count in ((2, 2_764_609), (3, 2_765_633), (4, 2_766_657), (6, 2_768_705), (7, 2_769_729))
    ),
    # CycleGAN's: without the 2 x 896 parameters of the norms, with 896 biases.
    (PatchDiscriminatorConfig(channels=3, norm="instance"), 2_764_737),
    (VGGDiscriminatorConfig(channels=3), 14_499_401),
]


@pytest.mark.parametrize(("config", "count"), DISCRIMINATORS, ids=str)
def test_parameter_count_of_discriminators(config: DiscriminatorConfig, count: int) -> None:
    """Isola et al. (pix2pix, image and condition together have more channels) and BasicSR."""
    assert sum(p.numel() for p in build_discriminator(config).parameters()) == count


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        (PatchDiscriminatorConfig(width=4), (2, 1, 6, 6)),
        (PatchDiscriminatorConfig(width=4, norm="instance"), (2, 1, 6, 6)),
        (StructureDiscriminatorConfig(width=4, halvings=3), (2, 1, 6, 6)),
        (VGGDiscriminatorConfig(width=4, size=64), (2, 1)),
    ],
    ids=str,
)
def test_discriminators_decide_and_learn(config: DiscriminatorConfig, shape: tuple[int, ...]) -> None:
    """The output grid is 64 / 8 = 8 after three halvings, minus two for the last two 4 x 4 layers with padding 1."""
    network = build_discriminator(config)
    x = torch.rand(2, 1, 64, 64, requires_grad=True)
    decided = network(x)
    assert decided.shape == shape
    (decided * torch.rand_like(decided)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_a_field_of_the_patch_discriminator_is_70_pixels() -> None:
    network = build_discriminator(PatchDiscriminatorConfig(width=2)).double().eval()
    x = torch.rand(1, 1, 128, 128, dtype=torch.float64, requires_grad=True)
    decided = network(x)
    decided[0, 0, decided.shape[2] // 2, decided.shape[3] // 2].backward()
    assert x.grad is not None
    rows = torch.nonzero(x.grad.abs().sum((0, 1, 3))).flatten()
    assert int(rows.max()) - int(rows.min()) + 1 == 70


def fitting(facts: Capabilities, *wanted: int) -> tuple[int, ...]:
    """The requested sizes, rounded up to multiples that the network accepts."""
    return tuple(-(-size // facts.size_multiple) * facts.size_multiple for size in wanted)


def untouched(config, network: nn.Module) -> set[str]:
    """Parameters that `forward` alone cannot train, each for a reason.

    The last part of the gradient branch of SINSR and SPSR produces the map that only `with_gradient` returns (in SPSR
    this is its last layer alone, since the features before it feed the image). dSRVAE restores with the code 0, which
    multiplies the first weights of the map; they are trained with random codes, in `denoise`.
    """
    if config.kind == "spsr":
        return {"map.weight", "map.bias"}
    if config.kind == "sinsr" and config.gradient_branch:
        drawing = ("branch.enlarge.", "branch.map.")
        return {name for name, _ in network.named_parameters() if name.startswith(drawing)}
    if config.kind == "dsrvae" and config.denoise:
        return {"denoiser.expand.0.weight"}
    return set()


def off_zero(network: nn.Module) -> nn.Module:
    """Move parameters that start at zero (corrections, weights of gated branches) away from it, as a first step would.

    Before that, the layers in front of them have no gradient.
    """
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.01)
    return network


def cancelled(config, network: nn.Module) -> set[str]:
    """Biases that a following instance norm removes: their gradient is only rounding error, and sometimes exactly 0."""
    if config.kind == "pix2pix" and config.norm == "instance":
        last = config.levels - 1
        return {f"down.{level}.0.bias" for level in range(1, last)} | {
            name for name, _ in network.named_parameters() if name.startswith("up.") and name.endswith(".bias")
        }
    if config.kind != "resnet":
        return set()
    return {name for name, _ in network.named_parameters() if name.endswith(".bias")} - {"tail.conv.bias"}


def without_gradient(network: nn.Module) -> set[str]:
    return {name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}


@pytest.mark.parametrize("config", SMALL, ids=str)
def test_shape_and_gradient(config) -> None:
    facts, network = capabilities(config), off_zero(build_network(config))
    height, width = fitting(facts, 12, 17)
    x = torch.rand(2, facts.channels_in, height, width)
    y = network(x)
    assert y.shape == (2, facts.channels_out, height * facts.scale, width * facts.scale)
    assert y.dtype == torch.float32
    (y * torch.rand_like(y)).mean().backward()
    assert without_gradient(network) - cancelled(config, network) == untouched(config, network)


@pytest.mark.parametrize("config", [c for c in SMALL if capabilities(c).auxiliary == "gradient"], ids=str)
def test_with_gradient_gives_the_same_image_and_teaches_everything(config) -> None:
    facts, network = capabilities(config), build_network(config)
    x = torch.rand(2, facts.channels_in, 12, 16)
    image, drawn = network.with_gradient(x)
    assert torch.equal(image, network(x))
    assert drawn.shape == image.shape
    (image.square().mean() + drawn.square().mean()).backward()
    assert without_gradient(network) == set()


def test_a_network_without_a_branch_says_so() -> None:
    assert capabilities(SINSRConfig()).auxiliary == "none"
    network = build_network(SINSRConfig(scale=2, width=8, blocks=4, scale_blocks=1))
    with pytest.raises(RuntimeError, match="no gradient branch"):
        network.with_gradient(torch.rand(1, 1, 8, 8))


def test_random_codes_teach_every_part_of_the_denoiser() -> None:
    network = build_network(SMALL_DSRVAE)
    x = torch.rand(2, 1, 32, 32)
    cleaned = network.denoise(x, torch.randn(2, 3))
    assert cleaned.shape == x.shape
    cleaned.square().mean().backward()
    missing = without_gradient(network)
    assert not {name for name in missing if name.startswith("denoiser.")}


def test_the_denoiser_blends_patches_with_weights_that_sum_to_one() -> None:
    """If no noise is estimated, the image must be returned unchanged, also at its edges and for sizes off the grid."""
    network = build_network(SMALL_DSRVAE)
    nn.init.zeros_(network.denoiser.noise.weight)
    for size in ((16, 48), (37, 50)):
        x = torch.rand(2, 1, *size)
        torch.testing.assert_close(network.clean(x), x, atol=1e-6, rtol=0)
    assert network.clean(x).shape == x.shape


REACHES: list[tuple[Any, int]] = [
    *((VDSRConfig(scale=scale, depth=depth, width=2), 0) for scale in range(1, 9) for depth in (3, 5, 8)),
    *((SRResNetConfig(scale=scale, blocks=blocks, width=2), 0) for scale in (1, 2, 4, 8) for blocks in (1, 3)),
    *((RRDBConfig(scale=scale, blocks=blocks, width=2, growth=1), 0) for scale in (1, 2, 4, 8) for blocks in (1, 2)),
    # Where in a block of pixels the output pixel lies is left out of account.
    *((RRDBConfig(scale=scale, blocks=1, width=2, growth=1, unshuffle=block, bicubic_skip=False), block - 1)
      for scale, block in ((2, 2), (1, 4))),
    *((SPSRConfig(scale=scale, blocks=blocks, width=1, growth=1), 0) for scale in (1, 2, 4) for blocks in (4, 9)),
    *(
        (SwinIRConfig(scale=scale, width=4, groups=groups, layers=layers, heads=2, window=window, direct=direct), 0)
        for scale, groups, layers, window, direct in (
            (2, 1, 2, 4, False), (2, 2, 2, 4, True), (4, 2, 3, 4, False), (1, 2, 2, 8, False), (8, 1, 1, 2, False),
        )
    ),
    *(
        (HATConfig(scale=scale, width=4, groups=groups, layers=layers, heads=2, window=window, overlap=overlap,
                   conv_width=2, squeeze=2, pool=pool, tail_width=4), 0)
        for scale, groups, layers, window, overlap, pool in (
            (2, 1, 2, 4, 1, 2), (2, 2, 1, 4, 2, 8), (4, 1, 3, 4, 1, 4), (1, 1, 2, 8, 0, 2),
        )
    ),
    *((DSRVAEConfig(scale=scale, width=2, blocks=1, denoise=False), 0) for scale in (1, 2, 4)),
    (DSRVAEConfig(scale=2, width=2, blocks=2, patch=32, code=2, hidden=2), 0),
    *(
        (SINSRConfig(scale=scale, width=8, high_width=4, blocks=blocks, scale_blocks=at_scale, gradient_branch=branch,
                     back_projection=None), 0)
        for scale, blocks, at_scale in ((2, 4, 1), (4, 9, 2), (8, 4, 1)) for branch in (False, True)
    ),
    # Each projection is stated to add what both cubics read at most, whatever the phase: at most 2 px too much.
    *(
        (SINSRConfig(scale=scale, width=8, blocks=4, scale_blocks=1, back_projection=kind), 2 if kind == "bicubic_aa"
         else 4)
        for scale in (2, 4) for kind in BACK_PROJECTIONS
    ),
    *(
        (NAFNetConfig(width=2, encoder=encoder, middle=middle, decoder=decoder, window=window), 0)
        for encoder, middle, decoder, window in (
            ((1,), 1, (1,), 2), ((1, 2), 1, (1, 0), 8), ((1, 1, 1), 2, (0, 1, 2), 16), ((2,), 0, (1,), 4),
        )
    ),
    (NAFNetConfig(width=2, encoder=(1, 1), middle=1, decoder=(1, 1), window=16, fold=2), 0),
    *((UNetConfig(variant="n2v2", depth=depth, width=2), 0) for depth in (1, 2, 3)),
    # Max pooling lets one pixel of four through: which, the image decides.
    *((UNetConfig(variant=variant, depth=depth, width=2), 2)
      for variant in ("care", "batch-norm") for depth in (1, 2, 3)),
    *((UNetConfig(variant="batch-norm", depth=depth, width=2, upsampling="resize"), 2) for depth in (1, 2, 3)),
    # Upwards each of its poolings may miss the farthest of two rows, on grids of 1, 2 and 4 px.
    *((BlindSpotUNetConfig(depth=depth, width=2, excludes=excludes), 2**depth - 1)
      for depth in (1, 2, 3) for excludes in ("pixel", "row")),
    *((SRNConfig(width=2, blocks=blocks, kernel=kernel), 0) for blocks in (1, 4) for kernel in (3, 5)),
    *((MRNConfig(width=2, blocks=blocks, kernel=kernel), 0) for blocks in (1, 2) for kernel in (3, 5)),
    *((FrequencySplitConfig(sigma_px=sigma, inner=UNetConfig(variant="n2v2", depth=1, width=2)), 0)
      for sigma in (1, 2)),
    # Half of a random mask is 0, where nothing reaches the output.
    (InpainterConfig(inner=MASKED_CARE.model_copy(update={"width": 2})), 2),
    (InpainterConfig(inner=NAFNetConfig(channels=2, width=2, encoder=(1,), middle=1, decoder=(1,), window=2)), 2),
    (RefocuserConfig(inner=MASKED_CARE.model_copy(update={"width": 2})), 2),
    *((DiffusionUNetConfig(channels_in=1, width=4, multipliers=multipliers, blocks=blocks, attention=()), 0)
      for multipliers in ((1,), (1, 1), (1, 1, 1)) for blocks in (1, 2)),
    *(
        (ResNetConfig(blocks=blocks, width=2, upsampling=upsampling, residual=residual), 0)
        for blocks in (1, 3) for upsampling in ("transposed", "resize") for residual in (False, True)
    ),
    *(
        (Pix2PixConfig(levels=levels, width=2, norm=norm, upsampling=upsampling, finish=finish), 0)
        for levels in (2, 4) for norm in ("batch", "instance") for upsampling in ("transposed", "resize")
        for finish in ("doubling", "convolutions")
    ),
]  # fmt: skip


def test_every_network_is_measured_for_its_reach() -> None:
    assert {config.kind for config, _ in REACHES} == set(NETWORKS) - OF_OTHERS


def prepare_translator(network: nn.Module) -> None:
    """Held statistics are constants, here 0 and 1. The input has both signs inside, and tanh must not saturate.

    With batch norm pix2pix's first convolution has no bias, but the second one's gradient reaches further.
    """
    take_out(network, PooledInstanceNorm)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.constant_(parameter, 0 if name.startswith("tail") else 10)
        elif name.startswith("tail"):
            parameter.mul_(1e-20)


def take_out(network: nn.Module, kind: type[nn.Module]) -> None:
    """Replace all layers of a kind by the identity."""
    for part in list(network.modules()):
        for name, layer in part.named_children():
            if isinstance(layer, kind):
                setattr(part, name, nn.Identity())


def prepared_for_reach(config) -> nn.Module:
    """Positive weights, so that nothing cancels and no unit is dead; attention keeps its random weights."""
    network = build_network(config).double().eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if config.kind not in ("swinir", "hat") or ".convolutions." in name:
            nn.init.uniform_(parameter, 0.1, 0.2)
    if config.kind == "dsrvae" and config.denoise:
        # It compares two drawings and subtracts: the one must stay above the other, and the noise below the image.
        for parameter in network.denoiser.draw.parameters():
            nn.init.uniform_(parameter, 0, 1e-3)
        for parameter in network.denoiser.noise.parameters():
            parameter.mul_(1e-20)
    if config.kind in ("resnet", "pix2pix"):
        prepare_translator(network)
    if config.kind == "diffusion-unet":
        # Norms look at the whole image; what is stated is the reach of the convolutions.
        take_out(network, nn.GroupNorm)
    return network


def reaches(config) -> Iterator[int]:
    """The measured reach for every phase of the network's grid, along the rows of a long strip."""
    facts, network = capabilities(config), prepared_for_reach(config)
    unit = facts.size_multiple
    length, strip = fitting(facts, 2 * facts.receptive_field + 9 + 2 * unit, 4)
    x = torch.rand(1, facts.channels_in, length, strip, dtype=torch.float64, requires_grad=True)
    y = network(x)
    middle = length // 2 // unit * unit
    for centre in range(middle, middle + unit):
        at = centre * facts.scale
        (slope,) = torch.autograd.grad(y[0, 0, at : at + facts.scale].sum(), x, retain_graph=True)
        rows = torch.nonzero(slope.abs().sum(dim=(0, 1, 3))).flatten()
        assert rows.min() > 0, "the strip is too short"
        assert rows.max() < length - 1, "the strip is too short"
        yield max(centre - int(rows.min()), int(rows.max()) - centre)


@pytest.mark.parametrize(("config", "slack"), REACHES, ids=str)
def test_receptive_field_is_the_reach_of_the_gradient(config, slack: int) -> None:
    """The gradient ends exactly at the stated distance or, if that is a bound, at most `slack` pixels earlier."""
    stated = capabilities(config).receptive_field
    assert stated - slack <= max(reaches(config)) <= stated


@pytest.mark.parametrize("config", SMALL, ids=str)
def test_saved_and_channels_last_give_the_same(config) -> None:
    facts, network = capabilities(config), build_network(config).eval()
    other = build_network(config).eval()
    other.load_state_dict(load(save({name: t.contiguous() for name, t in network.state_dict().items()})))
    size = fitting(facts, 24, 24)
    x = torch.rand(1, facts.channels_in, *size)
    with torch.inference_mode():
        expected = network(x)
        assert torch.equal(other(x), expected)
        fast = other.to(memory_format=torch.channels_last)(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(fast, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        c for c in SMALL
        if capabilities(c).halo == capabilities(c).receptive_field and capabilities(c).auxiliary != "noise"
    ],
    ids=str,
)  # fmt: skip
def test_tiles_are_exact(config) -> None:
    """Windows, grids and projections included; weights so large that what lies at the halo's end would show.

    Statistics are held from the whole image, which says nothing to networks without instance norm.
    """
    facts = replace(capabilities(config), tiling="supported")
    model = Model(build_network(config), facts)
    height, width = max(130, 5 * facts.halo), max(171, 6 * facts.halo)
    image = np.random.default_rng(0).random((facts.channels_in, height, width), np.float32)
    tile = 2 * facts.halo + 40
    spans = plan_axis(height, tile, 2 * facts.halo + 8, facts.size_multiple)
    assert len(spans) > 1, "there must be tiles"
    with held_statistics():
        expected = whole_image(model, image)
        tiled = Predictor(model, "cpu", tile=tile, batch=2).predict_unit(image)
    np.testing.assert_allclose(tiled, expected, atol=2e-5 * np.abs(expected).max())


def starts_at_the_input(config) -> bool:
    """False for published networks that output the image itself, or noise: they must learn even the identity."""
    return config.kind not in ("pix2pix", "diffusion-unet", "blind-spot-unet") and bool(
        getattr(config, "residual", True) and getattr(config, "bicubic_skip", True)
    )


@pytest.mark.parametrize("config", [c for c in SMALL if starts_at_the_input(c)], ids=str)
def test_untrained_network_is_near_the_bicubic_baseline(config) -> None:
    """Unless it translates into another kind of image.

    On a smooth image: what noise of neighbouring pixels loses by down-sampling, SINSR's back-projection adds.
    """
    facts, network = capabilities(config), build_network(config).eval()
    x = natural(*fitting(facts, 32, 32))
    given = torch.cat([x, torch.ones_like(x)], 1) if config.kind in ("inpainter", "refocuser") else x
    with torch.inference_mode():
        assert (network(given) - upsample(x, facts.scale)).abs().mean() < 0.02


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("kind", BACK_PROJECTIONS)
def test_back_projection_gives_the_input_again(scale: int, kind: str) -> None:
    """Downsampled with the same kernel, the output equals the input; without the projection it does not."""
    sharp = natural(64 * scale, 64 * scale, sigma=2.0 * scale)
    x = downsample(sharp, scale, kind)
    quality = {}
    for projection in (kind, None):
        torch.manual_seed(0)
        config = SINSRConfig(scale=scale, width=8, blocks=4, scale_blocks=1, back_projection=projection)
        network = build_network(config).eval()
        nn.init.normal_(network.tail.weight, std=0.01)
        with torch.inference_mode():
            again = downsample(network(x), scale, kind)
        quality[projection] = peak_signal_noise_ratio(x.numpy(), again.numpy(), data_range=1.0)
    assert quality[kind] > 40
    assert quality[kind] > quality[None] + 6


def test_invalid_configs_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of heads"):
        SwinIRConfig(width=10, heads=3)
    with pytest.raises(ValueError, match="greater than or equal to 4"):
        SPSRConfig(blocks=3)
    with pytest.raises(ValueError, match="must be equal"):
        ResNetConfig(channels_in=3, residual=True)
