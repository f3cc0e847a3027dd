"""Lengths in nanometres, whatever unit a file states."""

_NM_PER_UNIT = {
    "m": 1e9,
    "meter": 1e9,
    "metre": 1e9,
    "cm": 1e7,
    "mm": 1e6,
    "inch": 2.54e7,
    "in": 2.54e7,
    "um": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "micrometre": 1e3,
    "nm": 1.0,
    "nanometer": 1.0,
    "nanometre": 1.0,
    "a": 0.1,
    "angstrom": 0.1,
    "pm": 1e-3,
}


def to_nm(value: float, unit: str) -> float:
    """`value` in nm; ValueError for a unit that is not a length, so that nobody guesses."""
    key = unit.strip().replace("\\u00b5", "u").replace("\u00b5", "u").replace("\u03bc", "u")
    key = key.replace("\u00c5", "a").replace("\u212b", "a").lower()
    if key not in _NM_PER_UNIT:
        raise ValueError(f"{unit!r} is not a unit of length that is known here")
    return value * _NM_PER_UNIT[key]
