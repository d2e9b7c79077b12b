"""Ensembles of models that answer with tags, frames and transductions: the geometric mean, in PyTorch and by graphs."""

from __future__ import annotations

import json
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import framed
import seqloom
import transduced
from seqloom.api import Model
from seqloom.errors import ConfigError, DataError, ModelFolderError
from seqloom.tag_ensemble import FrameEnsemble, TagEnsemble
from seqloom.tag_network import TagNetwork
from tagged import OTHER, SETTINGS, tagged, with_graphs

TEXTS = [text for text, _ in tagged(20, 9)]


@pytest.fixture(scope="module")
def softmax_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("softmax") / "model"
    seqloom.train(tagged(500), tagged(100, 2), folder, settings={**SETTINGS, **OTHER, "model.tagger": "softmax"})
    return folder


def scored(model: Any, text: str) -> tuple[Tensor, dict[str, Tensor]]:
    """What a folder's network says of the words of a text [W, C], and its potentials, as float64."""
    (read,) = model.codecs.source.read([text], [()], 100)
    ids = torch.tensor([[*read.ids, 2]])
    assert isinstance(model.network, TagNetwork)
    with torch.no_grad():
        scores, _ = model.network(ids, torch.tensor([ids.size(1)]), len(text.split()))
    return scores[0].double(), {name: each.detach().double() for name, each in model.network.tagger.named_parameters()}


def test_probabilities_are_the_geometric_mean_over_all_tags(
    joined_tags_graphs: Path, tags_folder: Path, other_tags_folder: Path
) -> None:
    """By enumeration of all tags of a text that keep to the scheme."""
    text, model = "eve de boer", seqloom.load(joined_tags_graphs, engine="torch")
    assert isinstance(model, Model)
    assert isinstance(model.network, TagEnsemble)
    codec: Any = model.codecs.target
    tags, logs = codec.labels, dict[tuple[int, ...], float]()
    parts = [
        (share, *scored(seqloom.load(each), text)) for share, each in ((0.75, tags_folder), (0.25, other_tags_folder))
    ]
    for path in product(range(len(tags)), repeat=3):
        before = ["O", *(tags[each] for each in path)]
        if any(now.startswith("I-") and last[2:] != now[2:] for last, now in pairwise(before)):
            continue
        logs[path] = sum(
            share
            * float(
                scores[range(3), path].sum()
                + own["first"][path[0]]
                + own["last"][path[-1]]
                + own["transitions"][path[:-1], path[1:]].sum()
            )
            for share, scores, own in parts
        )
    total = float(np.logaddexp.reduce([*logs.values()]))
    best = max(logs, key=lambda path: logs[path])
    (answer,) = model.predict([text])
    assert answer.tags == tuple(tags[each] for each in best)
    assert answer.score == pytest.approx(logs[best] - total, abs=1e-4)
    for place, probability in enumerate(answer.tag_probabilities):
        own = [log - total for path, log in logs.items() if path[place] == best[place]]
        assert probability == pytest.approx(float(np.exp(np.logaddexp.reduce(own))), abs=1e-4)


def test_of_a_softmax_each_word_has_the_geometric_mean(softmax_folder: Path, tmp_path: Path) -> None:
    settings = {**SETTINGS, **OTHER, "model.tagger": "softmax", "training.seed": 5}
    seqloom.train(tagged(500), tagged(100, 2), tmp_path / "b", settings=settings)
    models: list[Any] = [seqloom.load(each) for each in (softmax_folder, tmp_path / "b")]
    both = seqloom.ensemble([softmax_folder, tmp_path / "b"], weights=[1, 3])
    for text, answer in zip(TEXTS, both.predict(TEXTS), strict=True):
        one, two = (torch.softmax(scored(each, text)[0], 1) for each in models)
        mean = one**0.25 * two**0.75
        wanted, places = (mean / mean.sum(1, keepdim=True)).max(1)
        codec: Any = both.codecs.target
        assert answer.tags == tuple(codec.labels[each] for each in places)
        assert answer.tag_probabilities == pytest.approx(wanted.tolist(), abs=1e-5)


