"""Images that no scanning electron microscope made, which an input check should tell from those that one did."""

from collections.abc import Iterator
from pathlib import Path

import skimage

from benchmarks.starters.foreign import ForeignImage, foreign_images, load

OTHER_KINDS = {
    "light microscopy": (
        "ppl_xpl_sandstone/paralelos/*",
        "ppl_xpl_sandstone/cruzados/*",
        "clem_em_fluorescence/Ch*.png",
    ),
    "label maps": (
        *("nasa_ebc_bse/masks/*", "nasa_superalloy_sem/masks/*", "vnc_sstem/stack1/labels/*"),
        *("axon_myelin_sem/derivatives/labels/sub-*/micr/*manual.png", "bam_tio2_sem_tsem_pairs/masks/*"),
    ),
}
PHOTOGRAPHS = "photographs"
_FILES = (
    *("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "hubble_deep_field", "moon"),
    *("motorcycle_left", "page", "retina", "rocket", "text"),
)
"""Pictures that come with scikit-image."""
EVERY = {"label maps": 6, "concretions": 3, "superalloys": 2, "tissue, sections": 2}
"""Of which kind only every n-th image is looked at."""


def images_of_all_kinds(data: Path, edge_px: int) -> Iterator[ForeignImage]:
    """Yield micrographs of other sets, light micrographs, label maps and photographs, cut to `edge_px`."""
    yield from foreign_images(data, EVERY, edge_px)
    for kind, patterns in OTHER_KINDS.items():
        files = [path for pattern in patterns for path in sorted(data.glob(pattern)) if path.is_file()]
        for path in files[:: EVERY.get(kind, 1)]:
            yield load(kind, path, edge_px)
    folder = Path(skimage.__file__).parent / "data"
    for path in sorted(path for name in _FILES for path in folder.glob(f"{name}.*")):
        yield load(PHOTOGRAPHS, path, edge_px)
