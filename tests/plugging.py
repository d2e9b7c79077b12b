"""A plugin in a file, an installed one, and a registry that no other test sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seqloom import plugins
from toy import SETTINGS, copied

SETTINGS_OF_MINE = {
    **SETTINGS,
    "training.epochs": 1,
    "model.attention": "mine",
    "evaluation.metrics": ("first_letter", "exact_match"),
}
MINE = '''
"""A plugin with a member of each family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from torch import Tensor, nn

from seqloom.data import DataConfig, Example
from seqloom.data.readers import ReadReport, checked, read_lines
from seqloom.metrics import Entry, Metric
from seqloom.nn.attention import Attention, AttentionConfig, Memory
from seqloom.nn.attention.base import inner
from seqloom.nn.cells.gru import GRU, GRUConfig


class MineConfig(AttentionConfig):
    """Settings of an attention."""

    kind: Literal["mine"] = "mine"
    """How a query is scored."""
    scale: float = 1.0
    """What scores are multiplied by."""


class Mine(Attention):
    """General attention with a scale."""

    def __init__(self, config: MineConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        self.key = nn.Linear(value_size, query_size, bias=False)
        self.scale = config.scale

    def project_keys(self, values: Tensor) -> Tensor:
        return self.key(values) * self.scale

    def scores(self, query: Tensor, memory: Memory, state: object, product: object) -> Tensor:
        return inner(query, memory.keys, self.heads)


class MyGRUConfig(GRUConfig):
    """Settings of a cell."""

    kind: Literal["my_gru"] = "my_gru"
    """The recurrence."""


class MyGRU(GRU):
    """A GRU under another name."""


class FirstLetter(Metric):
    """The share of right first letters."""

    def statistics(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
        pairs = zip(predictions, references)
        return np.array([[float(any(one[:1] == each[:1] for each in known)), 1.0] for one, known in pairs])

    def value(self, total: np.ndarray) -> float:
        return 100 * float(total[0] / total[1])


def read_arrows(path: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Lines such as `source -> target`."""
    for origin, line in read_lines(path, report, config.encoding):
        if line is not None:
            source, _, target = line.partition(" -> ")
            example = checked(Example(source, target, origin), report)
            if example is not None:
                yield example


ATTENTIONS = {"mine": (MineConfig, Mine)}
CELLS = {"my_gru": (MyGRUConfig, MyGRU)}
METRICS = {"first_letter": Entry("share of right first letters", FirstLetter)}
READERS = {"arrows": read_arrows}
'''


@pytest.fixture
def no_plugins() -> Iterator[None]:
    """No plugin in use before a test, and none of its own after it."""
    with plugins.apart():
        yield


@pytest.fixture
def plugin_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_plugins: None) -> Path:
    """The working folder, with a plugin and pairs in its format."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE, encoding="utf-8")
    Path("pairs.txt").write_text("".join(f"{word} -> {word}\n" for word, _ in copied(60)), encoding="utf-8")
    Path("dev.txt").write_text("".join(f"{word} -> {word}\n" for word, _ in copied(10, seed=2)), encoding="utf-8")
    return tmp_path


def installed(folder: Path, name: str = "cosy", text: str = MINE, module: str = "seqloom_cosy") -> None:
    """The least that an installed package with a plugin is: a module, and a folder that says what there is."""
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    about = folder / f"{module}-1.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.5\n")
    (about / "entry_points.txt").write_text(f"[seqloom.plugins]\n{name} = {module}\n")
