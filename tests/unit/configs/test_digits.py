from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sagemaker_mirror.local.demo.datasets import DIGITS_KEY
from tests.unit.configs.conftest import CONFIGS, batch_transform, import_file

PCA = CONFIGS / "digits-pca-classifier" / "pca" / "scripts"
CLASSIFIER = CONFIGS / "digits-pca-classifier" / "classifier" / "scripts"
PIXELS, COMPONENTS, HELD_OUT = 64, 20, 450


@pytest.fixture(scope="module")
def run(tmp_path_factory, data) -> Path:
    """Both models, step after step, in a folder that stands for S3."""
    folder = tmp_path_factory.mktemp("digits")
    import_file(PCA / "preprocess.py").split(data(DIGITS_KEY), folder / "pca")
    train = import_file(PCA / "train.py")
    train.save(train.fit(folder / "pca" / "train" / "train.csv", COMPONENTS), folder / "pca" / "model")
    with tarfile.open(folder / "pca" / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "pca" / "model", arcname=".")

    import_file(CLASSIFIER / "preprocess.py").main(
        folder / "pca" / "train" / "train.csv",
        folder / "pca" / "test" / "test.csv",
        folder / "pca" / "model.tar.gz",
        folder,
    )
    train = import_file(CLASSIFIER / "train.py")
    train.save(train.fit(folder / "train" / "train.csv", regularisation=0.2), folder / "model")
    batch_transform(folder / "model", folder / "test" / "features.csv", folder / "features.csv.out")
    import_file(CLASSIFIER / "evaluate.py").main(
        folder / "test" / "digits.csv", folder / "features.csv.out", folder / "metrics" / "report.json"
    )
    return folder


def test_no_digit_is_in_both_sets_or_lost(run):
    train = pd.read_csv(run / "train" / "train.csv")
    test = pd.read_csv(run / "test" / "digits.csv")

    assert sorted([*train["sample_id"], *test["sample_id"]]) == list(range(1797))
    assert len(test) == HELD_OUT


def test_the_classifier_sees_components_in_place_of_pixels(run):
    assert pd.read_csv(run / "pca" / "train" / "train.csv").shape[1] == PIXELS + 2
    assert pd.read_csv(run / "train" / "train.csv").shape[1] == COMPONENTS + 2
    assert pd.read_csv(run / "test" / "features.csv", header=None).shape == (HELD_OUT, COMPONENTS + 1)


def test_the_registered_first_model_gives_what_the_second_was_trained_on(run):
    """Pixels through the first model's serving code are the rows that the second model's step projected."""
    serving = import_file(run / "pca" / "model" / "code" / "inference.py")
    pixels = pd.read_csv(run / "pca" / "test" / "test.csv").drop(columns=["sample_id", "digit"])

    answer, content_type = serving.output_fn(
        serving.predict_fn(
            serving.input_fn(pixels.to_csv(index=False, header=False), "text/csv"),
            serving.model_fn(run / "pca" / "model"),
        ),
        "text/csv",
    )

    assert content_type == "text/csv"
    projected = pd.read_csv(run / "test" / "features.csv", header=None).to_numpy()[:, 1:]
    np.testing.assert_allclose(np.loadtxt(answer.splitlines(), delimiter=","), projected, atol=1e-5)


def test_the_model_beats_the_trivial_baseline_on_held_out_data(run):
    metrics = json.loads((run / "metrics" / "report.json").read_text())["multiclass_classification_metrics"]

    assert metrics["accuracy_best_constant_classifier"]["value"] == pytest.approx(0.1, abs=0.01)
    for name in ("accuracy", "weighted_recall", "weighted_precision", "weighted_f1"):
        assert metrics[name]["value"] > 0.97
        assert metrics[f"{name}_best_constant_classifier"]["value"] < 0.11
        assert 0 <= metrics[name]["standard_deviation"] < 0.02
    counts = metrics["confusion_matrix"]
    assert sum(n for row in counts.values() for n in row.values()) == HELD_OUT
    assert sum(counts[c][c] for c in counts) / HELD_OUT == pytest.approx(metrics["accuracy"]["value"])


@pytest.fixture
def evaluate():
    return import_file(CLASSIFIER / "evaluate.py")


def test_a_model_no_better_than_a_constant_guess_is_refused_but_measured(evaluate, tmp_path):
    (tmp_path / "digits.csv").write_text("sample_id,digit\n" + "".join(f"{i},{i % 10}\n" for i in range(50)))
    (tmp_path / "out").write_text("".join(f"{i},3\n" for i in range(50)))

    with pytest.raises(SystemExit, match=r"accuracy 0\.1000.* no better than a constant guess \(0\.1000\)"):
        evaluate.main(tmp_path / "digits.csv", tmp_path / "out", tmp_path / "report.json")
    metrics = json.loads((tmp_path / "report.json").read_text())["multiclass_classification_metrics"]
    assert metrics["confusion_matrix"]["7"]["3"] == 5


def test_predictions_must_be_of_the_held_out_digits(evaluate, tmp_path):
    (tmp_path / "digits.csv").write_text("sample_id,digit\n1,1\n2,2\n")
    (tmp_path / "out").write_text("1,1\n3,2\n")

    with pytest.raises(ValueError, match="2 digits, 2 predictions, 1 in common"):
        evaluate.read(tmp_path / "digits.csv", tmp_path / "out")


@pytest.mark.parametrize("scripts", [PCA, CLASSIFIER], ids=["pca", "classifier"])
def test_the_servers_refuse_other_formats_than_csv(scripts):
    serving = import_file(scripts / "inference.py")

    with pytest.raises(ValueError, match="application/json"):
        serving.input_fn("[]", "application/json")
    with pytest.raises(ValueError, match="application/json"):
        serving.output_fn(np.zeros((1, 1)), "application/json")
    assert serving.input_fn(b"1,2", "text/csv").tolist() == [[1, 2]]
