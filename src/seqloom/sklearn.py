"""Seqloom as an estimator of scikit-learn: `fit`, `predict` and `score` on lists of texts.

    from seqloom.sklearn import SequenceEstimator

    estimator = SequenceEstimator(epochs=10).fit(["cat", "dog"], ["K AE T", "D AO G"])
    estimator.predict(["cog"])

It can be cloned, searched over (`GridSearchCV`), cross-validated, put at the end of a `Pipeline`, and pickled.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqloom.api import Model, load_torch
from seqloom.entry import train
from seqloom.errors import DataError, DependencyError

try:
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_consistent_length
except ImportError:
    raise DependencyError(
        "seqloom.sklearn needs the package scikit-learn", hint='pip install "seqloom[sklearn]"'
    ) from None

MODEL = "model_"


class SequenceEstimator(BaseEstimator):  # type: ignore[misc,unused-ignore]
    """A model that turns texts into texts, with the interface of scikit-learn.

    The parameters are arguments of `seqloom.train`: `epochs` or `minutes` say how long to train, `effort` how much to
    spend, `preset` and `settings` everything else (`{"model.hidden": 256}`). `metric` is what `score` measures: a name
    such as `exact_match` or `chrf`; empty, it is the first of the measures that training chooses by the targets.
    `random_state` is the seed (`training.seed`); None leaves it to the settings.

    After `fit`, `model_` is the `seqloom.Model`.
    """

    def __init__(
        self,
        *,
        epochs: int | None = None,
        minutes: float | None = None,
        effort: str | None = None,
        preset: str | None = None,
        settings: Mapping[str, Any] | None = None,
        metric: str = "",
        random_state: int | None = None,
    ) -> None:
        self.epochs = epochs
        self.minutes = minutes
        self.effort = effort
        self.preset = preset
        self.settings = settings
        self.metric = metric
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - the name that scikit-learn gives it
        """Train on texts `X` and their targets `y`, two lists, arrays or columns of the same length.

        A part of the pairs is set aside to select the best weights, as `seqloom.train` does. Raises `DataError` for
        what is no text.
        """
        sources, targets = _texts(X, "X"), _texts(y, "y")
        check_consistent_length(sources, targets)
        seed = {} if self.random_state is None else {"training.seed": int(self.random_state)}
        self.model_: Model = train(
            list(zip(sources, targets, strict=True)),
            epochs=self.epochs,
            minutes=self.minutes,
            effort=self.effort,
            preset=self.preset,
            settings={**(self.settings or {}), **seed},
        )
        return self

    def predict(self, X: Any) -> NDArray[np.object_]:  # noqa: N803
        """One answer for each text, as an array of `str`."""
        return np.array([answer.text for answer in self._fitted().predict(_texts(X, "X"))], dtype=object)

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        """The metric of the answers to `X` against `y`, higher is better; for an error rate it is the negative rate.

        Figures are in percent, as everywhere in Seqloom.
        """
        model = self._fitted()
        sources, targets = _texts(X, "X"), _texts(y, "y")
        check_consistent_length(sources, targets)
        result = model.evaluate(
            list(zip(sources, targets, strict=True)), metrics=self.metric or model.config.measures[:1]
        )
        (score,) = result.scores
        return float(score.value if score.higher_is_better else -score.value)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is a model."""
        return hasattr(self, MODEL)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may assume: texts in one dimension, and targets that are needed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        tags.non_deterministic = self.random_state is None
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """The parameters, and the bytes of the model's folder, which hold no code."""
        state: dict[str, Any] = dict(super().__getstate__())
        model = state.pop(MODEL, None)
        if model is not None:
            with tempfile.TemporaryDirectory(prefix="seqloom-") as place:
                folder = Path(place) / "model"
                model.save(folder)
                files = (path for path in sorted(folder.rglob("*")) if path.is_file())
                state["model_files"] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Read the model from the bytes of its folder; each file is checked against its hash."""
        files = state.get("model_files")
        super().__setstate__({name: value for name, value in state.items() if name != "model_files"})
        if files is not None:
            with tempfile.TemporaryDirectory(prefix="seqloom-") as place:
                folder = (Path(place) / "model").resolve()
                for name, content in files.items():
                    path = (folder / name).resolve()
                    if folder not in path.parents:
                        raise DataError("a file of a pickled model must lie in its folder", where=name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                self.model_ = load_torch(folder)

    def _fitted(self) -> Model:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("this SequenceEstimator is not fitted yet: call fit with texts and their targets")
        return self.model_


def _texts(given: Any, name: str) -> Sequence[Any]:
    """The texts in a list, an array or a column; a table of one column is that column."""
    if isinstance(given, str | bytes):
        raise DataError(f"must be a list of texts, not {type(given).__name__}", where=name)
    shape = getattr(given, "shape", None)
    if shape is not None and len(shape) == 2 and shape[1] == 1:
        given = np.asarray(given, dtype=object)[:, 0]
    elif shape is not None and len(shape) != 1:
        raise DataError(f"must be texts in one dimension, not an array of the shape {shape}", where=name)
    return list(given)
