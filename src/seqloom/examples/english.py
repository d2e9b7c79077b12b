"""English words as they were printed about 1600, to be turned into the spelling of today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from seqloom.examples.base import Example, Row

STEMS = """
advise air answer arm art battle beauty begin belief bishop black blood body book bread break bring brother
build busy call castle cause chamber chance charm church city clean clear cloud cold colour comfort common
company constant content council counsel country courage cover cruel crown cruelty custom dark daughter day
dear death deep defend deny desire devil discover double doubt dream dry duty earth easy empty enemy envy ever
evil fair faith false family fancy father favour fear fever field fire flower follow fool force forest forget
fortune free friend full garden gentle glory gold good grace grand great green grief guard half hand happy
hard harm haste heart heaven heavy help high history holy honest honour hope horse house humble hunger idle
image infant iron island jealous jest jewel join journey joy judge juice jury just keep kill kind king kingdom
kiss labour lack lady land large late laugh law lead leaf lean learn letter lie light like little live look
lord loss loud love low lucky majesty malice man manner mark marry marvel master matter measure mercy merry
might mind miracle mirror misery modest money monster moon mother mountain mourn move music name nation nature
neighbour never new night noble noise north number obey object odd office old open order over pain pale part
pass patience peace people perfect person pity plain plant play please pleasure poison poor power praise pray
present pretty price pride prince prison promise proof proud prove public punish pure queen quick quiet rain
rage ready reason receive remember reply rich right river robe rock rose royal run sad safe sail saint salt
save say school sea season secret seem serve servant shadow shame shape sharp shepherd shine ship short show
sick sight sign silence silver simple sin sing sister sky slave sleep slow smile snow soft soldier song sorrow
soul south spare speak special spirit spring star state stay steal steel still stone storm story strange
stream strength strong subject such sudden suffer sugar summer sun supper sure swear sweet sword table tale
talk teach tear tell temper tender thief thing think thousand throne thunder time tongue touch town traitor
travel treasure tree true trust truth turn ugly unite universe up use vain valley value vassal very vessel
victory view village vine virtue visit voice volume vow wait walk war warm waste watch water weak wealth weary
weather weep well west wicked wide wife wild will wind wine wing winter wise wish wit witness woman wonder
wood word work world worm wound write year yield young youth
""".split()
SUFFIXES = ("", "s", "ly", "ness", "ful", "less", "ing", "er", "ship", "ish")
PREFIXES = ("", "un", "over", "dis")
RULES = (
    ("(?<=[b-df-hj-np-tv-z])y$", "ie"),  # city → citie
    ("ies$", "yes"),
    ("^v", "v"),
    ("(?<=[a-z])v", "u"),  # love → loue
    ("^u", "v"),  # up → vp
    ("j", "i"),  # joy → ioy
    ("ic$", "icke"),
    ("(?<=[ae])l$", "ll"),
    ("(?<=ful)$", "l"),
    ("(?<=l)ess$", "esse"),
    ("(?<=n)ess$", "esse"),
    ("s(?=[a-z])", "ſ"),  # the long s stands everywhere but at the end
)
"""What every printer does."""
HABITS = (
    ("(?<=[aeiou])([nrtdpgm])$", r"\1\1e", 0.5),  # war → warre
    ("(?<=[a-z][nrldkpmtwh])(?<!e)$", "e", 0.3),  # king → kinge
    ("ai", "ay", 0.4),
    ("(?<=[a-z])i(?=[nr])", "y", 0.2),
    ("ou", "ow", 0.3),
    ("ea", "ee", 0.15),
    ("or$", "our", 0.3),
    ("er$", "re", 0.1),
)
"""What some printers do sometimes, with the share of the cases: a word has several old spellings."""


def printed(word: str, chance: Random) -> str:
    """A spelling of a modern word of about 1600."""
    for pattern, replacement, share in HABITS:
        if chance.random() < share:
            word = re.sub(pattern, replacement, word)
    for pattern, replacement in RULES:
        word = re.sub(pattern, replacement, word)
    return word


def derived(chance: Random) -> str:
    """A word with sometimes a prefix and a suffix; not all of these words exist."""
    stem, suffix = chance.choice(STEMS), chance.choice(SUFFIXES)
    prefix = chance.choice(PREFIXES) if chance.random() < 0.3 else ""
    if stem[-1] == "y" and stem[-2] not in "aeiou" and suffix and suffix not in ("ing", "ish", "s", "ship"):
        stem = stem[:-1] + "i"
    if stem[-1] == "y" and suffix == "s" and stem[-2] not in "aeiou":
        stem, suffix = stem[:-1], "ies"
    if stem[-1] == "e" and suffix in ("ing", "er", "ish"):
        stem = stem[:-1]
    return prefix + stem + suffix


def rows(chance: Random) -> Iterator[Row]:
    """Old spellings and the modern word."""
    while True:
        word = derived(chance)
        yield printed(word, chance), word


SPELLING = Example(
    name="spelling",
    title="English spelling of about 1600 to that of today",
    rules="About 450 words with prefixes and suffixes, not all of which exist, in old spellings: u and v by their "
    "place, i for j, the long s, -ie for -y; and what printers did only sometimes: doubled letters, a final e, "
    "y for i. Words of the test file are in no other file, in any spelling.",
    rows=rows,
    count=3000,
    key=lambda row: row[1],
    inputs="words.txt",
)
