"""What a sweep's file may say, and what Optuna is asked for."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.errors import ConfigError, DataError
from seqloom.sweeps import Sweep, load_sweep
from seqloom.sweeps.space import choose, chosen, read_space

FULL = """
[space]
model.hidden = { choices = [8, 16] }
"model.attention" = { choices = ["dot", { kind = "additive", heads = 2 }] }
training.optimiser.learning_rate = { low = 1e-4, high = 1e-2, log = true }
"model.dropout" = { low = 0, high = 0.5, step = 0.1 }
training.batch = { tokens = { low = 100, high = 1000, log = true } }
"""


def space_of(text: str) -> Any:
    return read_space(tomllib.loads(text)["space"], "sweep.toml")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_proposed_lies_in_the_space(seed: int) -> None:
    space = space_of(FULL)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    trial = study.ask()
    found = choose(space, trial)
    assert found["model.hidden"] in (8, 16)
    assert found["model.attention"] in ("dot", {"kind": "additive", "heads": 2})
    assert 1e-4 <= found["training.optimiser.learning_rate"] <= 1e-2
    assert found["model.dropout"] == pytest.approx(round(found["model.dropout"] * 10) / 10)
    assert 100 <= found["training.batch.tokens"] <= 1000
    assert type(found["training.batch.tokens"]) is int
    assert chosen(space, trial.params) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[space]", r"needs a table \[space\]"),
        ('[space]\n"model.hiden" = { choices = [1] }', r"did you mean model\.hidden"),
        ('[space]\n"model.hidden" = 3', "must be a table, not 3"),
        ('[space]\n"model.hidden" = { choices = [] }', "either choices, or low and high"),
        ('[space]\n"model.hidden" = { choices = [1], low = 1 }', "either choices, or low and high"),
        ('[space]\n"model.hidden" = { low = 1 }', "both wanted"),
        ('[space]\n"model.hidden" = { low = 2, high = 1 }', "low first"),
        ('[space]\n"model.hidden" = { low = 0, high = 1, log = true }', "must lie above 0"),
        ('[space]\n"model.hidden" = { low = 1, high = 2, log = true, step = 1 }', "either log or step"),
        ('[space]\n"model.hidden" = { low = 1, high = 2, stp = 1 }', "did you mean step"),
        (
            '[space]\n"model.dropout" = { low = 0, high = 0.5, step = 0.2 }',
            r"miss 0\.5\nhint: high = 0\.4, or high = 0\.6",
        ),
        ('[space]\n"model.hidden" = { low = 1, high = 10, step = 2 }', "hint: high = 9, or high = 11"),
        ('[space]\n"model.dropout" = { low = 0, high = inf, step = 0.2 }', "finite"),
        ('[space]\n"model.dropout" = { low = nan, high = 1 }', "finite"),
    ],
)
def test_spaces_that_mean_nothing_are_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        space_of(text)


def sweep_of(folder: Path, text: str) -> Sweep:
    (folder / "sweep.toml").write_text(text, encoding="utf-8")
    return load_sweep(folder / "sweep.toml")


SPACE = '[space]\n"model.hidden" = { choices = [8, 16] }\n'


def test_the_base_is_a_file_beside_it_or_a_preset_and_the_sections_change_it(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('[model]\nhidden = 32\ncell = "gru"\ndropout = 0.4\n')
    text = '[sweep]\nbase = "base.toml"\n[model]\ndropout = 0.1\n' + SPACE
    config = sweep_of(tmp_path, text).config({"model.hidden": 16})
    assert (config.model.hidden, config.model.cell.kind, config.model.dropout) == (16, "gru", 0.1)
    assert sweep_of(tmp_path, '[sweep]\nbase = "large"\n' + SPACE).base.model.encoder.layers == 4
    with pytest.raises(ConfigError, match="did you mean large"):
        sweep_of(tmp_path, '[sweep]\nbase = "larg"\n' + SPACE)
    with pytest.raises(ConfigError, match="not a setting"):
        sweep_of(tmp_path, "[modle]\nhidden = 1\n" + SPACE)


FILES = '[data]\ntrain = ["a.tsv"]\ndev = ["b.tsv"]\n'
SET_ASIDE = '[data]\ntrain = ["a.tsv"]\n'
SHARED = "[text]\nshared = true\n"
CHRF = '[training]\nselection = { on = "chrf" }\n'


@pytest.mark.parametrize(
    ("begin", "dimension", "said"),
    [
        (FILES, '"training.selection.on" = { choices = ["loss", "chrf"] }', r"selection\.on must be the same"),
        (FILES, '"training.selection.limit" = { low = 10, high = 100 }', "limit must be the same"),
        (
            FILES,
            '"training.selection" = { choices = [{ limit = 10 }] }',
            r"concerns training\.selection\.on, which must",
        ),
        (FILES, '"training.evaluate_every" = { low = 10, high = 100 }', "evaluate_every must be the same"),
        (FILES, '"data.dev" = { choices = [["b.tsv"], ["c.tsv"]] }', r"data\.dev must be the same"),
        (FILES, '"data" = { choices = [{ dev = ["b.tsv"] }, { dev = ["c.tsv"] }] }', r"concerns data\.dev, which"),
        (FILES, '"data.references" = { choices = [["x"], ["y"]] }', "references must be the same"),
        (SET_ASIDE, '"data.train" = { choices = [["a.tsv"], ["c.tsv"]] }', "while the dev pairs are a part of them"),
        (FILES, '"text.target.kind" = { choices = ["bpe", "word"] }', "a loss per token"),
        (FILES, '"text" = { choices = [{ target = { kind = "bpe" } }] }', "a loss per token"),
        (FILES + SHARED, '"text.source.vocabulary_size" = { choices = [100, 200] }', "a loss per token"),
        (FILES, '"data.train" = { choices = [["a.tsv"], ["c.tsv"]] }', "a loss per token"),
        (FILES, '"training.start_from" = { choices = ["m", "n"] }', "a loss per token"),
    ],
)
def test_what_would_make_trials_incomparable_is_refused(begin: str, dimension: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        sweep_of(tmp_path, f"{begin}[space]\n{dimension}\n")


@pytest.mark.parametrize(
    ("begin", "dimension"),
    [
        (FILES, '"text.source.kind" = { choices = ["bpe", "word"] }'),
        (FILES, '"data.max_source_length" = { low = 10, high = 20 }'),
        (FILES, '"training.selection.average_best" = { low = 0, high = 4 }'),
        (FILES + CHRF, '"text" = { choices = [{ target = { kind = "bpe" } }] }'),
        (FILES + CHRF, '"data.train" = { choices = [["a.tsv"], ["c.tsv"]] }'),
        (FILES + SHARED + CHRF, '"text.source.dropout" = { choices = [0.0, 0.0] }'),
    ],
)
def test_what_leaves_figures_comparable_may_be_chosen(begin: str, dimension: str, tmp_path: Path) -> None:
    assert len(sweep_of(tmp_path, f"{begin}[space]\n{dimension}\n").space) == 1


def test_data_that_no_trial_could_read_are_refused_at_once(tmp_path: Path) -> None:
    for text, said in [
        ("", "at least one file"),
        ('[data]\ntrain = ["-"]\n', "standard input"),
        ('[data]\ntrain = ["none.tsv"]\n', "does not exist"),
        ('[data]\ntrain = ["none.tsv"]\ndev_count = 0\n', "needs dev data"),
    ]:
        with pytest.raises((ConfigError, DataError), match=said):
            sweep_of(tmp_path, text + SPACE).check()
