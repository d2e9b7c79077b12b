"""BLEU, chrF and TER, computed by the package sacrebleu and reported with its signatures.

BLEU: Papineni et al. 2002; chrF: Popović 2015; TER: Snover et al. 2006; the signature: Post 2018, "A call for clarity".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version as package_version
from itertools import zip_longest
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.base import Metric, References, needed

TOKENIZERS = ("13a", "none", "zh", "intl", "char")
"""The tokenisers of sacrebleu that need no further packages."""

MOSES_LANGUAGES = (
    *("as", "bn", "ca", "cs", "de", "el", "en", "es", "et", "fi", "fr", "ga", "gu", "hi", "hu", "is", "it", "kn"),
    *("lt", "lv", "ml", "mr", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "ta", "te"),
)
"""Languages for which the Moses tokeniser has a list of abbreviations."""


class SacreMetric(Metric):
    """A metric of sacrebleu.

    `options` are passed to its class in sacrebleu; `alone` changes some of them for scores of single sentences.
    """

    def __init__(
        self,
        name: str,
        kind: Literal["BLEU", "CHRF", "TER"],
        options: Mapping[str, Any] | None = None,
        alone: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, higher_is_better=kind != "TER")
        self._kind, self._options, self._alone = kind, dict(options or {}), dict(alone or {})

    @cached_property
    def _corpus(self) -> Any:
        return self._scorer(self._options)

    @cached_property
    def _sentence(self) -> Any:
        return self._scorer({**self._options, **self._alone})

    def _scorer(self, options: Mapping[str, Any]) -> Any:
        module = needed("sacrebleu.metrics", "sacrebleu", f"the metric {self.name}")
        return getattr(module, self._kind)(**options)

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """For each example, n-gram matches and lengths (BLEU, chrF) or edits and mean reference length (TER)."""
        rows = self._corpus._extract_corpus_statistics(list(predictions), _streams(references))
        return np.asarray(rows, dtype=np.float64)

    def value(self, total: NDArray[np.float64]) -> float:
        """The corpus score."""
        return float(self._corpus._compute_score_from_stats(total.tolist()).score)

    def value_alone(self, row: NDArray[np.float64]) -> float:
        """The score of a single sentence."""
        return float(self._sentence._compute_score_from_stats(row.tolist()).score)

    def signature(self, references: References) -> str:
        """The signature as sacrebleu prints it, with case, tokeniser, smoothing and version."""
        miniature = [("a",) * count for count in sorted({len(entry) for entry in references})]
        self._corpus._extract_corpus_statistics(["a"] * len(miniature), _streams(miniature))
        return str(self._corpus.get_signature())


class MosesBleu(SacreMetric):
    """BLEU as by multi-bleu.perl for lower-cased, Moses-tokenised text (the convention of the Multi30k papers).

    Predictions and references are lower-cased, their punctuation is normalised (as by normalize-punctuation.perl), and
    they are tokenised (as by tokenizer.perl, without aggressive hyphen splitting). sacremoses does the last two steps.
    They are then scored without a further tokeniser.
    """

    def __init__(self, name: str, language: str = "en") -> None:
        super().__init__(name, "BLEU", {"tokenize": "none", "force": True}, {"effective_order": True})
        self.language = language

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """For each example, n-gram matches and lengths of the tokenised texts."""
        moses = needed("sacremoses", "sacremoses", f"the metric {self.name}")
        tokenizer, normalizer = moses.MosesTokenizer(lang=self.language), moses.MosesPunctNormalizer(lang=self.language)

        def tokenised(text: str) -> str:
            return str(tokenizer.tokenize(normalizer.normalize(text.lower()), escape=False, return_str=True))

        return super().statistics(
            [tokenised(text) for text in predictions], [[tokenised(text) for text in entry] for entry in references]
        )

    def signature(self, references: References) -> str:
        """The signature of sacrebleu, completed by the tokeniser of sacremoses."""
        version = package_version("sacremoses")
        moses = f"case:lc|tok:moses-{self.language}-sacremoses-{version}"
        return super().signature(references).replace("case:mixed", moses).replace("|tok:none", "", 1)


def bleu(name: str, tokenizer: str = "13a", *, lowercase: bool = False) -> SacreMetric:
    """Make the metric BLEU with one of sacrebleu's tokenisers."""
    options = {"tokenize": tokenizer, "lowercase": lowercase, "force": True}
    return SacreMetric(name, "BLEU", options, {"effective_order": True})


def _streams(references: References) -> list[list[str | None]]:
    """The references transposed, as sacrebleu expects them: lists of all first, all second, … references.

    None stands where an example has fewer references.
    """
    return [list(stream) for stream in zip_longest(*references)]
