"""Names of the files that models from elsewhere come in; nothing here needs torch."""

from typing import Final

SAFETENSORS: Final = ".safetensors"
PICKLES: Final = (".pth", ".pt", ".ckpt")
"""Files of PyTorch."""
PACKAGE: Final = ".zip"
"""A BioImage.IO package."""
FOREIGN_SUFFIXES: Final = (SAFETENSORS, *PICKLES, PACKAGE)
