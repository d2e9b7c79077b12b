"""Files that a recipe makes of its data before it runs: the folds of a cross-validation, and the phrases of parsed
sentences.

They are written into the folder of the results, whose place is `{made}` in the paths of a recipe.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from seqloom.checkpoint.files import Writer, text_writer, write_folder
from seqloom.config import Section
from seqloom.data.readers import ReadReport, read_lines
from seqloom.errors import DataError

MADE = "{made}"
"""The text that is replaced by the folder of the files that were made."""
MARK = re.compile(r"\((?P<label>\S+) |(?P<word>[^()\s]+)|\)")
"""What a tree consists of: the beginning of a phrase with its label, a word, the end of a phrase."""


class Folds(Section):
    """Folds of a file for cross-validation: its lines, shuffled, are cut into parts of equal size. Of fold k, part k is
    `fold-k.test` and all others together are `fold-k.train`, with the ending of the file."""

    file: str
    """The file to cut, which has an example on each line."""
    count: int = Field(default=10, ge=2)
    """Number of folds, which are named from 1."""
    seed: int = Field(default=1, ge=0)
    """Seed of the order in which lines are cut."""

    def made(self, data: Path) -> Mapping[str, Writer]:
        """How to write the files of all folds."""
        path = data / self.file
        lines = [line for _, line in read_lines(str(path), ReadReport("error")) if line]
        random.Random(self.seed).shuffle(lines)
        ending = path.name.removesuffix(".gz").rpartition(".")[2]
        files: dict[str, Writer] = {}
        for fold in range(self.count):
            for part, inside in (("train", False), ("test", True)):
                chosen = [line for row, line in enumerate(lines) if (row % self.count == fold) is inside]
                files[f"fold-{fold + 1}.{part}.{ending}"] = text_writer("\n".join(chosen) + "\n")
        return files


class Phrases(Section):
    """All phrases of parsed sentences, each once with the label that it has most often: `phrases.tsv`, with the label,
    a tab, and the words with spaces between them.

    The file has a tree on each line, in which every phrase has a label: `(3 (2 a) (4 (3 fine) (2 film)))`, as in the
    Stanford Sentiment Treebank (Socher et al. 2013).
    """

    file: str
    """The file of trees."""
    labels: dict[str, str] = Field(min_length=1)
    """The label of the pairs for each label of the trees; phrases with other labels are left out."""

    def made(self, data: Path) -> Mapping[str, Writer]:
        """How to write the file."""
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for origin, line in read_lines(str(data / self.file), ReadReport("error")):
            for label, text in phrases_of(line or "", where=str(origin)):
                counts[text][label] += 1
        kept = ((text, labels.most_common(1)[0][0]) for text, labels in counts.items())
        lines = [f"{self.labels[label]}\t{text}\n" for text, label in kept if label in self.labels]
        return {"phrases.tsv": text_writer("".join(lines))}


def phrases_of(tree: str, *, where: str = "") -> Iterator[tuple[str, str]]:
    """The label and the words of each phrase of a tree, inner ones first. Raises DataError where it is not closed."""
    phrases: list[tuple[str, list[str]]] = []
    for mark in MARK.finditer(tree):
        if mark["label"]:
            phrases.append((mark["label"], []))
        elif not phrases:
            raise DataError("a tree must begin with a bracket and a label, and end with its last bracket", where=where)
        elif mark["word"]:
            phrases[-1][1].append(mark["word"])
        else:
            label, words = phrases.pop()
            yield label, " ".join(words)
            if phrases:
                phrases[-1][1].extend(words)
    if phrases:
        raise DataError(f"{len(phrases)} brackets of a tree are not closed", where=where)


def make(parts: tuple[Folds | Phrases | None, ...], data: Path, folder: Path) -> None:
    """Write the files of all parts into a folder; nothing is written where there are none, or they are there."""
    files = {name: write for part in parts if part for name, write in part.made(data).items()}
    if files and not all((folder / name).is_file() for name in files):
        write_folder(folder, files)
