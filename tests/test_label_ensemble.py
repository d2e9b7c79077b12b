"""Ensembles of models that answer with labels: the geometric mean of probabilities, in PyTorch and by graphs."""

from __future__ import annotations

from pathlib import Path

import jaxtyping
import numpy as np
import pytest

import seqloom
from labelling import SETTINGS, SEVERAL, labelled
from seqloom.checkpoint import load_model
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.export import export_model
from seqloom.label_ensemble import LabelEnsemble

TEXTS = [text for text, _ in labelled(20, 9)]
OTHER = {"training.seed": 2, "training.epochs": 2, "model.pooling.kind": "mean"}


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other") / "model"
    seqloom.train(labelled(500), labelled(40, 2), folder, settings={**SETTINGS, **OTHER})
    return folder


@pytest.fixture(scope="module")
def joined(label_folder: Path, other_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("joined") / "model"
    seqloom.ensemble([label_folder, other_folder], folder, [3, 1])
    return folder


def raw(folder: Path) -> np.ndarray:
    """The probabilities of a model's own scores, with labels in a fixed order."""
    answers = seqloom.load(folder).predictor.uncalibrated.predict(TEXTS)
    return np.array([[each.probabilities[label] for label in ("calm", "grief", "joy")] for each in answers])


def test_probabilities_are_the_weighted_geometric_mean(joined: Path, label_folder: Path, other_folder: Path) -> None:
    product = raw(label_folder) ** 0.75 * raw(other_folder) ** 0.25
    assert np.allclose(raw(joined), product / product.sum(1, keepdims=True), atol=1e-5)
    model = seqloom.load(joined)
    assert isinstance(model.network, LabelEnsemble)
    (answer,) = model.predict(TEXTS[:1], alignments=True)
    (alone,) = seqloom.load(label_folder).predict(TEXTS[:1], alignments=True)
    assert answer.alignment is not None  # only the first member weighs positions
    assert alone.alignment is not None
    assert np.allclose(answer.alignment, alone.alignment, atol=1e-6)
    assert model.evaluate(labelled(60, 5))["accuracy"] > 80
    assert model.sizes()["members"] == 2
    assert any("calibration" in note for note in model.metrics["ensemble"]["notes"])
    calibrated = model.with_confidence(labelled(60, 6))
    assert calibrated.predict(TEXTS[0])[0].confidence is not None


def test_several_labels_have_the_same_mean(labels_folder: Path, tmp_path: Path) -> None:
    settings = {**SEVERAL, "training.seed": 3, "training.epochs": 1}
    seqloom.train(labelled(500, several=True), labelled(30, 2, several=True), tmp_path / "b", settings=settings)
    seqloom.ensemble([labels_folder, tmp_path / "b"], tmp_path / "both")
    one, two, both = (raw(each) for each in (labels_folder, tmp_path / "b", tmp_path / "both"))
    has, lacks = np.sqrt(one * two), np.sqrt((1 - one) * (1 - two))
    assert np.allclose(both, has / (has + lacks), atol=1e-5)
    tuned = seqloom.ensemble([labels_folder, tmp_path / "b"], tune=labelled(40, 7, several=True))
    assert tuned.metrics["ensemble"]["members"]


@pytest.mark.usefixtures("unchecked_shapes")
def test_graphs_answer_as_the_ensemble(joined: Path, tmp_path: Path) -> None:
    """Law 4 for ensembles of labels."""
    jaxtyping.config.update("jaxtyping_disable", True)
    wanted = seqloom.load(joined).predict(TEXTS, alignments=True)
    for int8, close in ((False, 1e-4), (True, 0.1)):
        folder = tmp_path / str(int8)
        export_model(joined, folder, int8=int8)
        found = seqloom.load(folder, engine="onnx").predict(TEXTS, alignments=True)
        for own, answer in zip(found, wanted, strict=True):
            assert own.probabilities == pytest.approx(dict(answer.probabilities), abs=close)
            assert own.alignment is not None


def test_weights_are_tuned_and_members_selected(label_folder: Path, other_folder: Path) -> None:
    dev = [*labelled(60, 6), ("a film", "rage")]
    tuned = seqloom.ensemble([label_folder, other_folder], tune=dev)
    assert any("60 of 61 examples" in note for note in tuned.metrics["ensemble"]["notes"])
    chosen = seqloom.ensembles.select_members([label_folder, other_folder], labelled(60, 6), "loss", most=2)
    assert sum(chosen.weights) >= 1
    least = seqloom.ensembles.select_members([label_folder, other_folder], labelled(60, 6), most=1)
    assert sum(least.weights) == 1


def test_an_ensemble_of_ensembles_is_flat(joined: Path, label_folder: Path) -> None:
    model = seqloom.ensemble([joined, label_folder])
    assert isinstance(model.network, LabelEnsemble)
    assert sorted(model.network.shares) == pytest.approx([0.125, 0.875])


def test_models_that_do_not_fit_are_refused_by_name(
    label_folder: Path, labels_folder: Path, toy_folder: Path, tmp_path: Path, joined: Path
) -> None:
    for other, kind in ((labels_folder, "labels"), (toy_folder, "text")):
        with pytest.raises(ModelFolderError, match=f"target codec is label in .* and {kind} in"):
            seqloom.ensemble([label_folder, other])
    pairs = [*labelled(200), *[("we saw rage", "fury")] * 5]
    seqloom.train(pairs, labelled(20, 2), tmp_path / "more", settings={**SETTINGS, "training.epochs": 1})
    with pytest.raises(ModelFolderError, match=r"symbols|labels"):
        seqloom.ensemble([label_folder, tmp_path / "more"])
    with pytest.raises(ConfigError, match="ensemble of 2"):
        load_model(joined).single("fine-tuning", joined)
