"""The baseline for labels: TF-IDF with logistic regression of scikit-learn, which is what one would take otherwise.

    pip install scikit-learn
    python benchmarks/tfidf.py TRAIN DEV [TEST] [--source 2] [--target 1] [--json FILE]

Words and pairs of words, 1 + log of their frequency (`sublinear_tf`); two ways to cut texts into words and seven
weights C of the regularisation are tried, and the best on the dev file is taken, at equal accuracy the smaller C. With
a test file, that one alone is measured on it. Files are TSV without a header; columns are numbers from 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

WORDS = {"words of two letters or more": r"(?u)\b\w\w+\b", "whatever stands between spaces": r"\S+"}
STRENGTHS = (0.3, 1, 3, 10, 30, 100, 300)

Labelled = tuple[list[str], list[str]]


class Tried(NamedTuple):
    """One setting of the baseline and its accuracy on the dev file, in percent."""

    words: str
    strength: float
    accuracy: float


def read(path: Path, source: int, target: int) -> Labelled:
    """Texts and labels of a TSV file."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [row[source - 1] for row in rows], [row[target - 1] for row in rows]


def accuracy(train: Labelled, test: Labelled, words: str, strength: float) -> float:
    """The share of right labels in percent."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - told of below where it is missing
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    vectors: Any = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORDS[words])
    classifier: Any = LogisticRegression(C=strength, max_iter=2000)
    classifier.fit(vectors.fit_transform(train[0]), train[1])
    return 100 * float(classifier.score(vectors.transform(test[0]), test[1]))


def best(tried: Sequence[Tried]) -> Tried:
    """The most accurate one; of equals, the one with the smaller C."""
    return max(tried, key=lambda each: (each.accuracy, -each.strength))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("dev", type=Path)
    parser.add_argument("test", type=Path, nargs="?")
    parser.add_argument("--source", type=int, default=2, help="column of the text")
    parser.add_argument("--target", type=int, default=1, help="column of the label")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    try:
        import sklearn  # noqa: F401, PLC0415
    except ModuleNotFoundError:
        sys.exit("scikit-learn is missing: pip install scikit-learn")
    train, dev = (read(path, given.source, given.target) for path in (given.train, given.dev))
    print("| words | C | accuracy, dev |\n|---|---|---|")
    tried = []
    for words in WORDS:
        for strength in STRENGTHS:
            tried.append(Tried(words, strength, accuracy(train, dev, words, strength)))
            print(f"| {words} | {strength:g} | {tried[-1].accuracy:.2f} |", flush=True)
    taken = best(tried)
    result: dict[str, Any] = {"dev": taken._asdict(), "test": None}
    print(f"\nbest on dev: {taken.words}, C = {taken.strength:g}: {taken.accuracy:.2f}")
    if given.test:
        test = accuracy(train, read(given.test, given.source, given.target), taken.words, taken.strength)
        result["test"] = test
        print(f"test: {test:.2f}")
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
