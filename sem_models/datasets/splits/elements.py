"""Chemical elements in file names: elemental maps of one field are named by what they map."""

import re
from collections.abc import Collection

_SYMBOLS = (
    "H|He|Li|Be|B|C|N|O|F|Ne|Na|Mg|Al|Si|P|S|Cl|Ar|K|Ca|Sc|Ti|V|Cr|Mn|Fe|Co|Ni|Cu|Zn|Ga|Ge|As|Se|Br|Kr|Rb|Sr|Y|Zr|Nb|"
    "Mo|Tc|Ru|Rh|Pd|Ag|Cd|In|Sn|Sb|Te|I|Xe|Cs|Ba|La|Ce|Pr|Nd|Pm|Sm|Eu|Gd|Tb|Dy|Ho|Er|Tm|Yb|Lu|Hf|Ta|W|Re|Os|Ir|Pt|Au|"
    "Hg|Tl|Pb|Bi|Th|U"
)
_MAP = re.compile(rf"({_SYMBOLS})(?:[KLM](?:[ab\u03b1\u03b2]|alpha|beta)?\d*)?")
"""A symbol, alone or with its X-ray line: `Fe`, `FeK`, `FeKa1`."""


def name_elements(words: Collection[str]) -> bool:
    """Return whether all words name elements, alone or with an X-ray line, and not all of them the same one."""
    found = [_MAP.fullmatch(word) for word in words]
    return all(found) and len({match[1] for match in found if match}) > 1
