"""The shortlist in a model folder: what is written is what is read, beside the rest; what does not fit is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

import seqloom
from exporting import listed
from seqloom.api import Model
from seqloom.checkpoint import verify
from seqloom.checkpoint.format import SHORTLIST, FileRecord
from seqloom.checkpoint.shortlist import add_shortlist
from seqloom.search import Shortlist
from toy import copied

Arrays = dict[str, NDArray[np.int32]]
pytestmark = pytest.mark.usefixtures("unchecked_shapes")


@pytest.fixture
def folder(toy_folder: Path, tmp_path: Path) -> Path:
    """A model's folder with a shortlist."""
    copy = Path(shutil.copytree(toy_folder, tmp_path / "m"))
    found = seqloom.load(copy, engine="torch").with_shortlist(copied(60), candidates=3, frequent=1).shortlist
    assert found is not None
    assert add_shortlist(copy, found) == copy / SHORTLIST
    return copy


def listing(model: Model) -> Shortlist:
    assert model.shortlist is not None
    return model.shortlist


def test_it_is_added_to_what_is_there(folder: Path, toy_folder: Path) -> None:
    before, after = verify(toy_folder).files, verify(folder).files
    assert after == {**before, SHORTLIST: FileRecord.of(folder / SHORTLIST)}
    model = seqloom.load(folder, engine="torch")
    again = model.with_shortlist(copied(60), candidates=3, frequent=1)
    for name in ("candidates", "frequent"):
        assert np.array_equal(getattr(listing(model), name), getattr(listing(again), name))
    assert listing(model).vocabulary == model.target_tokenizer.size
    add_shortlist(folder, replace(listing(model), frequent=np.zeros(0, np.int32)))
    assert len(listing(seqloom.load(folder, engine="torch")).frequent) == 0


def test_it_goes_where_its_model_goes_and_not_with_another(folder: Path, toy_model: Model, tmp_path: Path) -> None:
    model = seqloom.load(folder, engine="torch")
    model.save(tmp_path / "copy")
    copied_to = seqloom.load(tmp_path / "copy", engine="torch")
    assert np.array_equal(listing(copied_to).candidates, listing(model).candidates)
    toy_model.save(folder, overwrite=True)
    assert not (folder / SHORTLIST).exists()
    assert seqloom.load(folder, engine="torch").shortlist is None


def test_a_damaged_file_is_named(folder: Path) -> None:
    whole = (folder / SHORTLIST).read_bytes()
    (folder / SHORTLIST).write_bytes(whole[:-1] + b"\1")
    with pytest.raises(seqloom.ModelFolderError, match=r"shortlist\.safetensors: the file is damaged"):
        seqloom.load(folder, engine="torch")
    (folder / SHORTLIST).unlink()
    with pytest.raises(seqloom.ModelFolderError, match=r"shortlist\.safetensors: the file is missing"):
        seqloom.load(folder, engine="torch")


CHANGES: dict[str, Callable[[Arrays], dict[str, NDArray[np.generic]]]] = {
    r"must hold candidates and frequent, not candidates\n": lambda old: {"candidates": old["candidates"]},
    r"candidates must be int32 \[8, any\], not int32 \[7, 3\]": lambda old: {
        **old,
        "candidates": old["candidates"][1:],
    },
    r"candidates must be int32 \[8, any\], not int64": lambda old: {
        **old,
        "candidates": old["candidates"].astype(np.int64),
    },
    r"frequent must be int32 \[any\], not int32 \[1, 1\]": lambda old: {**old, "frequent": old["frequent"][None]},
    r"frequent must be ids from 0 to 7, not from 9 to 9": lambda old: {**old, "frequent": np.array([9], np.int32)},
    r"frequent must be ids from 0 to 7, not from -1 to": lambda old: {**old, "frequent": np.array([-1, 5], np.int32)},
    r"no candidates go with padding": lambda old: {**old, "candidates": np.full_like(old["candidates"], 5)},
}


@pytest.mark.parametrize("message", CHANGES)
def test_a_list_of_another_model_is_refused(message: str, folder: Path) -> None:
    save_file(CHANGES[message](load_file(folder / SHORTLIST)), folder / SHORTLIST)
    refused(folder, message)


def test_what_is_no_list_is_refused(folder: Path) -> None:
    (folder / SHORTLIST).write_bytes(b"no tensors")
    refused(folder, "must be a safetensors file")


def refused(folder: Path, message: str) -> None:
    listed(folder, {SHORTLIST: FileRecord.of(folder / SHORTLIST)})
    with pytest.raises(seqloom.ModelFolderError, match=message) as caught:
        seqloom.load(folder, engine="torch")
    assert caught.value.where == str(folder / SHORTLIST)
    assert caught.value.hint == f"learn it again: seqloom shortlist {folder} FILES"
