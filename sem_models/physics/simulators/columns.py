"""The true atomic columns and dents of a simulated lattice, which a restored image can be scored against."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from sem_models.physics.simulators.dents import Dent

Positions = NDArray[np.float64]
SUBLATTICES = ("heavy", "light")
"""Names of the sub-lattices: the columns that are brightest in the perfect crystal, and all others."""
VACANT = 0.5
"""A site whose occupancy is below this is a vacancy."""


@dataclass(frozen=True)
class Columns:
    """What is at the sites of a crystal in one image, and around it as far as spots reach into the image."""

    sites: Positions
    """(K, 2) rows and columns in px of the sites of the perfect crystal. Pixel centres are at whole numbers."""
    centres: Positions
    """(K, 2) centres of the columns, displaced from their sites by thermal motion."""
    sublattice: NDArray[np.int64]
    """(K,) index into `SUBLATTICES`."""
    full: NDArray[np.float64]
    """(K,) integrated intensity above the background of a column without vacancy, in intensity x px^2."""
    occupancy: NDArray[np.float64]
    """(K,) share of that intensity that is there: 1, or less in a vacancy."""
    sigma_px: float
    """Standard deviation of the spots."""
    period_px: float
    """The shorter edge of the unit cell."""
    dents: tuple[Dent, ...] = ()
    """Their depths are in the same intensity as `full`."""

    @property
    def intensity(self) -> NDArray[np.float64]:
        """(K,) true integrated intensities."""
        return self.full * self.occupancy

    @property
    def vacant(self) -> NDArray[np.bool_]:
        """(K,) whether the column is missing or weakened to less than half."""
        return self.occupancy < VACANT

    @property
    def spacing_px(self) -> float:
        """Median distance of a site to its nearest neighbour."""
        if len(self.sites) < 2:
            return self.period_px
        return float(np.median(KDTree(self.sites).query(self.sites, k=2)[0][:, 1]))

    def inside(self, shape: tuple[int, int], border_px: float) -> NDArray[np.bool_]:
        """(K,) whether a site is in an image of (H, W) and at least `border_px` from the centres of its edge pixels."""
        far = (self.sites >= border_px) & (self.sites <= np.array(shape) - 1 - border_px)
        within: NDArray[np.bool_] = np.all(far, axis=1)
        return within

    def in_image(self, shape: tuple[int, int]) -> Positions:
        """(M, 2) centres of the columns that are not vacant and lie in an image of (H, W)."""
        there = ((self.centres >= -0.5) & (self.centres < np.array(shape) - 0.5)).all(axis=1)
        return self.centres[there & ~self.vacant]

    def cropped(self, border_px: int) -> "Columns":
        """Return the columns in the coordinates of an image without that many pixels at its upper and left edge."""
        moved = tuple(
            dent.model_copy(update={"centre_px": (dent.centre_px[0] - border_px, dent.centre_px[1] - border_px)})
            for dent in self.dents
        )
        return replace(self, sites=self.sites - border_px, centres=self.centres - border_px, dents=moved)

    def times(self, gain: float) -> "Columns":
        """Return the columns of an image whose intensity is multiplied by `gain`."""
        deeper = tuple(dent.model_copy(update={"depth": dent.depth * gain}) for dent in self.dents)
        return replace(self, full=self.full * gain, dents=deeper)
