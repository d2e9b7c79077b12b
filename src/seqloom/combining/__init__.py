"""Choose among answers with several models, or with a metric: rescoring, voting, and minimum Bayes risk.

A combination answers as a model does (`predict`, `stream`, `evaluate`). It first collects candidates, which are texts,
so that its models need not have the same vocabularies, and then ranks them:

- `Rescoring`: the n-best list of the first model, by a weighted sum of all models' log-probabilities
- `Voting`: the answers of all models, by weighted votes for whole texts
- `BayesRisk`: the n-best list or samples of one model, by the expected value of a metric

The weights of the first two can be tuned on dev data (`tuned`). `save_combination` writes a file, which `seqloom
predict` and `seqloom evaluate` take in the place of a model folder. Importing this package does not need PyTorch.
"""

from __future__ import annotations

from seqloom.combining.base import ChoiceRemarks, Combination
from seqloom.combining.bayes_risk import BayesRisk
from seqloom.combining.choice import Choice, ChosenPrediction
from seqloom.combining.files import COMBINATIONS, load_any, load_combination, save_combination
from seqloom.combining.rescoring import Rescoring
from seqloom.combining.settings import Tuning
from seqloom.combining.voting import Voting

__all__ = [
    "COMBINATIONS",
    "BayesRisk",
    "Choice",
    "ChoiceRemarks",
    "ChosenPrediction",
    "Combination",
    "Rescoring",
    "Tuning",
    "Voting",
    "load_any",
    "load_combination",
    "save_combination",
]
