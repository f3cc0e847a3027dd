"""Conversion of lengths to nanometres."""

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
    "n_m": 1.0,
    "nanometer": 1.0,
    "nanometre": 1.0,
    "a": 0.1,
    "angstrom": 0.1,
    "pm": 1e-3,
}


def to_nm(value: float, unit: str) -> float:
    """Convert `value` to nm.

    Raises:
        ValueError: The unit is not a known unit of length.
    """
    key = unit.strip().replace("\\u00b5", "u").replace("\u00b5", "u").replace("\u03bc", "u")
    key = key.replace("\u00c5", "a").replace("\u212b", "a").strip("[]").lower()
    if key not in _NM_PER_UNIT:
        raise ValueError(f"{unit!r} is not a known unit of length")
    return value * _NM_PER_UNIT[key]
