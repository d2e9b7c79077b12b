"""Probabilities of labels beside the labels that are right: figures, and what is drawn of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.confidence.quality import EXACT
from seqloom.confidence.reliability import Reliability, reliability
from seqloom.metrics.probabilities import auroc, brier_score, log_loss


@dataclass(frozen=True)
class LabelProbabilities:
    """The probabilities [N, C] that a model gave the `labels`, and which of these were right, `given` [N, C].

    With `several`, any number of labels may be right, otherwise one is. `left_out` counts the examples that are not
    among the N, as the network has not answered them or does not know their label.
    """

    labels: tuple[str, ...]
    probabilities: NDArray[np.float64] = field(repr=False)
    given: NDArray[np.bool_] = field(repr=False)
    several: bool = False
    left_out: int = 0

    @property
    def count(self) -> int:
        """The number of examples that count."""
        return len(self.given)

    @cached_property
    def reliability(self) -> Reliability:
        """How far the probabilities can be trusted, in 15 bins of equal width (Guo et al. 2017, eq. 3).

        Of one label it is about the most probable one and how often that is right; of several about all labels, each of
        which is right or not.
        """
        if self.several:
            sure, right = self.probabilities.ravel(), self.given.ravel()
        else:
            best = self.probabilities.argmax(1)[:, None]
            sure = np.take_along_axis(self.probabilities, best, 1)[:, 0]
            right = np.take_along_axis(self.given, best, 1)[:, 0]
        found = reliability(EXACT, sure.tolist(), right.astype(np.float64).tolist())
        assert found is not None  # as there are examples
        return found

    @cached_property
    def figures(self) -> dict[str, float | None]:
        """Log loss, Brier score, expected calibration error and AUROC (`seqloom.metrics.probabilities`).

        AUROC is None where it has no meaning: some label is that of all examples or of none.
        """
        arrays = self.probabilities, self.given
        return {
            "log_loss": log_loss(*arrays, several=self.several),
            "brier_score": brier_score(*arrays, several=self.several),
            "expected_calibration_error": self.reliability.calibration_error,
            "auroc": auroc(*arrays),
        }

    def sentences(self) -> Sequence[str]:
        """What a user should know of the figures."""
        if not self.left_out:
            return ()
        number = "1 example" if self.left_out == 1 else f"{self.left_out:,} examples"
        return (f"{number} without a known label or an answer of the network count in no figure of probabilities",)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file: the figures, and how many examples count."""
        return {**self.figures, "examples": self.count, "left_out": self.left_out}
