"""Which of many items are looked at where a part of them is enough."""

from __future__ import annotations


def evenly(total: int, most: int) -> list[int]:
    """Up to `most` evenly spaced integers from 0 to `total` - 1; all of them where there are no more."""
    count = min(total, most)
    return [index * total // count for index in range(count)]