def test_it_is_a_model_like_any_other(joined_tags_graphs: Path) -> None:
    model: Any = seqloom.load(joined_tags_graphs, engine="torch")
    assert model.sizes()["members"] == 2
    found = model.evaluate(tagged(60, 5))
    assert found["entity_f1"] > 80
    assert found.tags is not None
    (right,) = model.score([("ann met bob today", "B-PER O B-PER O")])
    assert right.tokens == 4
    card = (joined_tags_graphs / "README.md").read_text(encoding="utf-8")
    assert "2 models that read the source sequence and find the tags of its words or symbols together" in card
    assert [each["share"] for each in json.loads((joined_tags_graphs / "members.json").read_text())["members"]] == [
        0.75,
        0.25,
    ]
    with pytest.raises(ConfigError, match="one answer for each text"):
        model.predict(TEXTS[:1], n_best=2)
    with pytest.raises(ConfigError, match="is an ensemble"):
        seqloom.train(tagged(50), settings={"training.start_from": str(joined_tags_graphs), "training.max_steps": 1})


@pytest.mark.parametrize("kind", ["joined_tags_graphs", "joined_frame_graphs"])
def test_graphs_answer_as_the_ensemble(kind: str, request: pytest.FixtureRequest) -> None:
    """Law 4 for ensembles of tags and of frames: answers, scores of given targets and figures."""
    folder, data = request.getfixturevalue(kind), framed.framed if kind == "joined_frame_graphs" else tagged
    pairs = data(60, 9)
    model: Any = seqloom.load(folder, engine="torch")
    wanted, texts = model.evaluate(pairs, metrics="exact_match"), [*(text for text, _ in pairs), "", "?? de boer"]
    for int8, close in ((False, 1e-4), (True, 0.15)):
        graph: Any = seqloom.load(folder, engine="onnx", int8=int8)
        for one, two in zip(graph.predict(texts), model.predict(texts), strict=True):
            assert int8 or one.text == two.text
            assert dict(one.probabilities) == pytest.approx(dict(two.probabilities), abs=close)
            assert int8 or one.tag_probabilities == pytest.approx(two.tag_probabilities, abs=close)
        for one, two in zip(graph.score(pairs[:10]), model.score(pairs[:10]), strict=True):
            assert one.token_log_probs == pytest.approx(two.token_log_probs, abs=0.5 if int8 else 1e-3)
        found = graph.evaluate(pairs, metrics="exact_match")["exact_match"]
        assert found == pytest.approx(wanted["exact_match"], abs=5 if int8 else 1e-6)


def test_frames_have_a_label_of_all_members(joined_frame_graphs: Path, frame_folder: Path) -> None:
    model: Any = seqloom.load(joined_frame_graphs, engine="torch")
    assert isinstance(model.network, FrameEnsemble)
    answers = [seqloom.load(each).predict(TEXTS) for each in (frame_folder, joined_frame_graphs.parent / "other")]
    for one, two, both in zip(*answers, model.predict(TEXTS), strict=True):
        mean = {
            label: one.probabilities[label] ** 0.25 * two.probabilities[label] ** 0.75 for label in one.probabilities
        }
        wanted = {label: each / sum(mean.values()) for label, each in mean.items()}
        assert dict(both.probabilities) == pytest.approx(wanted, abs=1e-4)
    found = model.evaluate(framed.framed(60, 5), metrics="exact_match,slot_f1,intent_accuracy")
    assert found["intent_accuracy"] > 90


def loss_of(folders: list[Path], weights: list[float], pairs: Any) -> float:
    model = seqloom.ensemble(folders, weights=weights)
    return -sum(each.log_prob for each in model.score(pairs))


