"""Simple English sentences and their German translations, with case, gender, agreement and word order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

from seqloom.examples.base import Example, Row

Words = tuple[str, str]
"""An English and a German piece of a sentence."""


class Noun(NamedTuple):
    """A noun: English singular and plural, gender, German singular, plural and dative plural."""

    one: str
    many: str
    gender: str
    eins: str
    viele: str
    dative: str


def _nouns(text: str) -> tuple[Noun, ...]:
    return tuple(Noun(*line.split()) for line in text.strip().splitlines())


PEOPLE = _nouns("""
man men m Mann Männer Männern
woman women f Frau Frauen Frauen
child children n Kind Kinder Kindern
teacher teachers m Lehrer Lehrer Lehrern
girl girls n Mädchen Mädchen Mädchen
doctor doctors f Ärztin Ärztinnen Ärztinnen
neighbour neighbours m Nachbar Nachbarn Nachbarn
sister sisters f Schwester Schwestern Schwestern
""")
THINGS = _nouns("""
dog dogs m Hund Hunde Hunden
cat cats f Katze Katzen Katzen
horse horses n Pferd Pferde Pferden
book books n Buch Bücher Büchern
letter letters m Brief Briefe Briefen
picture pictures n Bild Bilder Bildern
flower flowers f Blume Blumen Blumen
apple apples m Apfel Äpfel Äpfeln
lamp lamps f Lampe Lampen Lampen
car cars n Auto Autos Autos
""")
PLACES = _nouns("""
house houses n Haus Häuser Häusern
garden gardens m Garten Gärten Gärten
town towns f Stadt Städte Städten
school schools f Schule Schulen Schulen
forest forests m Wald Wälder Wäldern
room rooms n Zimmer Zimmer Zimmern
""")
ADJECTIVES = {
    "old": "alt",
    "young": "jung",
    "small": "klein",
    "beautiful": "schön",
    "new": "neu",
    "good": "gut",
    "red": "rot",
    "white": "weiß",
}
VERBS = {
    "see": ("sees", "saw", "sieht", "sehen", "sah", "sahen"),
    "look for": ("looks for", "looked for", "sucht", "suchen", "suchte", "suchten"),
    "find": ("finds", "found", "findet", "finden", "fand", "fanden"),
    "buy": ("buys", "bought", "kauft", "kaufen", "kaufte", "kauften"),
    "love": ("loves", "loved", "liebt", "lieben", "liebte", "liebten"),
    "paint": ("paints", "painted", "malt", "malen", "malte", "malten"),
    "bring": ("brings", "brought", "bringt", "bringen", "brachte", "brachten"),
}
"""English plural; then singular and past; German present in singular and plural, past in singular and plural."""
SLEEPERS = {
    "sleep": ("sleeps", "slept", "schläft", "schlafen", "schlief", "schliefen"),
    "laugh": ("laughs", "laughed", "lacht", "lachen", "lachte", "lachten"),
    "work": ("works", "worked", "arbeitet", "arbeiten", "arbeitete", "arbeiteten"),
    "wait": ("waits", "waited", "wartet", "warten", "wartete", "warteten"),
}
ADVERBS = {"today": "heute", "often": "oft", "now": "jetzt", "sometimes": "manchmal", "here": "hier"}
ARTICLES = {
    "the": {"nom": "der die das die", "acc": "den die das die", "dat": "dem der dem den"},
    "a": {"nom": "ein eine ein", "acc": "einen eine ein", "dat": "einem einer einem"},
    "my": {"nom": "mein meine mein meine", "acc": "meinen meine mein meine", "dat": "meinem meiner meinem meinen"},
}
"""For masculine, feminine, neuter and plural."""
ENDINGS = {
    "the": {"nom": "e e e en", "acc": "en e e en", "dat": "en en en en"},
    "a": {"nom": "er e es en", "acc": "en e es en", "dat": "en en en en"},
    "my": {"nom": "er e es en", "acc": "en e es en", "dat": "en en en en"},
}
"""Of adjectives after these articles."""


def rows(chance: Random) -> Iterator[Row]:
    """Sentences with one clause, with an adverb in front, or with a clause that begins with because."""
    while True:
        english, german = _sentence(chance)
        yield f"{english} .", f"{german[0].upper()}{german[1:]} ."


def _sentence(chance: Random) -> Words:
    past = chance.random() < 0.4
    subject, verb, rest = _clause(chance, past)
    kind = chance.choice(("plain", "plain", "adverb", "because"))
    english = f"{subject[0]} {verb[0]} {rest[0]}".strip()
    if kind == "adverb":  # the verb stays in the second place
        adverb, umstand = chance.choice(list(ADVERBS.items()))
        return f"{adverb} {english}", f"{umstand} {verb[1]} {subject[1]} {rest[1]}".strip()
    german = f"{subject[1]} {verb[1]} {rest[1]}".strip()
    if kind == "because":  # the verb goes to the end
        who, does, what = _clause(chance, past, short=True)
        english = f"{english} because {who[0]} {does[0]} {what[0]}".strip()
        german = f"{german} , weil {who[1]} {what[1]} {does[1]}".replace("  ", " ")
    return english, german


def _clause(chance: Random, past: bool, short: bool = False) -> tuple[Words, Words, Words]:
    """Subject, verb, and what follows: an object, or a place."""
    subject, plural = _phrase(chance, PEOPLE, "nom")
    if chance.random() < 0.6:
        verb = _verb(chance, VERBS, plural, past)
        return subject, verb, _phrase(chance, THINGS, "acc")[0]
    verb = _verb(chance, SLEEPERS, plural, past)
    if short:
        return subject, verb, ("", "")
    place, _ = _phrase(chance, PLACES, "dat")
    before, vor = chance.choice((("in", "in"), ("behind", "hinter"), ("near", "bei")))
    return subject, verb, (f"{before} {place[0]}", f"{vor} {place[1]}")


def _phrase(chance: Random, nouns: tuple[Noun, ...], case: str) -> tuple[Words, bool]:
    """An article, sometimes an adjective, and a noun; and whether it is plural."""
    article, noun = chance.choice(tuple(ARTICLES)), chance.choice(nouns)
    plural = article != "a" and chance.random() < 0.4
    column = 3 if plural else "mfn".index(noun.gender)
    english, german = [article], [ARTICLES[article][case].split()[column]]
    if chance.random() < 0.5:
        adjective, wort = chance.choice(list(ADJECTIVES.items()))
        english.append(adjective)
        german.append(wort + ENDINGS[article][case].split()[column])
    english.append(noun.many if plural else noun.one)
    german.append((noun.dative if case == "dat" else noun.viele) if plural else noun.eins)
    if article == "a" and english[1][0] in "aeiou":
        english[0] = "an"
    return (" ".join(english), " ".join(german)), plural


def _verb(chance: Random, verbs: Mapping[str, tuple[str, ...]], plural: bool, past: bool) -> Words:
    base = chance.choice(tuple(verbs))
    sees, saw, sieht, sehen, sah, sahen = verbs[base]
    english = saw if past else base if plural else sees
    return english, (sahen if plural else sah) if past else (sehen if plural else sieht)


TRANSLATION = Example(
    name="translation",
    title="small English sentences to German",
    rules="A grammar with 24 nouns, 11 verbs, 8 adjectives and 5 adverbs. German articles and adjectives agree in "
    "case, gender and number, the verb stands second after an adverb, and last in a clause with weil (because). The "
    "sentences mean little.",
    rows=rows,
    count=4000,
)
