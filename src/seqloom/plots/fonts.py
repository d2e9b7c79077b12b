"""Fonts for any text: which installed fonts have its characters, and what is said of characters that none has.

matplotlib shapes text itself (since version 3.11, by HarfBuzz and libraqm): letters are joined, marks are placed and
lines are written from right to left where the script asks for it. This only works within one font, and so a script is
drawn in one font that has all of its characters, if there is one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.font_manager import FontEntry

FONT = "DejaVu Sans"
"""The font of all text that it has the characters of; it comes with matplotlib."""
JOINERS = "\u200c\u200d"
"""Zero-width characters that have no picture of their own but change how their neighbours are joined."""
EAST_ASIAN = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "IDEOGRAPHIC", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH"}
)
"""First words of the Unicode names of characters that one East Asian font has together."""
JOINED = frozenset({"ARABIC", "HEBREW", "LAO", "NKO"})
"""Scripts of which the default font has only a part, and whose letters are joined or carry marks."""
NAMED = 8
"""How many missing characters a warning names."""


class MissingGlyphWarning(UserWarning):
    """No installed font has some characters of a picture, which shows their code points instead."""


def fonts_for(text: str) -> tuple[list[str], frozenset[str]]:
    """Font families that together have the characters of `text`, in the order to try them, and characters that none
    has.

    A script of joined letters of which the default font has only a part comes from another font as a whole.
    """
    from matplotlib.font_manager import FontProperties, findfont, get_font  # noqa: PLC0415

    characters = {char for char in text if is_drawn(char) and not _ignorable(char)}
    missing = _without_glyph(characters, get_font(findfont(FontProperties(family=[FONT]))))
    if not missing:
        return [FONT], frozenset()
    refresh()
    before: list[str] = []
    after: list[str] = []
    for script in sorted({script_of(char) for char in missing}):
        letters = {char for char in characters if script_of(char) == script}
        partly = script in JOINED and not letters <= missing
        chosen, left = _covering(letters if partly else missing & letters)
        (before if partly and not left else after).extend(chosen)
        missing = (missing - letters) | (left & missing)
    return list(dict.fromkeys([*before, FONT, *after])), frozenset(missing)


def refresh() -> None:
    """Bring matplotlib's list of fonts, which it keeps in a file, up to date with the fonts that are installed now."""
    from matplotlib.font_manager import findSystemFonts, fontManager  # noqa: PLC0415

    known = {entry.fname for entry in fontManager.ttflist}
    gone = {name for name in known if not Path(name).exists()}
    if gone:
        fontManager.ttflist[:] = [entry for entry in fontManager.ttflist if entry.fname not in gone]
    for path in sorted(set(findSystemFonts()) - known - _UNREADABLE):
        try:
            fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError):  # a damaged file; FreeType raises RuntimeError
            _UNREADABLE.add(path)


_UNREADABLE: set[str] = set()
"""Font files that matplotlib could not read, which are not tried again."""


def is_drawn(char: str) -> bool:
    """Whether a character is to be drawn as it is: a printable one, or one of private use, whose font gives it a
    meaning."""
    return char.isprintable() or unicodedata.category(char) in ("Co", "Cn")


def script_of(char: str) -> str:
    """The script of a character by the first word of its Unicode name; `CJK` for all East Asian ones, and nothing for
    what is no letter, mark or digit."""
    if unicodedata.category(char)[0] not in "LMN":
        return ""
    first = unicodedata.name(char, "").partition(" ")[0]
    return "CJK" if first in EAST_ASIAN else first


def missing_sentence(missing: Collection[str]) -> str:
    """What is said of characters without a glyph: which they are, and which package of fonts has them."""
    shown = ((char if char.isprintable() else "", f"U+{ord(char):04X}") for char in sorted(missing)[:NAMED])
    named = [f"{char} ({code})" if char else code for char, code in shown]
    more = f" and {len(missing) - NAMED:,} more" if len(missing) > NAMED else ""
    packages = sorted({_package(char) for char in missing} - {""})
    places = f"on Debian or Ubuntu apt install {' '.join(packages)}; elsewhere https://fonts.google.com/noto"
    hint = f"; fonts that have them: {places}" if packages else ", and no standard font can have them"
    return f"no installed font has {', '.join(named)}{more}: the picture shows code points instead{hint}"


def _covering(characters: set[str]) -> tuple[list[str], set[str]]:
    """The first font that has all of these characters, or else several that have most of them, and what is left."""
    from matplotlib.font_manager import fontManager, get_font  # noqa: PLC0415

    region = _region(characters)
    upright = [each for each in fontManager.ttflist if each.style == "normal" and each.weight in (400, "normal")]
    plain = sorted(
        (each for each in upright if not each.name.startswith("Last Resort") and each.name != FONT),
        key=lambda entry: (region not in entry.name, "Sans" not in entry.name, len(entry.name), entry.name),
    )
    partial: list[tuple[FontEntry, set[str]]] = []
    for entry in plain:
        left = _without_glyph(characters, get_font(entry.fname))
        if not left:
            return [entry.name], set()
        if left < characters:
            partial.append((entry, characters - left))
    chosen = []
    left = set(characters)
    while partial and left:
        entry, has = max(partial, key=lambda each: len(each[1] & left))
        if not has & left:
            break
        chosen.append(entry.name)
        left -= has
    return chosen, left


def _region(characters: Iterable[str]) -> str:
    """The part of a font's name that says for which region East Asian characters are drawn; empty for other scripts."""
    names = {unicodedata.name(char, "").partition(" ")[0] for char in characters}
    if not names & EAST_ASIAN:
        return ""
    if "HANGUL" in names:
        return "CJK KR"
    return "CJK JP" if names & {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"} else "CJK SC"


def _package(char: str) -> str:
    """The Debian package that has a font for this character; empty for one that no standard font can have."""
    category = unicodedata.category(char)
    if category in ("Co", "Cn", "Cs"):
        return ""
    if script_of(char) == "CJK" or "\u3000" <= char <= "\u303f":
        return "fonts-noto-cjk"
    return "fonts-symbola" if category[0] == "S" else "fonts-noto-core"


def _ignorable(char: str) -> bool:
    """Whether a character only chooses among forms of the one before it, and so needs no glyph."""
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _without_glyph(characters: Iterable[str], font: Any) -> set[str]:
    return {char for char in characters if not font.get_char_index(ord(char))}
