"""What weights of 8 bits cost: the loss in float32, and by both rules for the scale of a column.

    python benchmarks/weights_of_8_bits.py MODEL DATA [DATA …]

MODEL is a folder that `seqloom train` wrote; it stays as it is. DATA are files of pairs. The rules are the largest
weight, which processors without VNNI do not multiply exactly, and the largest sum of two neighbours
(`seqloom.export.rounding`). Besides the loss stands how far the scores of answers are from those in float32, where the
answers are the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from seqloom import load
from seqloom.export import export_model, rounding

RULES = ("float32", "largest weight", "largest sum of neighbours")


def largest_weights(matrix: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """What `largest_sums` gave before neighbours were added."""
    largest: NDArray[np.float32] = np.abs(matrix).max(axis, keepdims=True)
    return largest


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The loss in float32 and by both rules for weights of 8 bits")
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    given = parser.parse_args(arguments)
    found = {}
    with tempfile.TemporaryDirectory() as place:
        for name in RULES:
            sums = largest_weights if name == "largest weight" else rounding.largest_sums
            with patch.object(rounding, "largest_sums", sums):
                export_model(given.model, Path(place) / name, int8=name != "float32")
            found[name] = load(Path(place) / name, engine="onnx").evaluate(given.data)
    exact = found["float32"]
    heads = [
        "weights",
        "loss",
        *(score.name for score in exact.scores),
        "the same answers",
        "score, mean absolute error",
    ]
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for name, each in found.items():
        both = zip(each.predictions, exact.predictions, strict=True)
        apart = [abs(one.score - two.score) for one, two in both if one.text == two.text]
        figures = [f"{each.loss:.4f}", *(f"{score.value:.2f}" for score in each.scores)]
        print("| " + " | ".join([name, *figures, f"{len(apart)} of {each.count}", f"{mean(apart):.4f}"]) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
