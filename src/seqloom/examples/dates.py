"""Dates as people write them, to be turned into year-month-day (ISO 8601)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from seqloom.examples.base import Example, Row

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ROMAN = "I II III IV V VI VII VIII IX X XI XII".split()
SMALL = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth"
).split()
ORDINALS = (*SMALL, "twentieth", *(f"twenty-{each}" for each in SMALL[:9]), "thirtieth", "thirty-first")
FIRST, LAST = date(1950, 1, 1), date(2049, 12, 31)
FORMS = (
    "{day} {month} {year}",
    "{day} {short} {year}",
    "{month} {day}, {year}",
    "{short} {nth}, {year}",
    "{nth} of {month} {year}",
    "the {ordinal} of {month} {year}",
    "{weekday}, {day} {month} {year}",
    "{weekday} {month} {nth} {year}",
    "{day}.{number}.{year}",
    "{day:02}/{number:02}/{year}",
    "{day}.{number}.{two:02}",
    "{day:02}-{short}-{two:02}",
    "{day}. {roman}. {year}",
    "{year}/{number}/{day}",
    "{year}{number:02}{day:02}",
    "{year}, {month} {day}",
)


def rows(chance: Random) -> Iterator[Row]:
    """Dates from 1950 to 2049 in one of the forms; two digits of a year stand for a year between these."""
    while True:
        when = FIRST + timedelta(days=chance.randrange((LAST - FIRST).days + 1))
        month = MONTHS[when.month - 1]
        written = chance.choice(FORMS).format(
            day=when.day,
            nth=f"{when.day}{_ending(when.day)}",
            ordinal=ORDINALS[when.day - 1],
            month=month,
            short=month[:3] + chance.choice(("", ".")),
            number=when.month,
            roman=ROMAN[when.month - 1],
            year=when.year,
            two=when.year % 100,
            weekday=DAYS[when.weekday()],
        )
        written = chance.choice((str, str, str.lower, str.upper))(written)
        yield written, when.isoformat()


def _ending(day: int) -> str:
    if day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


DATES = Example(
    name="dates",
    title="dates in many spellings to 2021-03-09",
    rules="Sixteen ways to write a date, with month names, numbers or Roman numerals, in small or capital letters. "
    "The day stands before the month where both are numbers, except after the year; two digits of a year mean 1950 "
    "to 2049.",
    rows=rows,
    count=3000,
)
