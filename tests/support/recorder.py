"""A reporter that records everything, and exact comparison of states."""

from typing import Any

import torch


class Recorder:
    """Records all metrics by step."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], float] = {}
        self.samples: dict[tuple[int, str], dict] = {}
        self.warnings: list[tuple[int, str, str]] = []
        self.checkpoints: list[tuple[int, str, str]] = []

    def metrics(self, step, values) -> None:
        self.values |= {(step, k): v for k, v in values.items() if not k.startswith("speed/")}

    def sample(self, step, name, panels) -> None:
        self.samples[step, name] = panels

    def checkpoint(self, step, folder, kind) -> None:
        self.checkpoints.append((step, folder.name, kind))

    def warning(self, step, topic, text) -> None:
        self.warnings.append((step, topic, text))

    def progress(self, step, total, seconds_left) -> None: ...


def assert_equal(a: Any, b: Any, where: str = "state") -> int:
    """Compare two nested states exactly; returns how many tensors were compared."""
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
        return 1
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        return sum(assert_equal(a[key], b[key], f"{where}.{key}") for key in a)
    if isinstance(a, list | tuple):
        assert len(a) == len(b), where
        return sum(assert_equal(x, y, f"{where}[{i}]") for i, (x, y) in enumerate(zip(a, b, strict=True)))
    assert a == b, where
    return 0
