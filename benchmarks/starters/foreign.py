"""Images of sets that no starter model learned from, on which it must do no harm."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from sem_models.config.degradation import Degradation
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.images.channels import to_grey
from sem_models.images.databar import crop_databar, find_databar
from sem_models.images.intensity import UnitImage, intensity_range, to_unit
from sem_models.images.io.read import read_micrograph
from sem_models.training.learned_inputs import simulated_input

EDGE_PX = 256
SETS = {
    "superalloys": "nasa_superalloy_sem/images/*.png",
    "concretions": "petrography_sem_crops/*/original_*.png",
    "steel, detectors": "kit_zeiss_sem/**/*.tif",
    "focus series": "sem_focus_series/*.png",
    "lattices": "haadf_atomic_lattice/*/*.png",
    "tissue, correlative": "clem_em_fluorescence/EM.png",
    "TiO2": "bam_tio2_sem_tsem_pairs/SEM/*.tif",
    "TiO2, transmission": "bam_tio2_sem_tsem_pairs/TSEM/*.tif",
    "tissue, sections": "vnc_sstem/stack1/raw/*.*",
    "charging": "fibsem_charging/chafer_example_data.tif",
    "single atoms": "acstem_single_atoms_pt/images/*.tif",
    "molecules": "haadf_single_atoms_16bit/images/*.tif",
    "low dose": "tem_lowdose_pairs/*.tif",
}
NOT_FOR = ("lattices", "single atoms", "molecules", "low dose")
"""Atomic and low-dose images of STEM and TEM, whose recorded images are themselves mostly noise."""


@dataclass(frozen=True)
class ForeignImage:
    """The centre of an image as it was recorded, (H, W) in unit intensity."""

    set: str
    name: str
    recorded: UnitImage

    def noisy(self, settings: Degradation) -> UnitImage:
        """Degrade it, the same way each time; what does not fit the scale is cut off."""
        return simulated_input(self.recorded, settings, frame_seed(self.name, "noisy"))


def foreign_images(
    data: Path, every: Mapping[str, int] = MappingProxyType({}), edge_px: int = EDGE_PX
) -> Iterator[ForeignImage]:
    """Yield the images of all sets, without their data bars; of some sets only every n-th."""
    for name, pattern in SETS.items():
        for path in sorted(data.glob(pattern))[:: every.get(name, 1)]:
            yield load(name, path, edge_px)


def load(kind: str, path: Path, edge_px: int = EDGE_PX) -> ForeignImage:
    """Read the centre of an image, without its data bar."""
    grey = to_grey(read_micrograph(path))
    image = crop_databar(grey, find_databar(grey)).pixels[..., 0]
    unit = np.clip(to_unit(image, intensity_range(image)), 0, 1)
    height, width = (min(edge_px, size) for size in unit.shape)
    top, left = (unit.shape[0] - height) // 2, (unit.shape[1] - width) // 2
    crop = np.ascontiguousarray(unit[top : top + height, left : left + width])
    return ForeignImage(kind, f"{kind}/{path.parent.name}/{path.name}", crop)
