"""What a GAN training looks like when it goes wrong, noticed from its curves: a warning each, never an end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PATIENCE = 10
"""Reports in a row: a single bad batch means nothing."""


@dataclass(frozen=True)
class _Sign:
    topic: str
    advice: str


_SATURATED = _Sign(
    "discriminator-saturated",
    "The {name} tells real (probability {real:.2f}) from restored ({fake:.2f}) without doubt: the generator learns "
    "nothing from it. Lower adversarial.discriminator_rate or train the pixel stage longer.",
)
_COLLAPSED = _Sign(
    "mode-collapse",
    "Outputs of different inputs differ only {diversity:.0%} as much as their targets do: the generator draws the same "
    "picture again and again. Lower adversarial.weight or the learning rate.",
)
_INVERTED = _Sign(
    "contrast-inverted",
    "Outputs correlate negatively with their targets, or in a cycle with their inputs ({contrast:+.2f}): light and "
    "dark are exchanged. Raise the weight of a pixel loss, or cycle.identity.",
)
_CHECKERED = _Sign(
    "checkerboard",
    "Outputs have a pattern of 2 or 4 px that stands out {checkerboard:.0f} times as far as in their targets: a "
    "checkerboard. Set network.upsampling=resize and network.finish=convolutions where the network offers them, or "
    "lower adversarial.weight.",
)
_SURE_REAL, _SURE_FAKE = 0.98, 0.02
_LEAST_DIVERSITY = 0.2
_MOST_CHECKERED = 4.0


class GanWatch:
    """Counts bad signs over reports; each sign warns once, and again after it has gone and come back."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._in_a_row: dict[str, int] = {}

    def __call__(self, seen: Mapping[str, float]) -> Iterator[tuple[str, str]]:
        """Topics and texts of the warnings that one report of observations gives."""
        for sign, name, shows in _signs(seen):
            key = f"{sign.topic} {name}".strip()
            self._in_a_row[key] = self._in_a_row.get(key, 0) + 1 if shows else 0
            if self._in_a_row[key] == _PATIENCE:
                numbers = {part.rpartition("/")[2]: value for part, value in seen.items() if part.startswith(name)}
                yield key.replace(" ", "."), sign.advice.format(name=name.replace("_", " "), **{**seen, **numbers})


def _signs(seen: Mapping[str, float]) -> Iterator[tuple[_Sign, str, bool]]:
    for name in [key.removesuffix("/real") for key in seen if key.endswith("/real")]:
        sure = seen[f"{name}/real"] > _SURE_REAL and seen[f"{name}/fake"] < _SURE_FAKE
        yield _SATURATED, name, sure
    if "diversity" in seen:
        yield _COLLAPSED, "", seen["diversity"] < _LEAST_DIVERSITY
        yield _INVERTED, "", seen["contrast"] < 0
    if "checkerboard" in seen:
        yield _CHECKERED, "", seen["checkerboard"] > _MOST_CHECKERED
