"""Not enough memory: batches are cut, results stay; and how large a batch may be is found."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reversal import begin_run, reversed_pairs, run_config, same_weights

from seqloom.config import build
from seqloom.data.batch import Batch, collate
from seqloom.errors import ConfigError, TrainingError
from seqloom.training import Inputs, RunConfig, memory, train
from seqloom.training.memory import available_memory, out_of_memory, pieces
from seqloom.training.reports import NoticeReport, Report, StepReport
from seqloom.training.setup import Prepared, prepare
from seqloom.training.updates import budget as budgets
from seqloom.training.updates import step
from seqloom.training.updates.budget import FLOOR, find_budget, largest
from seqloom.training.updates.step import Objective, gradients

CPU = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried to "
    "allocate 68719476736 bytes. Error code 12 (Cannot allocate memory)"
)
GPU = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
CUBLAS = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
CUDNN = RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def prepared() -> Prepared:
    ready = prepare(run_config(), Inputs(reversed_pairs(40)))
    ready.model.eval()
    return ready


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Lets batches above some size fail, as allocators do; returns the sizes that were tried."""

    def begin(room: int, error: Exception = CPU, *, backward: bool = False) -> list[int]:
        tried: list[int] = []
        real, real_backward = step.batch_loss, torch.autograd.backward

        def batch_loss(model: Any, batch: Batch, *rest: Any) -> Any:
            tried.append(batch.size)
            if batch.size > room and not backward:
                raise error
            return real(model, batch, *rest)

        def fail_after_backward(*arguments: Any) -> None:
            real_backward(*arguments)
            if tried[-1] > room:
                raise error

        monkeypatch.setattr(step, "batch_loss", batch_loss)
        if backward:
            monkeypatch.setattr(torch.autograd, "backward", fail_after_backward)
        return tried

    return begin


def gradient(prepared: Prepared, limit: int = 0) -> tuple[dict[str, torch.Tensor], float, int]:
    """The gradient of two batches together, their likelihood, and the size that did not fit."""
    batches = [collate(prepared.train, np.arange(24)), collate(prepared.train, np.arange(24, 30))]
    tokens = sum(batch.tokens for batch in batches)
    nll, limit = gradients(prepared.model, batches, Objective(prepared.precision, 0.1), tokens, limit)
    found = {name: weight.grad for name, weight in prepared.model.named_parameters() if weight.grad is not None}
    return {name: each.clone() for name, each in found.items()}, float(nll), limit


