from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sagemaker_mirror.local.demo.datasets import BREAST_CANCER_KEY
from tests.unit.configs.conftest import CONFIGS, batch_transform, import_file

SCRIPTS = CONFIGS / "breast-cancer" / "diagnosis" / "scripts"


@pytest.fixture(scope="module")
def run(tmp_path_factory, data) -> Path:
    """The whole pipeline, step after step, in a folder that stands for S3."""
    folder = tmp_path_factory.mktemp("breast-cancer")
    import_file(SCRIPTS / "preprocess.py").split(data(BREAST_CANCER_KEY), folder)
    train = import_file(SCRIPTS / "train.py")
    train.save(train.fit(folder / "train" / "train.csv", regularisation=1.0), folder / "model")
    batch_transform(folder / "model", folder / "test" / "features.csv", folder / "features.csv.out")
    import_file(SCRIPTS / "evaluate.py").main(
        folder / "test" / "diagnoses.csv", folder / "features.csv.out", folder / "metrics" / "report.json"
    )
    return folder


def test_no_tumour_is_in_both_sets_or_lost(run):
    train = pd.read_csv(run / "train" / "train.csv")
    test = pd.read_csv(run / "test" / "diagnoses.csv")

    assert sorted([*train["sample_id"], *test["sample_id"]]) == list(range(569))
    assert len(test) == 200


def test_the_held_out_features_do_not_tell_the_diagnosis(run):
    features = pd.read_csv(run / "test" / "features.csv", header=None)

    assert features.shape == (200, 31)
    assert all(np.issubdtype(kind, np.number) for kind in features.dtypes)


def test_the_model_beats_the_trivial_baseline_on_held_out_data(run):
    metrics = json.loads((run / "metrics" / "report.json").read_text())["binary_classification_metrics"]

    assert metrics["accuracy_best_constant_classifier"]["value"] == pytest.approx(0.625, abs=0.01)
    assert metrics["accuracy"]["value"] > 0.95
    assert metrics["auc"]["value"] > 0.98
    assert metrics["recall"]["value"] > 0.9 > metrics["recall_best_constant_classifier"]["value"]
    spread = metrics["accuracy"]["standard_deviation"]
    assert 0 <= spread < 0.05


def test_the_report_is_strict_json_and_adds_up(run):
    text = (run / "metrics" / "report.json").read_text()
    metrics = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))[
        "binary_classification_metrics"
    ]
    counts = metrics["confusion_matrix"]

    assert sum(n for row in counts.values() for n in row.values()) == 200
    assert (counts["0"]["0"] + counts["1"]["1"]) / 200 == pytest.approx(metrics["accuracy"]["value"])
    curve = metrics["receiver_operating_characteristic_curve"]
    assert len(curve["false_positive_rates"]) == len(curve["true_positive_rates"])


@pytest.fixture
def evaluate():
    return import_file(SCRIPTS / "evaluate.py")


def tumours(*diagnoses_and_probabilities: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame(diagnoses_and_probabilities, columns=["diagnosis", "probability"])


def test_metrics_of_a_case_that_can_be_counted_by_hand(evaluate):
    rows = tumours(
        ("malignant", 0.9), ("malignant", 0.4), ("benign", 0.6), ("benign", 0.1), ("benign", 0.2), ("benign", 0.0)
    )

    metrics = evaluate.evaluate(pd.concat([rows] * 5, ignore_index=True))["binary_classification_metrics"]

    assert metrics["confusion_matrix"] == {"0": {"0": 15, "1": 5}, "1": {"0": 5, "1": 5}}
    assert metrics["accuracy"]["value"] == pytest.approx(4 / 6)
    assert metrics["recall"]["value"] == pytest.approx(1 / 2)
    assert metrics["precision"]["value"] == pytest.approx(1 / 2)
    assert metrics["auc"]["value"] == pytest.approx(7 / 8)
    assert metrics["accuracy_best_constant_classifier"]["value"] == pytest.approx(4 / 6)
    assert metrics["precision_best_constant_classifier"]["value"] == 0


def test_a_model_no_better_than_a_constant_guess_is_refused_but_measured(evaluate, tmp_path):
    diagnoses, predictions, report = tmp_path / "diagnoses.csv", tmp_path / "out", tmp_path / "report.json"
    labels = ["benign", "malignant", "benign"] * 10
    diagnoses.write_text(
        "sample_id,diagnosis\n" + "".join(f"{i},{label}\n" for i, label in enumerate(labels)),
    )
    predictions.write_text("".join(f"{i},0.3\n" for i in range(30)))

    with pytest.raises(SystemExit, match=r"accuracy 0\.6667.* no better than a constant guess \(0\.6667\)"):
        evaluate.main(diagnoses, predictions, report)
    assert json.loads(report.read_text())["binary_classification_metrics"]["recall"]["value"] == 0


@pytest.mark.parametrize(
    ("predictions", "error"),
    [
        ("1,0.5\n", "2 diagnoses, 1 predictions, 1 in common"),
        ("1,0.5\n7,0.5\n", "2 diagnoses, 2 predictions, 1 in common"),
        ("1,0.5\n1,0.5\n", "one-to-one"),
    ],
    ids=["one missing", "another sample", "twice the same"],
)
def test_predictions_must_be_of_the_held_out_tumours(evaluate, tmp_path, predictions, error):
    (tmp_path / "diagnoses.csv").write_text("sample_id,diagnosis\n1,benign\n2,malignant\n")
    (tmp_path / "out").write_text(predictions)

    with pytest.raises(ValueError, match=error):
        evaluate.read(tmp_path / "diagnoses.csv", tmp_path / "out")


@pytest.mark.parametrize("body", ["1,2,3\n4,5,6\n", b"1,2,3\n4,5,6", "1,2,3\r\n4,5,6\r\n"])
def test_the_server_reads_csv_as_text_or_bytes(body):
    rows = import_file(SCRIPTS / "inference.py").input_fn(body, "text/csv; charset=utf-8")
    assert rows.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_the_server_answers_a_single_row_and_refuses_other_formats(run):
    serving = import_file(run / "model" / "code" / "inference.py")
    row = (run / "test" / "features.csv").read_text().splitlines()[0].split(",", 1)[1]

    probabilities = serving.predict_fn(serving.input_fn(row, "text/csv"), serving.model_fn(run / "model"))

    answer, content_type = serving.output_fn(probabilities, "*/*")
    assert content_type == "text/csv"
    assert 0 <= float(answer) <= 1
    with pytest.raises(ValueError, match="application/json"):
        serving.input_fn("[]", "application/json")
    with pytest.raises(ValueError, match="application/json"):
        serving.output_fn(probabilities, "application/json")
