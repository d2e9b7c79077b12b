"""The formats of pronunciation dictionaries: how an entry is written, and which words count as the same.

    mfa       word TAB probability TAB phones           Montreal Forced Aligner, which ignores case
    kaldi     word probability phones                   Kaldi's lexiconp.txt
    lexicon   word phones                               Kaldi's lexicon.txt
    sherpa    word phones, one pronunciation a word     lexicon.txt of sherpa-onnx, which reads it in lower case
    cmu       WORD  phones, then WORD(2)  phones        the CMU dictionary

A probability is relative to that of the best pronunciation of the word, which therefore has 1, as
`steps/dict_dir_add_pronprobs.sh` of Kaldi and `mfa train_dictionary` write it. `data.format` reads each format back
(`seqloom.data.readers.dictionaries`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from seqloom.errors import ConfigError, suggestion

RESERVED = frozenset({"<s>", "</s>", "<eps>", "#0"})
"""Words that Kaldi has for its own use, and that a lexicon must not define."""
DISAMBIGUATION = re.compile(r"#\d+|<eps>")
"""Phones that Kaldi adds itself."""
NUMBERED = re.compile(r"\(\d+\)$")


def _always(word: str, phones: Sequence[str]) -> str:
    """The format can hold any word and phones."""
    del word, phones
    return ""


def _reserved_in_kaldi(word: str, phones: Sequence[str]) -> str:
    if word in RESERVED:
        return "Kaldi has this word for its own use"
    taken = next((phone for phone in phones if DISAMBIGUATION.fullmatch(phone)), None)
    return f"Kaldi has the phone {taken!r} for its own use" if taken else ""


def _unlike_cmu(word: str, phones: Sequence[str]) -> str:
    if word.startswith((";;;", "#")) or any(phone.startswith("#") for phone in phones):
        return "it would begin a comment in the format cmu"
    return "it ends like the number of a pronunciation in the format cmu" if NUMBERED.search(word) else ""


@dataclass(frozen=True)
class DictionaryFormat:
    """A format of dictionaries.

    `template` is a line, without its end, and `further` that of further pronunciations of a word if it is another one.
    `least` is the smallest probability that can be written. `case` turns words into the case in which the format writes
    them. Words that differ only in case are the same unless `cased`. `most` pronunciations of a word are written.
    `problem(word, phones)` is why an entry cannot be written, or empty; no format can hold a word with white space.
    """

    name: str
    template: str
    further: str = ""
    least: float = 0.0
    case: Callable[[str], str] = str
    cased: bool = False
    most: int | None = None
    problem: Callable[[str, Sequence[str]], str] = _always

    def key(self, word: str) -> str:
        """What two words have in common if they are the same in this format."""
        form = normalize("NFC", word)
        return form if self.cased else form.lower()

    def line(self, word: str, number: int, probability: float, phones: str) -> str:
        """One line, without its end; `number` counts the pronunciations of the word from 1."""
        template = self.further if number > 1 and self.further else self.template
        return template.format(word=word, number=number, probability=max(probability, self.least), phones=phones)


FORMATS: Mapping[str, DictionaryFormat] = {
    "mfa": DictionaryFormat("mfa", "{word}\t{probability:.2f}\t{phones}", least=0.01),
    "kaldi": DictionaryFormat(
        "kaldi", "{word} {probability:.4f} {phones}", least=0.0001, cased=True, problem=_reserved_in_kaldi
    ),
    "lexicon": DictionaryFormat("lexicon", "{word} {phones}", cased=True, problem=_reserved_in_kaldi),
    "sherpa": DictionaryFormat("sherpa", "{word} {phones}", case=str.lower, most=1),
    "cmu": DictionaryFormat(
        "cmu", "{word}  {phones}", further="{word}({number})  {phones}", case=str.upper, problem=_unlike_cmu
    ),
}
"""All formats by name."""


def dictionary_format(name: str) -> DictionaryFormat:
    """The format with this name; raises `ConfigError` where there is none."""
    if name not in FORMATS:
        raise ConfigError(f"{name!r} is not a format of dictionaries", hint=suggestion(name, FORMATS))
    return FORMATS[name]