@pytest.mark.parametrize(
    "error", [CPU, GPU, CUBLAS, CUDNN, MemoryError()], ids=["processor", "GPU", "cuBLAS", "cuDNN", "Python"]
)
@pytest.mark.parametrize("backward", [False, True], ids=["before the gradient", "when it is there in part"])
def test_a_batch_that_does_not_fit_is_cut_and_the_gradient_is_the_same(
    prepared: Prepared, small_memory: Callable[..., list[int]], error: Exception, backward: bool
) -> None:
    whole, likelihood, none = gradient(prepared)
    assert none == 0
    size = collate(prepared.train, np.arange(24)).size
    tried = small_memory(size // 3, error, backward=backward)
    parts, same, limit = gradient(prepared)
    assert tried[0] == size
    assert max(tried[-5:]) <= size // 3
    assert size // 3 < limit <= size
    assert same == pytest.approx(likelihood)
    for name, each in whole.items():
        torch.testing.assert_close(parts[name], each, rtol=1e-4, atol=1e-6)
    tried.clear()
    gradient(prepared, limit)
    assert max(tried) <= size // 3, "what is known not to fit is not tried again"


def test_other_errors_pass(prepared: Prepared, small_memory: Callable[..., list[int]]) -> None:
    small_memory(10, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes"):
        gradient(prepared)
    assert not out_of_memory(ValueError("out of memory"))
    assert not out_of_memory(RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED"))


def test_halves_hold_what_the_batch_held(prepared: Prepared) -> None:
    for count in (2, 3, 9, 24):
        batch = collate(prepared.train, np.arange(count))
        first, second = batch.halves()
        assert first.tokens + second.tokens == batch.tokens
        assert len(first) - len(second) in {0, 1}
        for half in (first, second):
            again = collate(prepared.train, half.indices)
            assert all(
                torch.equal(getattr(half, name), getattr(again, name))
                for name in ("source", "source_lengths", "target_in", "target_out", "target_lengths")
            )
    batch = collate(prepared.train, np.arange(24))
    assert list(pieces(batch, 0)) == [batch]
    cut = list(pieces(batch, 1))
    assert [len(each) for each in cut] == [1] * 24
    assert np.concatenate([each.indices for each in cut]).tolist() == list(range(24))


def notices(reports: list[Report], text: str) -> list[str]:
    return [report.text for report in reports if isinstance(report, NoticeReport) and text in report.text]


def test_a_run_goes_on_says_so_once_and_is_resumed_without_a_difference(
    tmp_path: Path, small_memory: Callable[..., list[int]]
) -> None:
    tried = small_memory(120, GPU)
    reports = list(begin_run(tmp_path / "whole", log_every=1))
    said = notices(reports, "does not fit into memory")
    assert len(said) == len(set(said)) > 0
    failed = [size for size in tried if size > 120]
    assert len(failed) == len(said)
    stream = begin_run(tmp_path / "cut", log_every=1)
    for report in stream:
        if isinstance(report, StepReport) and report.step == 9:
            stream.close()
    tried.clear()
    again = list(begin_run(tmp_path / "cut", resume=True, log_every=1))
    assert not notices(again, "does not fit into memory")
    assert max(tried) <= 120
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_a_pair_that_does_not_fit_alone_is_named(tmp_path: Path, small_memory: Callable[..., list[int]]) -> None:
    small_memory(8)
    with pytest.raises(
        TrainingError, match=r"^training pairs:\d+: one pair of \d+ tokens alone does not fit"
    ) as caught:
        list(begin_run(tmp_path / "run"))
    assert "max_source_length" in caught.value.hint
    words = reversed_pairs()
    line = int(caught.value.where.partition(":")[2])
    assert 2 * len(words[line - 1][0]) + 2 > 8


def test_memory_that_runs_out_elsewhere_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dev_losses(prepared: Any, predictor: Any) -> float:
        raise GPU

    monkeypatch.setattr("seqloom.training.dev.dev_losses", dev_losses)
    with pytest.raises(TrainingError, match="memory is not enough: CUDA out of memory") as caught:
        list(begin_run(tmp_path / "run"))
    assert "--resume" in caught.value.hint


@pytest.mark.parametrize(
    ("room", "found"),
    [
        (100_000, 10_000),
        (10_000, 10_000),
        (9_999, 7372),
        (3100, 2764),
        (3000, 1843),
        (1024, 921),
        (1023, 512),
        (300, 256),
        (1, 256),
    ],
)
def test_the_largest_budget_by_trial(room: int, found: int) -> None:
    tried: list[int] = []

    def fits(tokens: int) -> bool:
        tried.append(tokens)
        return tokens <= room

    assert largest(fits, 10_000) == found
    assert found <= max(room, FLOOR)
    assert len(tried) < 8


def test_the_budget_follows_the_memory_the_data_and_nothing_random(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = prepared.train.select(np.repeat(np.arange(len(prepared.train)), 2000))
    total = int((corpus.source_lengths + corpus.target_lengths + 2).sum())
    state = torch.get_rng_state()

    def found(free: int, accumulate: int = 1, most: int = 1 << 16) -> int:
        monkeypatch.setattr(budgets, "available_memory", lambda: free)
        monkeypatch.setattr(budgets, "CEILINGS", {"cpu": most})
        return find_budget(prepared.model, prepared.precision, corpus, accumulate).tokens

    rich, poor, poorer = found(1 << 36), found(1 << 24), found(1 << 23)
    assert total // 100 - FLOOR < rich <= total // 100
    assert found(1 << 36, 4) == pytest.approx(rich / 4, abs=FLOOR)
    assert FLOOR < poorer < poor < rich
    assert poorer == pytest.approx(poor / 2, abs=FLOOR)
    assert found(0) == FLOOR
    assert found(1 << 36, most=2048) == 2048
    assert torch.equal(torch.get_rng_state(), state)
    assert all(weight.grad is None for weight in prepared.model.parameters())


def test_what_is_kept_grows_with_rows_and_holds_the_real_need(prepared: Prepared) -> None:
    kept = [budgets._kept_bytes(prepared.model, 9, 9, rows) for rows in (2, 4, 8)]
    assert budgets._kept_bytes(prepared.model, 9, 9, 4, r_drop=1.0) == pytest.approx(kept[2], rel=0.1)
    assert kept[2] - kept[1] == pytest.approx(2 * (kept[1] - kept[0]), rel=0.25)
    # at least the embeddings and the states of both sides, in float32
    assert (kept[1] - kept[0]) / 2 > 4 * 8 * (9 + 9) * 2


def test_auto_is_said_kept_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = Inputs(reversed_pairs(), reversed_pairs(30, seed=2))
    config = run_config(batch={"tokens": "auto"}, log_every=1)
    monkeypatch.setattr(budgets, "UPDATES", 3)
    whole = list(train(config, tmp_path / "whole", inputs=inputs))
    (text,) = notices(whole, "batches of ")
    assert text.startswith("batches of 256 tokens: ")
    stream = train(config, tmp_path / "cut", inputs=inputs)
    for report in stream:
        if isinstance(report, StepReport) and report.step == 3:
            stream.close()
    monkeypatch.setattr("seqloom.training.network.find_budget", None)  # not asked for again
    list(train(config, tmp_path / "cut", inputs=inputs, resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")
    text = (tmp_path / "cut" / "config.toml").read_text(encoding="utf-8")
    assert build(RunConfig, tomllib.loads(text)).training.batch.tokens == 256


@pytest.mark.parametrize("tokens", [-1, "much", 1.5, True])
def test_a_budget_is_a_number_or_auto(tokens: Any) -> None:
    with pytest.raises(ConfigError, match=r"training\.batch\.tokens: must be a whole number, at least 0, or auto, not"):
        build(RunConfig, {"training": {"batch": {"tokens": tokens}}})


def test_available_memory_heeds_the_control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = available_memory()
    assert 1 << 20 < free < 1 << 50
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    for name, text in (
        ("memory.max", "3000000\n"),
        ("memory.current", "2500000\n"),
        ("memory.stat", "anon 2000000\ninactive_file 400000\n"),
    ):
        (tmp_path / name).write_text(text, encoding="ascii")
    assert available_memory() == 900_000
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert available_memory() > 1 << 20
