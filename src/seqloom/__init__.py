"""Recurrent sequence-to-sequence models with attention.

    import seqloom

    model = seqloom.train([("cat", "K AE T"), ...], output="model")     # or a path to a file of pairs
    model = seqloom.load("model")
    model.predict(["dog"])[0].text

Importing the package is instant: what needs torch or NumPy is imported when it is first asked for. Without torch `load`
takes the graph that `seqloom export` has written into the folder.

`seqloom.combining` chooses among the answers of several models. `seqloom.plugins` adds attentions, cells, metrics and
readers of your own; `seqloom.testing` checks them. `seqloom.examples` writes small data sets to try things with.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqloom.api import Model, average
    from seqloom.ensembles import ensemble, select_members
    from seqloom.entry import plan, train
    from seqloom.errors import (
        ConfigError,
        DataError,
        DependencyError,
        DiskError,
        EngineError,
        ModelFolderError,
        SeqloomError,
        TrainingError,
    )
    from seqloom.loading import load
    from seqloom.prediction import Prediction
    from seqloom.synthetic.augment import augment
    from seqloom.synthetic.distill import distill
    from seqloom.training.forecast import Forecast
    from seqloom.training.reporters import EarlyStopping

    __version__: str

_HOMES = {
    "Model": "seqloom.api",
    "augment": "seqloom.synthetic.augment",
    "average": "seqloom.api",
    "distill": "seqloom.synthetic.distill",
    "ensemble": "seqloom.ensembles",
    "select_members": "seqloom.ensembles",
    "load": "seqloom.loading",
    "plan": "seqloom.entry",
    "Forecast": "seqloom.training.forecast",
    "train": "seqloom.entry",
    "EarlyStopping": "seqloom.training.reporters",
    "Prediction": "seqloom.prediction",
    "SeqloomError": "seqloom.errors",
    "ConfigError": "seqloom.errors",
    "DataError": "seqloom.errors",
    "DependencyError": "seqloom.errors",
    "DiskError": "seqloom.errors",
    "EngineError": "seqloom.errors",
    "ModelFolderError": "seqloom.errors",
    "TrainingError": "seqloom.errors",
}

__all__ = [
    "ConfigError",
    "DataError",
    "DependencyError",
    "DiskError",
    "EarlyStopping",
    "EngineError",
    "Forecast",
    "Model",
    "ModelFolderError",
    "Prediction",
    "SeqloomError",
    "TrainingError",
    "__version__",
    "augment",
    "average",
    "distill",
    "ensemble",
    "load",
    "plan",
    "select_members",
    "train",
]


_MODULES = ("combining", "examples", "plugins", "testing")
"""Modules of their own that are public, too."""


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"seqloom.{name}")
    if name == "__version__":
        return import_module("importlib.metadata").version("seqloom")
    if name in _HOMES:
        try:
            return getattr(import_module(_HOMES[name]), name)
        except ModuleNotFoundError as error:
            raise import_module("seqloom.errors").absent(error, f"seqloom.{name}") from None
    raise AttributeError(f"module 'seqloom' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
