"""Damage to the bytes of a file: flipped, cut, repeated and exchanged parts, and forged numbers in headers."""

import struct
import zlib
from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytes, np.random.Generator], bytes]
_EXTREMES = (0, 1, 2, 255, 256, 4096, 32767, 65500, 65535, 2**20, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_HEADER = 1024
"""Bytes at either end of a file where headers and directories usually lie."""
_PNG = b"\x89PNG\r\n\x1a\n"


def mutate(data: bytes, index: int) -> tuple[str, bytes]:
    """Return the name of a mutation and the damaged bytes, which are always the same for the same index."""
    rng = np.random.default_rng([2026, index])
    name = sorted(MUTATIONS)[index % len(MUTATIONS)]
    damaged = MUTATIONS[name](data, rng)
    # A wrong checksum would end the reading of a PNG file before the damage is met.
    return name, _with_checksums(damaged) if damaged.startswith(_PNG) and rng.random() < 0.7 else damaged


def _flip(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for place in _places(data, rng, int(rng.integers(1, 33))):
        changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(rng.integers(1, len(data)))]


def _remove(data: bytes, rng: np.random.Generator) -> bytes:
    first = int(rng.integers(0, len(data)))
    return data[:first] + data[first + int(rng.integers(1, 200)) :]


def _repeat(data: bytes, rng: np.random.Generator) -> bytes:
    first = int(rng.integers(0, len(data)))
    part = data[first : first + int(rng.integers(1, 2000))]
    return data[:first] + part * int(rng.integers(2, 50)) + data[first:]


def _exchange(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    size = min(int(rng.integers(1, 64)), len(data) // 2)
    one, other = _places(data, rng, 2)
    one, other = min(one, len(data) - size), min(other, len(data) - size)
    changed[one : one + size], changed[other : other + size] = data[other : other + size], data[one : one + size]
    return bytes(changed)


def _forge(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for place in _places(data, rng, int(rng.integers(1, 5))):
        form = str(rng.choice(["<H", ">H", "<I", ">I"]))
        place = min(place & ~1, len(data) - 4)
        value = int(rng.choice(_EXTREMES)) % 2 ** (8 * struct.calcsize(form))
        changed[place : place + struct.calcsize(form)] = struct.pack(form, value)
    return bytes(changed)


MUTATIONS: dict[str, Mutation] = {
    "flip": _flip,
    "cut": _cut,
    "remove": _remove,
    "repeat": _repeat,
    "exchange": _exchange,
    "forge": _forge,
}


def _places(data: bytes, rng: np.random.Generator, count: int) -> list[int]:
    """Return random places: in the first or last bytes of the file, or anywhere, each in a third of the cases."""
    ranges = ((0, min(_HEADER, len(data))), (max(0, len(data) - _HEADER), len(data)), (0, len(data)))
    return [int(rng.integers(*ranges[int(rng.integers(3))])) for _ in range(count)]


def _with_checksums(data: bytes) -> bytes:
    out, place = bytearray(data[:8]), 8
    while place + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, place)
        body = data[place + 4 : place + 8 + size]
        out += struct.pack(">I", size) + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + size
    return bytes(out)
