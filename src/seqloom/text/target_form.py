"""The written form of answers: their Unicode form and spaces are made those of the training targets.

A tokenizer converts text to one Unicode form and, if its tokens are words or subwords, separates words by single
spaces. Training targets may have another form throughout: decomposed letters (NFD), letters that every normal form
decomposes (Bengali ড়, U+09DC), or an ideographic space. The form found in the targets is restored in answers, so that
a correct answer is the same string as its target.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, Literal

SPACE = re.compile(r"(?<=\S)[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+(?=\S)")
"""White space between words, as defined by Unicode."""
NAMED = 5


@dataclass(frozen=True)
class WrittenForm:
    """How answers are written after the tokenizer has decoded them.

    `unicode` is the Unicode form of answers ("" keeps the decoded form). `letters` maps letters in that form, with
    their accents, to the spelling they have in the targets. `space` stands between words.
    """

    unicode: Literal["", "NFC", "NFD"] = ""
    letters: tuple[tuple[str, str], ...] = ()
    space: str = " "

    @property
    def alters(self) -> bool:
        """Whether answers differ from decoded text at all."""
        return bool(self.unicode or self.letters or self.space != " ")

    def write(self, text: str) -> str:
        """Convert a decoded text to an answer."""
        if self.unicode:
            text = unicodedata.normalize(self.unicode, text)
        if self.letters:
            text = self._pattern.sub(lambda match: self._spellings[match[0]], text)
        return text if self.space == " " else text.replace(" ", self.space)

    def sentences(self, side: str) -> list[str]:
        """Remarks for the user on the form of answers."""
        said = []
        if self.unicode:
            kind = {"NFC": "composed", "NFD": "decomposed"}[self.unicode]
            said.append(f"{side} text: answers have {kind} letters ({self.unicode}), as the training targets do")
        if self.letters:
            shown = ", ".join(f"{own} ({_points(own)})" for _, own in self.letters[:NAMED])
            more = ", …" if len(self.letters) > NAMED else ""
            said.append(f"{side} text: answers have letters spelled as in the training targets: {shown}{more}")
        if self.space != " ":
            said.append(f"{side} text: answers have {_points(self.space)} between words, as the training targets do")
        return said

    def to_values(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"unicode": self.unicode, "letters": dict(self.letters), "space": self.space}

    @staticmethod
    def from_values(values: Mapping[str, Any]) -> WrittenForm:
        """The form that `to_values` wrote."""
        return WrittenForm(values["unicode"], tuple(values["letters"].items()), str(values["space"]))

    @staticmethod
    def of(texts: Sequence[str], unicode: str, *, spaced: bool) -> WrittenForm:
        """Find the form of training targets, for a tokenizer that converts text to the form `unicode`.

        `spaced` says that the tokenizer separates words by single spaces. If the targets mix forms, the more frequent
        one counts, separately for each letter. Compatibility forms (NFKC, NFKD) are chosen in order to alter text, so
        their changes are kept, and only the choice between composed and decomposed letters is undone.
        """
        form, letters = ("", ()) if unicode == "none" else _letters(texts)
        space = _space(texts) if spaced and "K" not in unicode else " "
        same = form == unicode.replace("K", "") and not letters
        return WrittenForm("" if same else form, letters, space)  # type: ignore[arg-type]

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return dict(self.letters)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, sorted(self._spellings, key=len, reverse=True))))


AS_DECODED = WrittenForm()


def _letters(texts: Sequence[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The Unicode form of most texts, and the letters that are mostly spelled otherwise."""
    strange = [text for text in texts if not text.isascii()]
    forms = [[unicodedata.is_normalized(form, text) for text in strange] for form in ("NFC", "NFD")]
    votes = [composed - decomposed for composed, decomposed in zip(*forms, strict=True)]
    form: Literal["NFC", "NFD"] = "NFD" if sum(votes) < 0 else "NFC"
    right = forms[("NFC", "NFD").index(form)]
    if all(right):
        return form, ()
    spellings: dict[str, Counter[str]] = {}
    for text in (text for text, fits in zip(strange, right, strict=True) if not fits):
        for letter in _with_accents(text):
            spellings.setdefault(unicodedata.normalize(form, letter), Counter())[letter] += 1
    usual = "\n".join(text for text, fits in zip(strange, right, strict=True) if fits)
    usual += "\n".join(text for text in texts if text.isascii())
    found = []
    for plain, counts in sorted(spellings.items()):
        own, number = max(counts.items(), key=lambda entry: (entry[1], entry[0]))
        if own != plain and number > counts[plain] + usual.count(plain):
            found.append((plain, own))
    return form, tuple(found)


def _with_accents(text: str) -> Iterator[str]:
    """The letters of a text, each together with the characters that combine with it."""
    starts = [0]
    for place in range(1, len(text)):
        if not _combines(text[starts[-1] : place], text[place]):
            starts.append(place)
    yield from (text[start:end] for start, end in pairwise([*starts, len(text)]))


@lru_cache(maxsize=1 << 16)
def _combines(before: str, character: str) -> bool:
    if character.isascii():
        return False
    if unicodedata.combining(unicodedata.normalize("NFD", character)[0]):
        return True
    composed = unicodedata.normalize("NFC", before) + unicodedata.normalize("NFC", character)
    return unicodedata.normalize("NFC", before + character) != composed


def _space(texts: Sequence[str]) -> str:
    """The most frequent white space between words."""
    runs = Counter(run for text in texts for run in SPACE.findall(text))
    return max(runs, key=lambda run: (runs[run], run == " ")) if runs else " "


def _points(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)
