"""Published weights under the names that our own networks give them, where both compute the same.

Such a model needs no other package, has tiles of a known halo, can be exported and trained further.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from sem_models.config.networks.grey_adapter import GreyAdapterConfig
from sem_models.config.networks.hat import HATConfig
from sem_models.config.networks.reach import doublings
from sem_models.config.networks.rrdb import RRDBConfig
from sem_models.config.networks.swinir import SwinIRConfig
from sem_models.config.networks.table import NetworkConfig

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class NativeModel:
    """Settings of one of our networks for grey images, and weights for it."""

    network: NetworkConfig
    weights: dict[str, Tensor]


def native_model(architecture: str, arguments: Mapping[str, Any], weights: Weights) -> NativeModel | None:
    """Convert a network of spandrel to one of ours; None where we have none that computes the same.

    Args:
        architecture: Name that spandrel gives the architecture.
        arguments: Those of the constructor of spandrel's network.
        weights: Under the names of spandrel's network, which it also gives to those of earlier published versions.
    """
    convert = _CONVERTERS.get(architecture)
    return convert(arguments, weights) if convert else None


# RRDBNet (ESRGAN, Real-ESRGAN, BSRGAN)

_DENSE = re.compile(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.(weight|bias)")


def _rrdb(arguments: Mapping[str, Any], weights: Weights) -> NativeModel | None:
    block, colours = arguments["shuffle_factor"] or 1, arguments["out_nc"]
    plain = arguments["upsampler"] == "upconv" and arguments["act"] == "leakyrelu" and not arguments["norm"]
    if arguments["plus"] or arguments["scale"] not in (1, 2, 4, 8) or not plain:
        return None
    steps = doublings(arguments["scale"])
    network = RRDBConfig(
        scale=arguments["scale"] // block,
        blocks=arguments["num_blocks"],
        width=arguments["num_filters"],
        growth=weights["model.1.sub.0.RDB1.conv1.0.weight"].shape[0],
        unshuffle=block,
        bicubic_skip=False,
    )
    last = 3 * steps + 4
    names = {"model.0": "head", f"model.1.sub.{network.blocks}": "close", f"model.{last}": "tail"}
    names |= {f"model.{3 * step + 3}": f"enlarge.{step}.conv" for step in range(steps)}
    names |= {f"model.{last - 2}": "high"}
    renamed = {_dense_name(name) or _renamed(name, names): weight for name, weight in weights.items()}
    return NativeModel(network, _for_grey(renamed, colours))


def _dense_name(name: str) -> str | None:
    found = _DENSE.fullmatch(name)
    if found is None:
        return None
    block, dense, layer, part = found.groups()
    return f"trunk.{block}.blocks.{int(dense) - 1}.convs.{int(layer) - 1}.{part}"


def _renamed(name: str, names: Mapping[str, str]) -> str:
    place, _, part = name.rpartition(".")
    return f"{names[place]}.{part}"


def _for_grey(weights: dict[str, Tensor], colours: int) -> dict[str, Tensor]:
    """Let the first layer take one channel for all colours, and the last give their mean.

    The first layer may see blocks of pixels; all pixels of one colour are neighbours among its channels.
    """
    head = weights["head.weight"]
    width, _, *kernel = head.shape
    tail = {name: weights[name].mean(0, keepdim=True) for name in ("tail.weight", "tail.bias")}
    return {**weights, **tail, "head.weight": head.reshape(width, colours, -1, *kernel).sum(1)}


# SwinIR and HAT

_COLOUR_MEAN = (0.4488, 0.4371, 0.4040)
"""Of DIV2K; the published code takes it from images of three channels."""
_ONE_STEP = "pixelshuffledirect"
_STAGED = "pixelshuffle"
_SAME_SIZE = ""
_LAYER = re.compile(r"layers\.(\d+)\.residual_group\.blocks\.(\d+)\.(.+)")
_IN_LAYER = {
    "norm1": "norm1",
    "norm2": "norm2",
    "attn.qkv": "attention.qkv",
    "attn.proj": "attention.out",
    "mlp.fc1": "mlp.0",
    "mlp.fc2": "mlp.2",
    "conv_block.cab.0": "convolutions.narrow",
    "conv_block.cab.2": "convolutions.widen",
    "conv_block.cab.3.attention.1": "convolutions.squeeze",
    "conv_block.cab.3.attention.3": "convolutions.excite",
}
_OVERLAPPING = re.compile(r"layers\.(\d+)\.residual_group\.overlap_attn\.(.+)")
_IN_OVERLAPPING = {
    "norm1": "norm1",
    "norm2": "norm2",
    "qkv": "qkv",
    "proj": "out",
    "mlp.fc1": "mlp.0",
    "mlp.fc2": "mlp.2",
}
_FIRST_CONVOLUTIONS = "layers.0.residual_group.blocks.0.conv_block.cab"
_TABLE = "relative_position_bias_table"
_COMPUTED = ("relative_position_index", "relative_position_index_SA", "relative_position_index_OCA", "attn_mask")
"""Buffers that follow from the settings."""


def _swinir(arguments: Mapping[str, Any], weights: Weights) -> NativeModel | None:
    tail, scale = arguments["upsampler"], arguments["upscale"]
    known_scales = {_ONE_STEP: (2, 4, 8), _STAGED: (2, 4, 8), _SAME_SIZE: (1,)}.get(tail, ())
    if scale not in known_scales or not _plain(arguments) or arguments["start_unshuffle"] != 1:
        return None
    inner = SwinIRConfig(**_common(arguments), direct=tail != _STAGED, bicubic_skip=tail == _SAME_SIZE)
    return _renamed_transformer(inner, weights, _transformer_names(inner, tail))


def _plain(arguments: Mapping[str, Any]) -> bool:
    """Return whether the skeleton is that of our networks, with equal groups."""
    same = {"resi_connection": "1conv", "img_range": 1.0, "mlp_ratio": 2.0, "qkv_bias": True, "ape": False}
    equal = len(set(arguments["depths"])) == 1 == len(set(arguments["num_heads"]))
    return equal and bool(arguments["patch_norm"]) and all(arguments[name] == value for name, value in same.items())


def _common(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that SwinIR and HAT share."""
    colours = arguments["in_chans"]
    return {
        "scale": arguments["upscale"],
        "channels": colours,
        "width": arguments["embed_dim"],
        "groups": len(arguments["depths"]),
        "layers": arguments["depths"][0],
        "heads": arguments["num_heads"][0],
        "window": arguments["window_size"],
        "drop_path": arguments["drop_path_rate"],
        "mean": _COLOUR_MEAN if colours == len(_COLOUR_MEAN) else (),
    }


