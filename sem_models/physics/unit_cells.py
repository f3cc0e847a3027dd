"""Random crystals of a given fringe spacing and direction."""

import math

import numpy as np

from sem_models.physics.lattice import Atom, Lattice

_SIGMA = (0.15, 0.23)
_THERMAL = (0.0, 0.03)
_VACANCIES = (0.0, 0.02)
_BACKGROUND = (0.18, 0.32)
_CONTRAST = (0.3, 0.6)


def draw_lattice(fringe_px: float, direction_deg: float, generator: np.random.Generator) -> Lattice:
    """A crystal whose strongest fringe has that spacing and direction (see `Lattice.strongest_fringe`).

    Equally likely: one column in an oblique cell; a heavy and a light column, as in perovskites; dumbbells, as in
    silicon along [110]; two unequal columns in a honeycomb. Shapes vary by some percent; each of thermal shifts,
    vacancies, width of spots, background and contrast is uniform within its range.
    """
    kind = int(generator.integers(4))
    shape = (_oblique, _perovskite, _dumbbell, _honeycomb)[kind](generator)
    drawn = {
        "sigma": float(generator.uniform(*_SIGMA)) * (0.75 if kind == 2 else 1.0),
        "thermal": float(generator.uniform(*_THERMAL)),
        "vacancies": float(generator.uniform(*_VACANCIES)),
        "background": float(generator.uniform(*_BACKGROUND)),
        "contrast": float(generator.uniform(*_CONTRAST)),
    }
    trial = Lattice.model_validate({**shape.model_dump(), **drawn})
    spacing, direction = trial.strongest_fringe
    scale = fringe_px / spacing
    fitted = {"a_px": trial.a_px * scale, "b_px": trial.b_px * scale, "rotation_deg": direction_deg - direction}
    return Lattice.model_validate({**trial.model_dump(), **fitted})


def _oblique(generator: np.random.Generator) -> Lattice:
    ratio, gamma = generator.uniform(1, 1.3), generator.uniform(60, 90)
    return Lattice(b_px=10 * ratio, gamma_deg=gamma)


def _perovskite(generator: np.random.Generator) -> Lattice:
    light = Atom(u=0.5, v=0.5, brightness=generator.uniform(0.15, 0.5))
    return Lattice(
        b_px=10 * generator.uniform(0.97, 1.03), gamma_deg=90 + generator.uniform(-2, 2), atoms=(Atom(), light)
    )


def _dumbbell(generator: np.random.Generator) -> Lattice:
    """A centred cell of edges a / sqrt(2) and a, with pairs a / 4 apart along the longer edge."""
    second = generator.uniform(0.6, 1)
    pairs = [(Atom(u=s, v=s), Atom(u=s, v=s + 0.25, brightness=second)) for s in (0.0, 0.5)]
    return Lattice(b_px=10 * math.sqrt(2), atoms=(*pairs[0], *pairs[1]))


def _honeycomb(generator: np.random.Generator) -> Lattice:
    light = Atom(u=2 / 3, v=1 / 3, brightness=generator.uniform(0.2, 1))
    return Lattice(gamma_deg=120, atoms=(Atom(u=1 / 3, v=2 / 3), light))
