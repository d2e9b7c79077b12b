"""What is public for authors of plugins: our own members pass, and a member that breaks a law is told which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from networks import FAMILIES, Case
from torch import Tensor

from seqloom.errors import ConfigError
from seqloom.metrics import METRICS, Metric
from seqloom.metrics.matches import ExactMatch
from seqloom.nn.attention import ATTENTIONS, AttentionConfig
from seqloom.nn.attention.base import Attention
from seqloom.nn.attention.general import General
from seqloom.nn.cells import CELLS
from seqloom.nn.cells.gru import GRU
from seqloom.nn.encoders.recurrent import RecurrentEncoderConfig
from seqloom.testing import (
    UncheckedWarning,
    a_sentence_is_searched_alone,
    check_attention,
    check_cell,
    check_encoder,
    check_metric,
    check_reader,
    found_outputs_have_their_own_scores,
)

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
SOME = FAMILIES[::9]


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_searches_obey_the_laws(case: Case) -> None:
    model = case.model()
    a_sentence_is_searched_alone(model, case.name)
    found_outputs_have_their_own_scores(model, case.name)


def test_checks_of_the_network_pass_for_our_own_members() -> None:
    check_attention(ATTENTIONS["additive"][0](kind="additive", heads=2, normaliser="entmax15"), export=False)
    check_cell(CELLS["layer_norm_lstm"][0](kind="layer_norm_lstm"), export=False)
    check_encoder(RecurrentEncoderConfig(layers=2), export=False)


@pytest.mark.parametrize("name", METRICS)
def test_our_metrics_obey_the_laws(name: str) -> None:
    check_metric(name)


def test_our_readers_obey_the_laws(tmp_path: Path) -> None:
    pairs = [("a b", "c"), ("d", "e f")]
    lines = {"tsv": "a b\tc\nd\te f\n", "csv": "a b,c\nd,e f\n"}
    lines["jsonl"] = "".join(f'{{"source": "{source}", "target": "{target}"}}\n' for source, target in pairs)
    for name, text in lines.items():
        path = tmp_path / f"pairs.{name}"
        path.write_text(text, encoding="utf-8")
        assert len(check_reader(name, path, pairs)) == 2


ATTEND = vars(Attention)["_attend"]


def shifted(self: Attention, query: Tensor, memory: Any, state: Any, *more: Any) -> Any:
    """Attention that mixes the rows of a batch."""
    context, weights, state = ATTEND(self, query, memory, state, *more)
    return context + context.mean(0, keepdim=True), weights, state


def unmasked(self: Attention, query: Tensor, memory: Any, state: Any, *more: Any) -> Any:
    """Attention that looks at padding."""
    return ATTEND(self, query, memory._replace(mask=torch.ones_like(memory.mask)), state, *more)


@pytest.mark.parametrize(
    ("attend", "message"),
    [
        (shifted, "law 2, a row is alone; broken with attention general, decoder.attend = between: of row"),
        (unmasked, "law (2|7), .*; broken with attention general"),
    ],
)
def test_an_attention_that_breaks_a_law_is_told_which(
    attend: Callable[..., Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(General, "_attend", attend)
    with pytest.raises(AssertionError, match=message):
        check_attention(ATTENTIONS["general"][0](kind="general"), export=False)


def test_a_cell_that_breaks_a_law_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = GRU.sequence
    monkeypatch.setattr(GRU, "sequence", lambda self, x, lengths, state: whole(self, 2 * x, lengths, state))
    with pytest.raises(AssertionError, match="law 1, a sequence equals its steps; broken with cell gru: an output"):
        check_cell(CELLS["gru"][0](kind="gru"), export=False)


def test_a_metric_that_breaks_a_law_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExactMatch, "value", lambda self, total: float(total[0]))
    with pytest.raises(AssertionError, match=r"statistics of a metric add up .*; broken with metric accuracy"):
        check_metric("accuracy")
    assert issubclass(ExactMatch, Metric)


def test_a_reader_that_breaks_a_law_is_told_which(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"a reader yields .*: pair 1 is \('a', 'b'\), not \('a', 'c'\)"):
        check_reader("tsv", path, [("a", "c")])


def test_a_member_that_no_family_knows_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'mine' is not a known attention(.|\n)*seqloom.plugins.use"):
        check_attention(AttentionConfig(kind="mine"))


def test_what_is_not_checked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqloom.testing.exporting.NEEDED", ("nowhere_x",))
    with pytest.warns(UncheckedWarning, match="law 4, exported equals eager; not tried .*: nowhere_x is not installed"):
        check_encoder(RecurrentEncoderConfig())


def test_a_member_that_fails_outright_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match=r"check_attention\(str\): a law cannot be tried: AttributeError"):
        check_attention("general")  # type: ignore[arg-type]
    monkeypatch.setattr(RecurrentEncoderConfig, "final_states", False)
    with pytest.raises(AssertionError, match="the section says that the encoder has none, and forward returns some"):
        check_encoder(RecurrentEncoderConfig(kind="recurrent"), export=False)
