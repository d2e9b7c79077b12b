"""States are trees: tensors with rows first, in tuples and NamedTuples. Search reorders any of them with one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from torch import Tensor

Tree = TypeVar("Tree")


def tree_map(function: Callable[[Tensor], Tensor], tree: Tree) -> Tree:
    """The same tree with `function` applied to each tensor."""
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
    """The rows with the given numbers, in that order, of every tensor."""
    return tree_map(lambda tensor: tensor.index_select(0, rows), tree)


def leaves(tree: Any) -> list[Tensor]:
    """The tensors of a tree, in order."""
    if isinstance(tree, Tensor):
        return [tree]
    if tree is None:
        return []
    return [leaf for part in tree for leaf in leaves(part)]


def rebuild(like: Tree, tensors: Iterable[Tensor]) -> Tree:
    """A tree of the form of `like` with other tensors, in the order of `leaves`."""
    remaining = iter(tensors)
    return tree_map(lambda _: next(remaining), like)


def tree_join(function: Callable[[Tensor, Tensor], Tensor], first: Tree, second: Tree) -> Tree:
    """`function` of the tensors of two trees of one form, pair by pair."""
    return rebuild(first, map(function, leaves(first), leaves(second)))
