"""Every file of the cache, damaged in every way, is found, said and made anew; the run is what it would have been."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reversal import BASE, reversed_pairs

from seqloom.config import build, merged
from seqloom.data import digests
from seqloom.data.digests import INDEX
from seqloom.training import Inputs, RunConfig
from seqloom.training.provenance.record import ingredients
from seqloom.training.setup import Prepared, prepare
from toy import write_pairs

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunConfig]:
    """A run whose data go through a cache that holds a file of every kind."""
    folder = tmp_path_factory.mktemp("data")
    write_pairs(folder / "train.tsv", reversed_pairs(60))
    data = {"train": [f"{folder}/train.tsv"], "cache": f"{folder}/cache", "cache_above_mb": 0}
    own = {"data": {**data, "dev_count": 9, "drop_duplicates": True}, "training": {"precision": "float32-default"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        patch.setattr(digests, "QUIET", -1)  # remember at once
        chosen = build(RunConfig, merged(BASE, own))
        started(chosen)
        shutil.copytree(folder / "cache", folder / "good")
        yield chosen


def started(config: RunConfig) -> tuple[Prepared, list[str]]:
    """What a start makes of the data, and what it says."""
    said: list[str] = []
    ingredients(config, Inputs(), said.append)
    prepared = prepare(config, Inputs())
    return prepared, [*said, *prepared.notices]


def restored(config: RunConfig) -> Path:
    """The cache as it was."""
    cache = Path(config.data.cache)
    shutil.rmtree(cache)
    shutil.copytree(cache.with_name("good"), cache)
    return cache


def damage_is_found(config: RunConfig, path: Path) -> None:
    """A start says which file is damaged and makes it anew; the next one has nothing to say."""
    cache = path.parent
    first, said = started(config)
    assert [each for each in said if "damaged" in each] == [
        f"{path}: a damaged file of the cache was left out; it is made anew"
    ]
    second, silent = started(config)
    assert not any("damaged" in each for each in silent)
    assert {each.name for each in cache.iterdir()} == {each.name for each in cache.with_name("good").iterdir()}
    for each in cache.with_name("good").iterdir():
        if each.name != INDEX:
            assert (cache / each.name).read_bytes() == each.read_bytes()
    assert first.fingerprint == second.fingerprint
    assert config.data.train[0] in json.loads((cache / INDEX).read_bytes())["files"]


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def other_json(path: Path) -> None:
    path.write_text('{"files": {}, "text": [1], "tokenizers": []}')


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" * 9)


def folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path / "nowhere")


DAMAGES: list[Callable[[Path], None]] = [emptied, truncated, longer, flipped, zeroed, other_json, no_text, folder]
KINDS = {
    "tokenizers": "*.txt",
    "corpus": "*.arrow",
    "sources": "*.source-1-*.npy",
    "pairs": "*-target-0-*.npy",
    "list": INDEX,
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_every_file_damaged_in_every_way(kind: str, damage: Any, config: RunConfig) -> None:
    cache = restored(config)
    (path,) = cache.glob(kind)
    damage(path)
    damage_is_found(config, path)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), kind=st.sampled_from(list(KINDS.values())))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_bit(place: float, bit: int, kind: str, config: RunConfig) -> None:
    (path,) = restored(config).glob(kind)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(bytes(content))
    damage_is_found(config, path)


def test_a_link_to_nowhere_and_a_missing_file_are_made_anew(config: RunConfig) -> None:
    for kind in KINDS.values():
        for damage in (dangling_link, Path.unlink):
            (path,) = restored(config).glob(kind)
            damage(path)
            started(config)
            assert path.is_file()


def test_a_cache_that_was_not_touched_is_not_spoken_of(config: RunConfig) -> None:
    restored(config)
    assert not any("damaged" in each for each in started(config)[1])