@pytest.mark.parametrize("kind", ["tags", "mixed", "frames"])
def test_tuned_weights_have_the_least_loss(
    kind: str, tags_folder: Path, other_tags_folder: Path, softmax_folder: Path, request: pytest.FixtureRequest
) -> None:
    """Of all shares on a grid of tenths none is better; pairs with tags that nobody knows are left out."""
    folders, dev = [tags_folder, softmax_folder if kind == "mixed" else other_tags_folder], tagged(40, 6)
    strange = ("mars is far", "B-POI O O")
    if kind == "frames":
        folders = [
            request.getfixturevalue("frame_folder"),
            request.getfixturevalue("joined_frame_graphs").parent / "other",
        ]
        dev, strange = framed.framed(40, 6), ("mars is far", "ask where: B-POI O O")
    tuned = seqloom.ensemble(folders, tune=[*dev, strange], metrics="loss")
    found = tuned.metrics["tuned"]
    assert (found["tokens"], found["of"]) == (40, 41)
    assert any("40 of 41 examples" in note for note in tuned.metrics["ensemble"]["notes"])
    least = loss_of(folders, found["weights"], dev)
    for tenths in range(1, 10):
        assert least <= loss_of(folders, [tenths, 10 - tenths], dev) + 1e-2
    with pytest.raises(DataError, match="that the models know, by which weights could be tuned"):
        seqloom.ensemble(folders, tune=[strange])


def test_members_are_selected_by_the_measures_of_tags(
    tags_folder: Path, other_tags_folder: Path, joined_tags_graphs: Path
) -> None:
    chosen = seqloom.select_members(
        [tags_folder, other_tags_folder, joined_tags_graphs], tagged(40, 6), "entity_f1", most=2
    )
    assert 1 <= sum(chosen.weights) <= 2
    assert "entity_f1" in chosen.measured["dev"]
    flat = seqloom.ensemble([joined_tags_graphs, tags_folder])
    assert isinstance(flat.network, TagEnsemble)
    assert sorted(flat.network.shares) == pytest.approx([0.125, 0.875])


def test_transductions_are_put_together_as_well(transduction_folder: Path, tmp_path: Path) -> None:
    settings = {**transduced.SETTINGS, "training.seed": 2, "training.epochs": 2, "model.tagger": "softmax"}
    pairs = transduced.words(500), transduced.words(100, 2)
    seqloom.train(*pairs, tmp_path / "other", settings=settings)
    tuned = seqloom.ensemble([transduction_folder, tmp_path / "other"], tmp_path / "both", tune=transduced.words(60, 6))
    assert tuned.evaluate(transduced.words(60, 7), metrics="exact_match")["exact_match"] > 80
    with_graphs(tmp_path / "both")
    texts = [text for text, _ in transduced.words(20, 8)]
    answers = [seqloom.load(tmp_path / "both", engine=engine).predict(texts) for engine in ("torch", "onnx")]
    assert [each.text for each in answers[0]] == [each.text for each in answers[1]]


def test_models_that_do_not_fit_are_refused_by_name(
    tags_folder: Path, frame_folder: Path, transduction_folder: Path, toy_folder: Path, tmp_path: Path
) -> None:
    for other in (frame_folder, transduction_folder, toy_folder):
        with pytest.raises(ModelFolderError, match=rf"the (target|source) codec is \w+ in .* and \w+ in {other}"):
            seqloom.ensemble([tags_folder, other])
    more = [(text, tags.replace("PER", "WHO")) for text, tags in tagged(500)]
    seqloom.train(more, more[:50], tmp_path / "tags", settings={**SETTINGS, "training.epochs": 1})
    with pytest.raises(ModelFolderError, match=r"tags; only .* has 'B-PER', 'I-PER'; only .* has 'B-WHO', 'I-WHO'"):
        seqloom.ensemble([tags_folder, tmp_path / "tags"])
    pairs = [(text, tags.replace("home:", "flat:")) for text, tags in framed.framed(500)]
    seqloom.train(pairs, pairs[:50], tmp_path / "frames", settings={**framed.SETTINGS, "training.epochs": 1})
    with pytest.raises(ModelFolderError, match=r"labels; only .* has 'home'; only .* has 'flat'"):
        seqloom.ensemble([frame_folder, tmp_path / "frames"])
