"""Law 6: n processes equal one. Groups that torchrun starts, beside the same runs in this process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import worker
from processes import LAWFUL, do, settings
from reversal import reversed_pairs, weights_of

from seqloom.config import merged
from seqloom.training import loop
from seqloom.training.provenance.reproduction import reproduction
from toy import write_pairs

pytestmark = pytest.mark.timeout(900)  # several processes start, on a machine that may be busy
Seen = list[dict[str, Any]]
ROOM = 60  # about the half of a batch's share
CUT = 5  # in the middle of an epoch
PLAIN = LAWFUL["lstm-between"]
DROPPING = settings(
    {"model": {"dropout": 0.3, "embedding_dropout": 0.3}, "training": {"selection": {"limit": 0}, "r_drop": 1.0}}
)


def alone(folder: Path, *jobs: dict[str, Any]) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        patch.setattr(loop, "Run", worker.Watched)
        return {job["name"]: worker.run(job, folder) for job in jobs}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The lawful runs in this process, and one of them cut short."""
    folder = tmp_path_factory.mktemp("one")
    jobs = [{"name": name, "config": config} for name, config in LAWFUL.items()]
    more = {"name": "cut", "config": PLAIN, "cut": CUT}, {"name": "tuned", "config": tuned(folder)}
    return folder, alone(folder, *jobs, *more)


def tuned(folder: Path) -> dict[str, Any]:
    """A run on two files of unlike weight, cached, one with symbols that the model to start from does not know."""
    few = [*reversed_pairs(40, seed=3), ("é ü", "ü é"), ("ü a", "a ü")]
    files = [write_pairs(folder / f"{name}.tsv", pairs) for name, pairs in (("many", reversed_pairs()), ("few", few))]
    return merged(
        PLAIN,
        {
            "data": {
                "train": [str(file) for file in files],
                "weights": [1, 2],
                "cache": str(folder / "cache"),
                "cache_above_mb": 0,
            },
            "training": {"start_from": str(folder / "lstm-between"), "freeze": ["encoder"], "ema": 0},
        },
    )


@pytest.fixture(scope="module")
def two(one: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seen]:
    """The same in two processes, and what else is to be seen there, all after one start."""
    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(one[0] / "cut", folder / "one-to-two")
    pairs = write_pairs(folder / "pairs.tsv", reversed_pairs())
    data = {"train": [str(pairs)], "cache": str(folder / "cache"), "cache_above_mb": 0}
    return folder, do(
        2,
        folder,
        [
            *({"name": name, "config": config} for name, config in LAWFUL.items()),
            {"name": "whole", "config": DROPPING},
            {"name": "cut", "config": DROPPING, "cut": CUT},
            {"name": "cut", "config": DROPPING, "resume": True},
            {"name": "whole narrow", "config": DROPPING, "room": ROOM},
            {"name": "narrow", "config": DROPPING, "room": ROOM, "cut": CUT},
            {"name": "narrow", "config": DROPPING, "room": ROOM, "resume": True},
            {"name": "two-to-one", "config": PLAIN, "cut": CUT},
            {"name": "one-to-two", "config": PLAIN, "resume": True},
            {"name": "cached", "config": {**DROPPING, "data": data}},
            {"name": "tuned", "config": tuned(one[0])},
        ],
    )


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seen]:
    """The lawful runs in three processes."""
    folder = tmp_path_factory.mktemp("three")
    return folder, do(3, folder, [{"name": name, "config": config} for name, config in LAWFUL.items()])


def assert_alike(first: Path, second: Path) -> None:
    """The same weights, but for the order in which gradients were added."""
    weights, others = weights_of(first), weights_of(second)
    assert weights.keys() == others.keys()
    for name, weight in weights.items():
        torch.testing.assert_close(others[name], weight, rtol=1e-3, atol=2e-5, msg=name)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("name", LAWFUL)
