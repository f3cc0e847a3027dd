"""Atomic columns in annular dark field: Gaussian spots on a two-dimensional lattice, without noise.

In incoherent imaging each column is a spot whose brightness grows with the atomic number and whose width is that of the
probe (Pennycook and Jesson, Ultramicroscopy 37 (1991) 14).
"""

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.sparse import csr_array

from sem_models.config.frozen import Frozen
from sem_models.physics.simulators.columns import Columns, Positions

_REACH = 4.5
"""Number of sigmas at which a spot is cut off, at 4e-5 of its height."""
_ORDERS = 4


class Atom(Frozen):
    """One column of the unit cell."""

    u: float = 0.0
    v: float = 0.0
    """Position as fractions of the edges a and b."""
    brightness: float = Field(1.0, gt=0)
    """Height of its spot, relative to the others of the cell."""


class Lattice(Frozen):
    """A crystal seen along a zone axis; angles in degrees turn from the columns' axis towards the rows' (downwards)."""

    a_px: float = Field(10.0, ge=2)
    b_px: float = Field(10.0, ge=2)
    gamma_deg: float = Field(90.0, ge=20, le=160)
    """From edge a to edge b."""
    atoms: tuple[Atom, ...] = Field((Atom(),), min_length=1)
    sigma: float = Field(0.18, gt=0, le=1)
    """Standard deviation of a spot, as a fraction of the period, like `thermal`."""
    rotation_deg: float = 0.0
    """Direction of edge a."""
    thermal: float = Field(0.0, ge=0, le=1)
    """Standard deviation of the thermal shift of an atomic column in each direction, as a fraction of the period."""
    vacancies: float = Field(0.0, ge=0, lt=1)
    """Share of the columns that are vacancies."""
    vacancy_occupancy: float = Field(0.0, ge=0, lt=0.5, exclude_if=lambda share: share == 0)
    """Share of its intensity that a column keeps in a vacancy: 0 if all atoms of the column are missing. A dump omits
    0, so that the settings of older images stay equal."""
    background: float = Field(0.1, ge=0, le=1)
    contrast: float = Field(0.7, ge=0, le=1)
    """Height of the brightest column of the perfect crystal above the background."""

    @model_validator(mode="after")
    def _fits_the_range(self) -> Self:
        if self.background + self.contrast > 1:
            raise ValueError("background and contrast together must not exceed 1")
        return self

    @property
    def period_px(self) -> float:
        """The shorter edge of the unit cell."""
        return min(self.a_px, self.b_px)

    @property
    def sigma_px(self) -> float:
        """Standard deviation of a spot."""
        return self.sigma * self.period_px

    @property
    def edges(self) -> Positions:
        """(2, 2) edges a and b as rows, each (rows, columns) in px."""
        angles = np.radians([self.rotation_deg, self.rotation_deg + self.gamma_deg])
        lengths = np.array([[self.a_px], [self.b_px]])
        edges: Positions = lengths * np.stack([np.sin(angles), np.cos(angles)], axis=1)
        return edges

    @property
    def strongest_fringe(self) -> tuple[float, float]:
        """Spacing in px and direction in degrees of the fringe that dominates the power spectrum of the image.

        Reflection g has the amplitude |sum_j brightness_j exp(2 pi i g r_j)| exp(-2 pi^2 sigma^2 g^2).
        """
        order = np.arange(-_ORDERS, _ORDERS + 1)
        hk = np.stack(np.meshgrid(order, order), axis=-1).reshape(-1, 2)
        hk = hk[hk.any(axis=1)]
        g = hk @ np.linalg.inv(self.edges).T
        where = np.array([[atom.u, atom.v] for atom in self.atoms])
        factor = np.exp(2j * np.pi * hk @ where.T) @ [atom.brightness for atom in self.atoms]
        size = np.hypot(*g.T)
        best = int(np.argmax(np.abs(factor) * np.exp(-2 * (np.pi * self.sigma_px * size) ** 2)))
        return float(1 / size[best]), math.degrees(math.atan2(*g[best])) % 180


def render(
    settings: Lattice, shape: tuple[int, int], generator: np.random.Generator
) -> tuple[NDArray[np.float32], Columns]:
    """Render one field of the crystal with a random origin in the unit cell. Equal generators give equal pixels.

    Returns:
        The noise-free image, (H, W) float32 in [0, 1], and the atomic columns in it and in a margin around it, with
        intensities in those units.
    """
    margin = _REACH * settings.sigma_px
    sites, brightness = _perfect(settings, shape, margin + 4 * settings.thermal * settings.period_px, generator)
    there = generator.random(len(sites)) >= settings.vacancies
    centres = sites + generator.normal(0, settings.thermal * settings.period_px, sites.shape)
    heights = brightness / _peak(settings)
    columns = Columns(
        sites=sites,
        centres=centres,
        sublattice=(brightness < max(atom.brightness for atom in settings.atoms)).astype(np.int64),
        full=2 * math.pi * settings.sigma_px**2 * settings.contrast * heights,
        occupancy=np.where(there, 1.0, settings.vacancy_occupancy),
        sigma_px=settings.sigma_px,
        period_px=settings.period_px,
    )
    seen = columns.occupancy > 0
    spots = splat(centres[seen], (heights * columns.occupancy)[seen], settings.sigma_px, shape)
    return np.clip(settings.background + settings.contrast * spots, 0, 1).astype(np.float32), columns


