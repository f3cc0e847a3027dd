"""SEM Workbench: restoration of electron micrographs with PyTorch, without any web or tracking code."""

__version__ = "0.2.0"