def test_law_6_n_processes_equal_one(
    name: str, size: int, one: tuple[Path, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    folder, seen = request.getfixturevalue({2: "two", 3: "three"}[size])
    wanted = one[1][name]["reports"]
    assert len(wanted) > 10
    for rank in range(size):
        found = seen[rank][name]["reports"]
        assert len(found) == len(wanted)
        for report, like in zip(found, wanted, strict=True):
            assert report.pop("norm", 0) == pytest.approx(like.get("norm", 0), rel=2e-3)
            assert report == pytest.approx({key: like[key] for key in report}, rel=2e-4, abs=1e-6)
    assert_alike(one[0] / name, folder / name)


def test_all_processes_end_with_the_same_bits(two: tuple[Path, Seen], three: tuple[Path, Seen]) -> None:
    for _, seen in (two, three):
        for name in seen[0].keys() - {"two-to-one", "cut", "narrow"}:
            last = [each[name]["weights"] for each in seen], [each[name]["chosen"] for each in seen]
            assert all(len(set(digests)) == 1 for digests in last), name


def test_processes_drop_different_features(two: tuple[Path, Seen]) -> None:
    assert len({each["whole"]["seed"] for each in two[1]}) == 2


def test_a_resumed_group_equals_an_unbroken_one_bit_for_bit(two: tuple[Path, Seen]) -> None:
    folder, (first, _) = two
    resumed, whole = first["cut resumed"]["reports"], first["whole"]["reports"]
    assert first["cut"]["reports"] + resumed == whole
    assert resumed[0]["step"] == CUT + 1
    assert first["cut resumed"]["weights"] == first["whole"]["weights"]
    assert all(
        torch.equal(tensor, weights_of(folder / "cut")[name]) for name, tensor in weights_of(folder / "whole").items()
    )


def test_what_does_not_fit_into_one_process_is_cut_in_all_and_after_a_resumption(two: tuple[Path, Seen]) -> None:
    for seen in two[1]:
        reports = seen["narrow"]["reports"] + seen["narrow resumed"]["reports"]
        assert reports == seen["whole narrow"]["reports"]
        said = [report["notice"] for report in reports if "notice" in report]
        assert len(said) == len(set(said)) > 0
        assert not any("notice" in report for report in seen["narrow resumed"]["reports"])
        assert seen["narrow resumed"]["weights"] == seen["whole narrow"]["weights"] != seen["whole"]["weights"]


def test_another_number_of_processes_goes_on(one: tuple[Path, dict[str, Any]], two: tuple[Path, Seen]) -> None:
    job = {"name": "two-to-one", "config": PLAIN, "resume": True}
    fewer = alone(two[0], job)["two-to-one"]["reports"]
    more = two[1][1]["one-to-two resumed"]["reports"]
    assert "1 instead of 2 processes" in fewer[0]["notice"]
    assert "2 instead of 1 processes" in more[0]["notice"]
    for reports, name in ((fewer, "two-to-one"), (more, "one-to-two")):
        assert reports[1]["step"] == CUT + 1
        assert_alike(one[0] / "lstm-between", two[0] / name)


def test_one_process_writes_the_cache_and_all_read_it(two: tuple[Path, Seen]) -> None:
    assert [each["cached"].get("wrote a cache", False) for each in two[1]] == [True, False]
    assert len(list((two[0] / "cache").glob("*.arrow"))) == 1
    assert two[1][0]["cached"]["weights"] == two[1][1]["cached"]["weights"]


def test_fine_tuning_on_a_mix_is_the_same_in_two_processes(
    one: tuple[Path, dict[str, Any]], two: tuple[Path, Seen]
) -> None:
    wanted = one[1]["tuned"]["reports"]
    for seen in two[1]:
        for report, like in zip(seen["tuned"]["reports"], wanted, strict=True):
            assert report == pytest.approx(like, rel=2e-4, abs=1e-6)
    assert_alike(one[0] / "tuned", two[0] / "tuned")
    before, after = weights_of(one[0] / "lstm-between"), weights_of(two[0] / "tuned")
    frozen = [name for name in after if name.startswith("encoder.")]
    assert frozen
    assert all(torch.equal(after[name], before[name]) for name in frozen)
    assert len(after["source_embedding.weight"]) > len(before["source_embedding.weight"])


def test_the_way_back_is_a_group_of_as_many(one: tuple[Path, dict[str, Any]], two: tuple[Path, Seen]) -> None:
    assert (
        "OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 -m seqloom train " in reproduction(two[0] / "tuned").commands[0]
    )
    assert "OMP_NUM_THREADS=1 seqloom train " in reproduction(one[0] / "tuned").commands[0]
    (note,) = json.loads((two[0] / "one-to-two" / "metrics.json").read_bytes())["record"]["resumed"]
    assert note["processes"] == 2
