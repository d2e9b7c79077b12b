"""Messages to a shop, to be sorted into four kinds."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from seqloom.examples.base import Example, Row

SHARES = {"delivery": 40, "billing": 30, "technical": 20, "account": 10}
"""How many messages of a hundred are of each kind."""
OPENINGS = ("hello ,", "hi there ,", "good morning ,", "dear team ,", "please help :", "", "", "", "again :", "so ,")
CLOSINGS = (
    "thanks",
    "please reply soon",
    "what can i do ?",
    "can you check ?",
    "order {number}",
    "my number is {number}",
    "this is the second time",
    "i am not happy",
    "",
    "",
    "",
)
THINGS = ("lamp", "kettle", "camera", "jacket", "desk", "printer", "phone", "backpack", "mirror", "radio")
WHENS = ("yesterday", "on monday", "last week", "two days ago", "this morning", "in march", "a month ago")
COMPLAINTS = {
    "delivery": (
        "the {thing} that i ordered {when} has not arrived",
        "where is my {thing} ?",
        "my parcel with the {thing} was left at the wrong door",
        "the courier never rang and took the {thing} back",
        "tracking has said the same since {when}",
        "can you send the {thing} to another address ?",
        "the box was open and the {thing} was missing",
        "i got a {other} instead of the {thing}",
        "the {thing} should have come {when}",
    ),
    "billing": (
        "i was charged twice for the {thing}",
        "the invoice of {when} shows the wrong price for the {thing}",
        "i have not got my money back for the {thing}",
        "why does my card statement show {number} ?",
        "the discount on the {thing} was not taken off",
        "please send me a receipt for the {thing}",
        "the refund you promised {when} is not on my account",
        "i paid for one {thing} and the bill says two",
    ),
    "technical": (
        "the {thing} does not turn on",
        "the {thing} worked {when} and now it does nothing",
        "the {thing} gets very hot",
        "the app shows error {number} when i connect the {thing}",
        "a part of the {thing} broke {when}",
        "how do i reset the {thing} ?",
        "the website crashes when i look at the {thing}",
        "the {thing} makes a loud noise",
    ),
    "account": (
        "i cannot log in since {when}",
        "the password link does not come",
        "please change the email of my account",
        "someone else ordered a {thing} with my account",
        "delete my account , please",
        "my name is wrong in my account",
        "the code you sent {when} is refused",
    ),
}
ASIDES = {
    "delivery": ("the {thing} did arrive on time", "the parcel came {when}", "delivery was fine"),
    "billing": ("i have paid the bill", "the price was right", "i do not want a refund"),
    "technical": ("the {thing} itself works well", "the website works again", "nothing is broken"),
    "account": ("i can log in", "my account looks right", "i know my password"),
}
"""What is said about kinds that the message is not of: words alone do not tell the kind."""


def rows(chance: Random) -> Iterator[Row]:
    """Messages that complain about one thing; two in five also mention something that is in order."""
    while True:
        (kind,) = chance.choices(tuple(SHARES), tuple(SHARES.values()))
        told = [chance.choice(COMPLAINTS[kind])]
        if chance.random() < 0.4:
            other = chance.choice([each for each in SHARES if each != kind])
            aside = chance.choice(ASIDES[other])
            told = chance.choice(([aside, "but", *told], [*told, ",", aside]))
        thing, second = chance.sample(THINGS, 2)
        parts = (chance.choice(OPENINGS), *told, chance.choice(CLOSINGS))
        text = " ".join(part for part in parts if part)
        yield (
            text.format(thing=thing, other=second, when=chance.choice(WHENS), number=chance.randrange(100, 1000)),
            kind,
        )


LABELS = Example(
    name="labels",
    title="messages to a shop, sorted into four kinds",
    rules="Sentences from a list, with a thing, a time or a number put in. Four in ten also mention something of "
    "another kind that is in order. The kinds are not equally frequent: delivery 40 %, billing 30 %, technical 20 %, "
    "account 10 %.",
    rows=rows,
    count=2000,
)
