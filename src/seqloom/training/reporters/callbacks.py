"""Functions of a user's own that are called with the reports of a run, and can end it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqloom.errors import ConfigError, SeqloomError, TrainingError
from seqloom.training.interrupt import EndRequest
from seqloom.training.reports import Report

Callback = Callable[[Report], object]
"""A function that is called with every report of a run (`seqloom.training.reports`), in order.

If it returns True, training ends after the current update, as if its last epoch were done: the model is evaluated, and
the best weights so far become the model. Anything else that it returns means nothing.
"""


@dataclass(frozen=True)
class EarlyStopping:
    """Stop training after `patience` evaluations in a row that are no better than the best one.

    `monitor` is what evaluations are compared by: `loss`, the name of a metric, or `main`, the first of the metrics;
    empty, it stays as the settings have it, the loss by default. It gives the settings `training.selection.patience`
    and `training.selection.on`, and therefore also decides which weights become the model.
    """

    patience: int = 3
    monitor: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that it stands for, by dotted name."""
        on = {"training.selection.on": self.monitor} if self.monitor else {}
        return {"training.selection.patience": self.patience, **on}


class CallbackReporter:
    """Calls a callback with the reports of a run, and passes on its wish to end the run.

    An error in a callback becomes a `TrainingError` that names it; the run is saved where it is.
    """

    def __init__(self, callback: Callback, end: EndRequest) -> None:
        if not callable(callback):
            raise ConfigError(
                f"a callback must be a function of one report, not {type(callback).__name__}",
                hint="callbacks=[seen.append] collects the reports in the list seen",
            )
        self._callback, self._end = callback, end
        self._name = getattr(callback, "__qualname__", type(callback).__qualname__)

    def show(self, report: Report) -> None:
        """Call the callback."""
        try:
            wish = self._callback(report)
        except SeqloomError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise TrainingError(
                f"the callback {self._name} failed at a report of kind {report.kind!r}: {reason}",
                hint="mend or leave out the callback; what is trained so far is saved where there is an output folder",
            ) from error
        if isinstance(wish, bool | np.bool_) and wish:
            self._end.ask(f"the callback {self._name} ended it")

    def close(self) -> None:
        """Nothing is held."""
