"""Compare the predictions with the digits, and write the metrics that Model Registry shows.

The JSON is SageMaker's format for model quality, the `*_best_constant_classifier` entries included:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_score, recall_score

DIGITS = Path("/opt/ml/processing/input/project-test/digits.csv")  # channel `test` of the step `project`
PREDICTIONS = Path("/opt/ml/processing/input/score-test/features.csv.out")  # what the step `score` wrote
METRICS = Path("/opt/ml/processing/output/model_evaluation_metrics.json")

CLASSES = range(10)


def weighted(metric):
    """The metric of each digit against the rest, averaged by how often the digit occurs."""
    return lambda actual, predicted: metric(actual, predicted, average="weighted", zero_division=0)


LABEL_METRICS = {
    "accuracy": accuracy_score,
    "weighted_recall": weighted(recall_score),
    "weighted_precision": weighted(precision_score),
    "weighted_f1": weighted(f1_score),
}


def read(digits: Path, predictions: Path) -> pd.DataFrame:
    actual = pd.read_csv(digits)
    predicted = pd.read_csv(predictions, header=None, names=["sample_id", "predicted"])
    rows = actual.merge(predicted, on="sample_id", validate="one_to_one")
    if not len(rows) == len(actual) == len(predicted):
        raise ValueError(f"{len(actual)} digits, {len(predicted)} predictions, {len(rows)} in common")
    return rows


def measure(metric, actual, predicted) -> dict:
    """One entry of the report. The deviation is over five random samples of 80 %, as SageMaker takes it."""
    random = np.random.RandomState(0)
    samples = [random.choice(len(actual), size=len(actual) * 4 // 5, replace=False) for _ in range(5)]
    values = [metric(actual[sample], predicted[sample]) for sample in samples]
    return {"value": float(metric(actual, predicted)), "standard_deviation": float(np.std(values))}


def evaluate(rows: pd.DataFrame) -> dict:
    actual, predicted = rows["digit"].to_numpy(), rows["predicted"].to_numpy()
    # The best that a model can do that doesn't look: always say the most frequent digit.
    constant = np.full_like(actual, np.bincount(actual).argmax())

    metrics = {name: measure(metric, actual, predicted) for name, metric in LABEL_METRICS.items()}
    for name, metric in LABEL_METRICS.items():
        metrics[f"{name}_best_constant_classifier"] = measure(metric, actual, constant)
    counts = confusion_matrix(actual, predicted, labels=list(CLASSES))
    metrics["confusion_matrix"] = {
        str(row): {str(column): int(counts[row, column]) for column in CLASSES} for row in CLASSES
    }
    return {"multiclass_classification_metrics": metrics}


def main(digits: Path, predictions: Path, report: Path) -> None:
    metrics = evaluate(read(digits, predictions))
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(metrics, indent=2))

    quality = metrics["multiclass_classification_metrics"]
    accuracy = quality["accuracy"]["value"]
    constant = quality["accuracy_best_constant_classifier"]["value"]
    print(f"accuracy {accuracy:.4f}; a constant guess: {constant:.4f}")
    if accuracy <= constant:
        sys.exit(f"The model (accuracy {accuracy:.4f}) is no better than a constant guess ({constant:.4f})")


if __name__ == "__main__":
    main(DIGITS, PREDICTIONS, METRICS)
