"""Reading and writing of a model folder's shortlist. This module does not need torch."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.adding import add_file
from seqloom.checkpoint.files import Writer, bytes_writer, place_of
from seqloom.checkpoint.reading import read_manifest
from seqloom.errors import ModelFolderError
from seqloom.search.shortlist import Shortlist
from seqloom.text.special import PAD

NAMES = ("candidates", "frequent")


def shortlist_writer(shortlist: Shortlist) -> Writer:
    """A writer of the two arrays of a shortlist as safetensors."""
    from safetensors.numpy import save  # noqa: PLC0415 - only where there is a list

    return bytes_writer(save({"candidates": shortlist.candidates, "frequent": shortlist.frequent}))


def add_shortlist(folder: Path, shortlist: Shortlist) -> Path:
    """Add a shortlist to a model folder, replacing an earlier one; it must have been learned from this model."""
    return add_file(folder, layout.SHORTLIST, shortlist_writer(shortlist), read_manifest(folder))


def read_shortlist(folder: Path, names: Container[str], source_size: int, target_size: int) -> Shortlist | None:
    """Read and check the shortlist of a folder whose files are `names`; None if it has none.

    The sizes are those of the vocabularies. Raises a `ModelFolderError` if the list does not fit them.
    """
    if layout.SHORTLIST not in names:
        return None
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load  # noqa: PLC0415

    where = str(folder / layout.SHORTLIST)
    try:
        arrays = load(place_of(folder, layout.SHORTLIST).read_bytes())
    except SafetensorError as error:
        raise ModelFolderError(f"must be a safetensors file: {error}", where=where, hint=_hint(folder)) from None
    if arrays.keys() != set(NAMES):
        found = ", ".join(sorted(arrays)) or "nothing"
        raise ModelFolderError(f"must hold {' and '.join(NAMES)}, not {found}", where=where, hint=_hint(folder))
    for name, shape in (("candidates", (source_size, None)), ("frequent", (None,))):
        fault = _fault(name, arrays[name], shape, target_size)
        if fault:
            raise ModelFolderError(fault, where=where, hint=_hint(folder))
    if arrays["candidates"][PAD].any():
        raise ModelFolderError("no candidates go with padding", where=where, hint=_hint(folder))
    return Shortlist(arrays["candidates"], arrays["frequent"], target_size)


def _fault(name: str, array: NDArray[Any], shape: tuple[int | None, ...], vocabulary: int) -> str:
    """What is wrong with an array of target ids, or an empty text; a size of None in `shape` allows any."""
    fits = len(array.shape) == len(shape) and all(
        size in (None, own) for size, own in zip(shape, array.shape, strict=True)
    )
    if array.dtype != np.int32 or not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        return f"{name} must be int32 [{wanted}], not {array.dtype} {list(array.shape)}"
    if array.size and not 0 <= array.min() <= array.max() < vocabulary:
        return f"{name} must be ids from 0 to {vocabulary - 1}, not from {array.min()} to {array.max()}"
    return ""


def _hint(folder: Path) -> str:
    return f"learn it again: seqloom shortlist {folder} FILES"
