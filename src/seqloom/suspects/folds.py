"""Deal pairs into folds, so that pairs with the same source are in the same fold."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from seqloom.data.examples import Example
from seqloom.errors import ConfigError, DataError


def folds_of(pairs: Sequence[Example], folds: int, seed: int = 1) -> list[int]:
    """The number of the fold of each pair, from 0. It depends on the sources and the seed, not on the order of pairs.

    The distinct sources are put in the order of a hash and dealt in turn, so that the folds have equally many of them.
    """
    if folds < 2:
        raise ConfigError(
            f"folds must be at least 2, or 0, not {folds}", hint="0 makes only the checks that need no model"
        )
    salt = seed.to_bytes(8, "little")
    sources = {pair.source for pair in pairs}
    if len(sources) < folds:
        raise DataError(
            f"there must be at least as many different sources as folds, {folds}, not {len(sources)}",
            hint="--folds 0 makes only the checks that need no model",
        )
    ordered = sorted(sources, key=lambda source: (blake2b(source.encode(), digest_size=8, salt=salt).digest(), source))
    number = {source: place % folds for place, source in enumerate(ordered)}
    return [number[pair.source] for pair in pairs]
