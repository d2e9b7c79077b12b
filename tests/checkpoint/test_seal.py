"""A sealed folder knows its files: whatever happens to one is recognised and named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqloom.checkpoint.files import text_writer, write_sibling
from seqloom.checkpoint.seal import SEAL, check_seal, identity, sealed
from seqloom.errors import ModelFolderError

FILES = {"numbers.json": text_writer('{"step": 250}\n'), "weights": text_writer("weights " * 40)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_sibling(tmp_path / "sealed", sealed(FILES))
    return tmp_path / "sealed"


def test_a_good_folder_has_an_identity(folder: Path, tmp_path: Path) -> None:
    write_sibling(tmp_path / "twin", sealed(FILES))
    write_sibling(tmp_path / "other", sealed({**FILES, "weights": text_writer("others")}))
    one, twin, other = (identity(check_seal(each)) for each in (folder, tmp_path / "twin", tmp_path / "other"))
    assert one == twin != other


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7), name=st.sampled_from([*FILES, SEAL]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_a_flipped_bit_is_found_wherever_it_is(folder: Path, place: int, bit: int, name: str) -> None:
    path = folder / name
    before = path.read_bytes()
    after = bytearray(before)
    after[place % len(before)] ^= 1 << bit
    path.write_bytes(bytes(after))
    try:
        with pytest.raises(ModelFolderError) as caught:
            check_seal(folder)
        assert name == SEAL or Path(caught.value.where).name == name
    except pytest.fail.Exception:  # white space may change into other white space
        assert json.loads(after) == json.loads(before)
        assert name == SEAL
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b'{"weights": 1}', b'{"weights": {"sha256": 1}}'])
def test_a_seal_that_is_none(folder: Path, content: bytes) -> None:
    (folder / SEAL).write_bytes(content)
    with pytest.raises(ModelFolderError, match=SEAL):
        check_seal(folder)
