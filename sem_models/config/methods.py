"""What can be said of each way of learning without building its networks."""

from dataclasses import dataclass
from typing import Literal

from sem_models.config.validation_scores import BLIND_ERROR, INPUT_CORRELATION, NOISE_ERROR, ValidationScore

MethodName = Literal[
    "supervised", "adversarial", "variational", "cycle", "noise2noise", "blind-spot", "segmentation", "diffusion"
]
Direction = Literal["forward", "backward"]
"""Which generator of a CycleGAN: from the first domain to the second, or back. Every other model is `forward`."""
METHOD_SETTINGS = ("adversarial", "cycle", "blind_spot", "diffusion")
"""Fields of a recipe that belong to some methods and are absent for the others."""


@dataclass(frozen=True)
class MethodFacts:
    """One way of learning, for whoever must know about it before, or without, a training."""

    settings: tuple[str, ...] = ()
    """Those of `METHOD_SETTINGS` that it needs; it takes no others."""
    predicts_noise: bool = False
    """Its network tells the noise in an image, and an image is drawn in many steps of it."""
    learns_backward: bool = False
    """It trains a second generator, from target to input, that can be applied as well."""
    learns_without_pairs: bool = False
    """Unpaired datasets are what it is made for."""
    gives_classes: bool = False
    """Its network gives a logit a class and pixel."""
    has_two_ends: bool = False
    """Its two stages leave one network at a faithful and at a sharp end, between which weights can be mixed."""
    compares_features: bool = False
    """It compares trained features whatever the loss terms of its recipe."""
    usual_score: ValidationScore | None = None
    """What its validation shows, where that is not the score of the task."""


METHOD_FACTS: dict[str, MethodFacts] = {
    "supervised": MethodFacts(),
    "adversarial": MethodFacts(("adversarial",), has_two_ends=True),
    "variational": MethodFacts(("adversarial",), compares_features=True),
    "cycle": MethodFacts(
        ("adversarial", "cycle"), learns_backward=True, learns_without_pairs=True, usual_score=INPUT_CORRELATION
    ),
    "noise2noise": MethodFacts(),
    "blind-spot": MethodFacts(("blind_spot",), usual_score=BLIND_ERROR),
    "segmentation": MethodFacts(gives_classes=True),
    "diffusion": MethodFacts(("diffusion",), predicts_noise=True, usual_score=NOISE_ERROR),
}


def method_facts(name: str | None) -> MethodFacts:
    """Of a method by its name; runs that do not say how they learned have no special facts."""
    return METHOD_FACTS.get(name or "", MethodFacts())
