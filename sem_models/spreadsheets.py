"""Texts of people in CSV tables: a spreadsheet takes what begins like a formula for one, and carries it out.

The rule is that of the Open Worldwide Application Security Project (OWASP, "CSV Injection"): such a cell begins with an
apostrophe, by which spreadsheets know text.
"""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TEXT = "'"


def as_cell(value: object) -> object:
    """Return what to write into a cell; numbers, and texts that are none of a formula, as they are."""
    return f"{_TEXT}{value}" if isinstance(value, str) and _is_formula(value) else value


def from_cell(text: str) -> str:
    """Return the text of a cell that `as_cell` gave."""
    return text[1:] if text.startswith(_TEXT) and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    """Tell whether a text is one of a formula, or would be read as one without its apostrophes."""
    return text.lstrip(_TEXT).startswith(_FORMULA)