def _perfect(
    settings: Lattice, shape: tuple[int, int], margin: float, generator: np.random.Generator
) -> tuple[Positions, NDArray[np.float64]]:
    """Return sites and heights of all columns within `margin` of the image."""
    lo, hi = np.full(2, -0.5 - margin), np.array(shape) - 0.5 + margin
    corners = np.array([[r, c] for r in (lo[0], hi[0]) for c in (lo[1], hi[1])]) @ np.linalg.inv(settings.edges)
    first, last = np.floor(corners.min(axis=0)).astype(int) - 2, np.ceil(corners.max(axis=0)).astype(int) + 2
    cells = np.stack(np.meshgrid(*map(np.arange, first, last), indexing="ij"), axis=-1).reshape(-1, 1, 2)
    basis = np.array([[atom.u, atom.v] for atom in settings.atoms])
    sites = ((cells + basis + generator.random(2)) @ settings.edges).reshape(-1, 2)
    heights = np.tile([atom.brightness for atom in settings.atoms], len(cells))
    near = ((sites >= lo) & (sites < hi)).all(axis=1)
    return sites[near], heights[near]


def _peak(settings: Lattice) -> float:
    """Return the height of the brightest site of the perfect crystal, including the tails of its neighbours."""
    where = np.array([[atom.u, atom.v] for atom in settings.atoms])
    cells = np.stack(np.meshgrid(*2 * [np.arange(-3, 4)]), axis=-1).reshape(1, -1, 1, 2)
    away = (where[:, None, None] - where - cells) @ settings.edges
    tails = np.exp(-(away**2).sum(axis=-1) / (2 * settings.sigma_px**2))
    return float((tails @ [atom.brightness for atom in settings.atoms]).sum(axis=1).max())


def splat(
    centres: Positions, heights: NDArray[np.float64], sigma_px: float, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Sum Gaussian spots of (K,) heights at (K, 2) centres in px; returns (H, W), cut off at 4.5 sigma.

    A Gaussian is a product of profiles, so the image is a product of two sparse matrices.
    """
    down, right = (_profiles(centres[:, axis], sigma_px, shape[axis]) for axis in (0, 1))
    image: NDArray[np.float64] = (down.multiply(heights[:, None]).T @ right).toarray()
    return image


def _profiles(centres: NDArray[np.float64], sigma_px: float, length: int) -> csr_array:
    """Return (K, length) profiles of the spots along one axis, zero beyond their reach."""
    reach = math.ceil(_REACH * sigma_px)
    places = np.rint(centres).astype(int)[:, None] + np.arange(-reach, reach + 1)
    values = np.exp(-((places - centres[:, None]) ** 2) / (2 * sigma_px**2))
    inside = (places >= 0) & (places < length)
    rows = np.broadcast_to(np.arange(len(centres))[:, None], places.shape)
    return csr_array((values[inside], (rows[inside], places[inside])), shape=(len(centres), length))


_SIGMA = (0.15, 0.23)
_THERMAL = (0.0, 0.03)
_VACANCIES = (0.0, 0.02)
_BACKGROUND = (0.18, 0.32)
_CONTRAST = (0.3, 0.6)


def draw_lattice(fringe_px: float, direction_deg: float, generator: np.random.Generator) -> Lattice:
    """Draw a crystal whose strongest fringe has a given spacing and direction (see `Lattice.strongest_fringe`).

    Four structures are equally likely: one column in an oblique cell; a heavy and a light column, as in perovskites;
    dumbbells, as in silicon along [110]; and two unequal columns in a honeycomb. Their shapes vary by some percent.
    Thermal shift, vacancies, spot width, background and contrast are each uniform within a range.
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
    """Return a centred cell with edges a / sqrt(2) and a, and pairs of columns a / 4 apart along the longer edge."""
    second = generator.uniform(0.6, 1)
    pairs = [(Atom(u=s, v=s), Atom(u=s, v=s + 0.25, brightness=second)) for s in (0.0, 0.5)]
    return Lattice(b_px=10 * math.sqrt(2), atoms=(*pairs[0], *pairs[1]))


def _honeycomb(generator: np.random.Generator) -> Lattice:
    light = Atom(u=2 / 3, v=1 / 3, brightness=generator.uniform(0.2, 1))
    return Lattice(gamma_deg=120, atoms=(Atom(u=1 / 3, v=2 / 3), light))
