"""Comparisons whose failure is a sentence: which law is broken, where, by how much."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

from seqloom.errors import SeqloomError

P = ParamSpec("P")
T = TypeVar("T")

STEPS = "law 1, a sequence equals its steps"
ALONE = "law 2, a row is alone"
EXPORTED = "law 4, exported equals eager"
SEARCH = "law 5, a search finds what the network says"
MASKS = "law 7, a mask is true where a token is real, and weights are a distribution over those"
SETTINGS = "settings come back from TOML as they were"
METRIC = "statistics of a metric add up over examples"
READER = "a reader yields the examples of its file and fills its report"


def failures_are_told(check: Callable[P, T]) -> Callable[P, T]:
    """Make every failure of a check an `AssertionError` with a sentence, also where a member raises something else."""

    @wraps(check)
    def told(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return check(*arguments, **options)
        except (AssertionError, SeqloomError):
            raise
        except Exception as error:
            given = type(arguments[0]).__name__ if arguments else ""
            reason = f"{type(error).__name__}: {error}"
            raise AssertionError(f"{check.__name__}({given}): a law cannot be tried: {reason}") from error

    return told


def broken(law: str, where: str, otherwise: str) -> AssertionError:
    """The error of a broken law: its name, what it was tried with, and what came instead."""
    return AssertionError(f"{law}; broken{f' with {where}' if where else ''}: {otherwise}")


def require(law: str, where: str, holds: bool, otherwise: str) -> None:
    """Raise an `AssertionError` that names the law, unless it holds."""
    if not holds:
        raise broken(law, where, otherwise)


def near(
    law: str, where: str, what: str, found: Tensor | None, wanted: Tensor | None, rtol: float = 1e-4, atol: float = 2e-5
) -> None:
    """Raise an `AssertionError` that names the law, unless two tensors are equal but for rounding, or both None."""
    if found is None or wanted is None:
        require(law, where, found is wanted, f"{what}: one of the two is missing")
        return
    require(law, where, found.shape == wanted.shape, f"{what}: shapes {_shape(found)} and {_shape(wanted)}")
    if torch.allclose(found, wanted, rtol=rtol, atol=atol):
        return
    difference = (found - wanted).detach().abs().nan_to_num(torch.inf, torch.inf)
    place = [int(each) for each in torch.unravel_index(difference.argmax(), difference.shape)] if found.dim() else []
    one, other = (float(each[tuple(place)]) for each in (found.detach(), wanted.detach()))
    at = f"at {place}" if place else ""
    raise broken(law, where, f"{what} {at} is {one:.6g} one way and {other:.6g} the other")


def _shape(tensor: Tensor) -> list[int]:
    return list(tensor.shape)
