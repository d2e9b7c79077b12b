"""Reorder or rebuild any recurrent state: nested tuples of tensors whose first axis is rows.

With them the search can reorder the rows of any state, whatever its form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from torch import Tensor

Tree = TypeVar("Tree")


def tree_map(function: Callable[[Tensor], Tensor], tree: Tree) -> Tree:
    """Apply `function` to each tensor of a tree; `None` stays `None`."""
    if isinstance(tree, Tensor):
        return cast("Tree", function(tree))
    if tree is None:
        return tree
    if isinstance(tree, tuple):
        parts = [tree_map(function, part) for part in tree]
        made: Any = type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
        return cast("Tree", made)
    raise TypeError(f"a state is made of tensors and tuples, not {type(tree).__name__}")


def select_rows(tree: Tree, rows: Tensor) -> Tree:
    """Select rows of every tensor of a tree by their indices, in that order."""
    return tree_map(lambda tensor: tensor.index_select(0, rows), tree)


def leaves(tree: Any) -> list[Tensor]:
    """The tensors of a tree, from left to right."""
    if isinstance(tree, Tensor):
        return [tree]
    if tree is None:
        return []
    return [leaf for part in tree for leaf in leaves(part)]


def rebuild(like: Tree, tensors: Iterable[Tensor]) -> Tree:
    """A tree of the form of `like` with the given tensors, which are in the order of `leaves`."""
    remaining = iter(tensors)
    return tree_map(lambda _: next(remaining), like)


def tree_join(function: Callable[[Tensor, Tensor], Tensor], first: Tree, second: Tree) -> Tree:
    """Apply `function` to each pair of tensors of two trees that have the same form."""
    return rebuild(first, map(function, leaves(first), leaves(second)))
