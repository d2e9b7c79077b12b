"""Requests to a voice assistant, with the parts that matter marked: a tag in BIO for each word."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from seqloom.examples.base import Example, Row

PHRASES = {
    "artist": (
        "the river boys", "anna berlin", "paris", "golden hour", "max and the moons", "lima", "old friends",
        "nina lake", "the last train", "june carter", "red sunday", "the clocks",
    ),
    "song": (
        "monday morning", "summer in paris", "the last train", "golden hour", "two of us", "rain on friday", "tomorrow",
        "lake song", "come to lima", "old friends", "at nine", "red house", "sunday", "my clocks are slow",
    ),
    "city": (
        "paris", "lima", "new york", "berlin", "san jose", "oslo", "rio de janeiro", "nairobi", "cape town", "golden",
        "hanoi", "salt lake city",
    ),
    "time": (
        "tomorrow", "on friday", "at nine", "on monday morning", "tonight", "at half past seven", "on sunday",
        "in june", "next week", "this summer", "at noon", "in two hours",
    ),
    "place": (
        "the red house", "old friends", "the last train", "casa lima", "the lake", "chez nina", "golden hour",
        "the garden cafe",
    ),
    "people": ("two", "four", "six of us", "ten people", "my friends", "a party of five", "three"),
}  # fmt: skip
"""The phrases of each type of span. Some are in several types: only the words around them tell which one is meant."""
FORMS = (
    "play [song] by [artist]", "play something by [artist]", "i want to hear [song]", "put on [song] [time]",
    "add [song] by [artist] to my list", "who sings [song] ?", "is [artist] on tour [time] ?",
    "what will the weather be like in [city] [time] ?", "will it rain [time] in [city] ?", "is it cold in [city] ?",
    "[time] , will there be snow in [city] ?", "how warm is [city] [time] ?", "weather for [city]",
    "book a table at [place] for [people] [time]", "a table for [people] in [city] [time]", "reserve [place] [time]",
    "find a place to eat in [city] for [people]", "[time] we want to eat at [place] in [city]",
    "is [place] open [time] ?",
)  # fmt: skip
"""Requests, with the types of their spans in brackets."""
OPENINGS = ("please", "hey ,", "could you please", "ok ,", "", "", "", "")
CLOSINGS = ("please", "thanks", "now", "", "", "", "")


def tagged(form: str, chance: Random) -> Row:
    """The words and the tags of a request, with a phrase drawn for each span."""
    words: list[str] = []
    tags: list[str] = []
    for part in form.split():
        kind = part[1:-1] if part.startswith("[") else ""
        own = chance.choice(PHRASES[kind]).split() if kind else [part]
        words += own
        tags += [f"B-{kind}", *[f"I-{kind}"] * (len(own) - 1)] if kind else ["O"]
    return " ".join(words), " ".join(tags)


def rows(chance: Random) -> Iterator[Row]:
    """Requests without end."""
    while True:
        form = f"{chance.choice(OPENINGS)} {chance.choice(FORMS)} {chance.choice(CLOSINGS)}"
        yield tagged(form, chance)


TAGS = Example(
    name="tags",
    title="requests to an assistant, in which songs, artists, cities, places, times and people are marked",
    rules="Sentences from a list, with phrases put in, and a tag in BIO for each word: B-city begins a city, I-city "
    "goes on with it, O stands for words outside. Some phrases are of several types, such as paris, a city and an "
    "artist: only the words around tell which.",
    rows=rows,
    count=2000,
)
