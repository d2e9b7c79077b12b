"""Where attention stands follows from the pairs unless it is said, and is fixed before a network is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from reversal import reversed_pairs

import seqloom
from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.config import build
from seqloom.errors import ConfigError
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.nn.decoders.sequential import BeforeDecoder
from seqloom.presets import PRESETS
from seqloom.training import Inputs
from seqloom.training.attention_place import fitted
from seqloom.training.runs import run_config
from seqloom.training.setup import Prepared, prepare

SMALL = {"plan.effort": "none", "model.embedding": 8, "model.hidden": 8, "training.max_steps": 1}
WORDS = reversed_pairs(60)
SENTENCES = [(f"the {one} of a {two} is here", f"{two} {one} there are some") for one, two in WORDS]

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def prepared(pairs: list[tuple[str, str]], preset: str | None = None, **settings: Any) -> Prepared:
    return prepare(run_config(preset, settings={**SMALL, **settings}), Inputs(pairs))


def test_words_are_attended_to_before_the_layers_and_sentences_between_them() -> None:
    for pairs, attend, reason in ((WORDS, "before", "words go to words"), (SENTENCES, "between", "longer than words")):
        ready = prepared(pairs)
        assert ready.config.model.decoder.attend == attend
        assert isinstance(ready.model.decoder, BeforeDecoder) == (attend == "before")
        (said,) = [each for each in ready.notices if each.startswith("attention: ")]
        assert f"model.decoder.attend = {attend}, as " in said
        assert reason in said


@pytest.mark.parametrize("attend", ["between", "after", "feed", "none"])
def test_a_place_that_is_named_stays(attend: str) -> None:
    ready = prepared(WORDS, **{"model.decoder.attend": attend})
    assert ready.config.model.decoder.attend == attend
    assert not any(each.startswith("attention: ") for each in ready.notices)


def test_sizes_leave_the_place_open_and_papers_fix_it() -> None:
    places = {name: run_config(name).model.decoder.attend for name in PRESETS}
    sizes = dict.fromkeys(("small", "base", "large", "transformer-rnn"), "auto")
    papers = {"sutskever2014": "none", "bahdanau2015": "before", "luong2015": "feed", "gnmt2016": "between"}
    assert places == {**sizes, **papers}


def test_all_other_settings_stay() -> None:
    config = build(ModelConfig, {"attention": {"kind": "additive", "size": 12}, "decoder": {"layers": 3}})
    chosen, _ = fitted(config, words=True)
    assert chosen == config.replace(answer="sequence", decoder=config.decoder.replace(attend="before"))


def test_a_network_that_is_built_without_data_attends_between_its_layers() -> None:
    settings = {"embedding": 6, "hidden": 8}
    own = distinct_tensors(Seq2Seq(build(ModelConfig, settings), 9, 9))
    named = distinct_tensors(Seq2Seq(build(ModelConfig, {**settings, "decoder": {"attend": "between"}}), 9, 9))
    other = distinct_tensors(Seq2Seq(build(ModelConfig, {**settings, "decoder": {"attend": "before"}}), 9, 9))
    shapes, wanted, unlike = ({name: each.shape for name, each in all_.items()} for all_ in (own, named, other))
    assert shapes == wanted != unlike


@pytest.mark.parametrize("given", [{}, {"model.decoder.attend": "auto"}], ids=["nothing said", "auto"])
def test_the_model_to_start_from_has_fixed_it(given: dict[str, Any], tmp_path: Path) -> None:
    seqloom.train(WORDS, output=tmp_path / "first", settings={**SMALL, "model.decoder.attend": "after"})
    settings = {"training.max_steps": 1, "training.start_from": str(tmp_path / "first"), **given}
    second = seqloom.train(WORDS, output=tmp_path / "second", settings=settings)
    assert second.config.model.decoder.attend == "after"
    with pytest.raises(ConfigError, match=r"model\.decoder\.attend must stay 'after'"):
        seqloom.train(WORDS, settings={**settings, "model.decoder.attend": "before"})
