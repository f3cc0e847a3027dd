"""Networks that are compared under equal conditions: everything but what their names state is the same.

All learn in one stage, without a discriminator, without features of a pretrained network and without projection onto
the input, which is scored apart. SINSR's structure-informed losses are those of its preset, with the same weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.runner import Job

SEEDS = 3
_ONE_STAGE = ("method=supervised", "adversarial=none")
_SINSR = (*_ONE_STAGE, "network.back_projection=none")
_STRUCTURE = ("losses.gradient=2", "losses.gradient2=1", "losses.tv=0.001", "losses.dssim=0.05")


@dataclass(frozen=True)
class Variant:
    """A recipe, without the factor in its name, and changes."""

    recipe: str
    changes: tuple[str, ...] = ()

    def job(self, label: str, dataset: str, scale: int, seed: int, changes: Sequence[str] = ()) -> Job:
        """Return a training with one seed."""
        return Job(label, f"{self.recipe}-x{scale}-small", dataset, seed, (*self.changes, *changes), inputs=())


VARIANTS = {
    "VDSR": Variant("vdsr"),
    "SRResNet": Variant("srresnet"),
    "SRResNet, structure losses": Variant("srresnet", _STRUCTURE),
    "SINSR": Variant("sinsr", _SINSR),
    "SINSR, structure losses": Variant("sinsr", (*_SINSR, *_STRUCTURE)),
    "SINSR-GB, structure losses": Variant("sinsr-gb", (*_SINSR, *_STRUCTURE)),
}
"""By the name that tables show. The loss of a gradient branch comes with the branch."""
MORE = {
    "SwinIR": Variant("swinir"),
    "RRDB": Variant("esrgan", _ONE_STAGE),
    "SPSR": Variant("spsr", _ONE_STAGE),
}
"""Networks of the simulated tracks alone."""
CONTRASTS = {
    "structure losses, SRResNet": ("SRResNet, structure losses", "SRResNet"),
    "structure losses, SINSR": ("SINSR, structure losses", "SINSR"),
    "gradient branch": ("SINSR-GB, structure losses", "SINSR, structure losses"),
    "network, SINSR over SRResNet": ("SINSR", "SRResNet"),
    "network, SRResNet over VDSR": ("SRResNet", "VDSR"),
}
"""What a single difference between two trainings is worth: with it, without it. SINSR has three scales, attention and
2.5 times the parameters of SRResNet, which has 6 times those of VDSR."""