def _renamed_transformer(inner: SwinIRConfig | HATConfig, weights: Weights, names: Mapping[str, str]) -> NativeModel:
    kept = {name: weight for name, weight in weights.items() if not name.endswith(_COMPUTED)}
    renamed = {_layer_name(name) or _renamed(name, names): weight for name, weight in kept.items()}
    if inner.channels == 1:
        return NativeModel(inner, renamed)
    return NativeModel(GreyAdapterConfig(inner=inner), {f"inner.{name}": value for name, value in renamed.items()})


def _transformer_names(network: SwinIRConfig | HATConfig, tail: str) -> dict[str, str]:
    names = {"conv_first": "head", "patch_embed.norm": "norm_in", "norm": "norm_out", "conv_after_body": "close"}
    names |= {f"layers.{group}.conv": f"groups.{group}.conv" for group in range(network.groups)}
    if tail == _STAGED:
        steps = doublings(network.scale)
        shuffles = {f"upsample.{2 * step}": f"enlarge.{2 + 2 * step}" for step in range(steps)}
        return names | shuffles | {"conv_before_upsample.0": "enlarge.0", "conv_last": f"enlarge.{2 + 2 * steps}"}
    return names | {"upsample.0": "enlarge.0", "conv_last": "enlarge.0"}


def _layer_name(name: str) -> str | None:
    if found := _OVERLAPPING.fullmatch(name):
        group, rest = found.groups()
        return f"groups.{group}.overlapping.{'bias_table' if rest == _TABLE else _renamed(rest, _IN_OVERLAPPING)}"
    found = _LAYER.fullmatch(name)
    if found is None:
        return None
    group, layer, rest = found.groups()
    place = f"groups.{group}.layers.{layer}"
    return f"{place}.attention.bias_table" if rest == f"attn.{_TABLE}" else f"{place}.{_renamed(rest, _IN_LAYER)}"


_CONV_SCALE = 0.01
"""Spandrel cannot read it from the weights, and takes that of the paper."""


def _hat(arguments: Mapping[str, Any], weights: Weights) -> NativeModel | None:
    window, ratio = arguments["window_size"], arguments["overlap_ratio"]
    beyond, odd = divmod(int(window * ratio), 2)
    scales = arguments["upscale"] in (1, 2, 4, 8) and arguments["conv_scale"] == _CONV_SCALE
    if odd or not scales or not _plain(arguments) or arguments["upsampler"] != _STAGED:
        return None
    narrow, squeeze = (weights[f"{_FIRST_CONVOLUTIONS}.{name}.weight"].shape[0] for name in ("0", "3.attention.1"))
    inner = HATConfig(
        **_common(arguments),
        overlap=beyond,
        conv_width=narrow,
        squeeze=squeeze,
        tail_width=arguments["num_feat"],
        bicubic_skip=False,
    )
    return _renamed_transformer(inner, weights, _transformer_names(inner, _STAGED))


_CONVERTERS = {"ESRGAN": _rrdb, "SwinIR": _swinir, "HAT": _hat}
