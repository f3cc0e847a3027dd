"""Facts about each method that are known without building its networks."""

from dataclasses import dataclass
from typing import Literal

from sem_models.config.validation_scores import BLIND_ERROR, INPUT_CORRELATION, NOISE_ERROR, ValidationScore

MethodName = Literal[
    "supervised",
    "adversarial",
    "variational",
    "cycle",
    "noise2noise",
    "blind-spot",
    "blind-network",
    "segmentation",
    "diffusion",
]
Direction = Literal["forward", "backward"]
"""Which generator of a CycleGAN: from the first domain to the second, or back. Every other model is `forward`."""
METHOD_SETTINGS = ("adversarial", "cycle", "blind_spot", "diffusion")
"""Recipe fields that some methods require and all others exclude."""


@dataclass(frozen=True)
class MethodFacts:
    """Facts about one method that are needed before a training, or without one."""

    settings: tuple[str, ...] = ()
    """The fields of `METHOD_SETTINGS` that it requires. It excludes the others."""
    predicts_noise: bool = False
    """Whether its network predicts the noise in an image, so that an image is drawn in many denoising steps."""
    learns_backward: bool = False
    """Whether it trains a second generator, from target to input, that can also be applied."""
    learns_without_pairs: bool = False
    """Whether it is made for unpaired datasets."""
    learns_from_noisy: bool = False
    """Whether it learns to denoise from noisy images alone."""
    gives_classes: bool = False
    """Whether its network returns one logit per class for every pixel."""
    compares_with_target: bool = False
    """Whether outputs are compared with a clean target of the same field."""
    has_two_ends: bool = False
    """Whether the weights after its two stages, the first faithful and the second sharp, can be interpolated."""
    compares_features: bool = False
    """Whether it compares features of a trained backbone whatever the loss terms of the recipe are."""
    usual_score: ValidationScore | None = None
    """The score that its validation shows, if that differs from the score of the task."""


METHOD_FACTS: dict[str, MethodFacts] = {
    "supervised": MethodFacts(compares_with_target=True),
    "adversarial": MethodFacts(("adversarial",), compares_with_target=True, has_two_ends=True),
    "variational": MethodFacts(("adversarial",), compares_with_target=True, compares_features=True),
    "cycle": MethodFacts(
        ("adversarial", "cycle"), learns_backward=True, learns_without_pairs=True, usual_score=INPUT_CORRELATION
    ),
    "noise2noise": MethodFacts(learns_from_noisy=True),
    "blind-spot": MethodFacts(("blind_spot",), learns_from_noisy=True, usual_score=BLIND_ERROR),
    "blind-network": MethodFacts(learns_from_noisy=True, usual_score=BLIND_ERROR),
    "segmentation": MethodFacts(gives_classes=True),
    "diffusion": MethodFacts(("diffusion",), predicts_noise=True, usual_score=NOISE_ERROR),
}


def method_facts(name: str | None) -> MethodFacts:
    """Return the facts of a method. A run that does not state its method gets the defaults."""
    return METHOD_FACTS.get(name or "", MethodFacts())
