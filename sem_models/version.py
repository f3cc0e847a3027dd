"""The version of the program, said once."""

__version__ = "0.2.0"
