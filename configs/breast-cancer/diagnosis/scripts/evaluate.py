"""Compare the predictions with the diagnoses, and write the metrics that Model Registry shows.

The JSON is SageMaker's format for model quality, the `*_best_constant_classifier` entries included:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

DIAGNOSES = Path("/opt/ml/processing/input/prepare-test/diagnoses.csv")  # channel `test` of the step `prepare`
PREDICTIONS = Path("/opt/ml/processing/input/score-test/features.csv.out")  # what the step `score` wrote
METRICS = Path("/opt/ml/processing/output/model_evaluation_metrics.json")

THRESHOLD = 0.5


def precision(actual, predicted):
    return precision_score(actual, predicted, zero_division=0)  # a constant `benign` predicts no positive


LABEL_METRICS = {"accuracy": accuracy_score, "recall": recall_score, "precision": precision, "f1": f1_score}


def read(diagnoses: Path, predictions: Path) -> pd.DataFrame:
    actual = pd.read_csv(diagnoses)
    predicted = pd.read_csv(predictions, header=None, names=["sample_id", "probability"])
    rows = actual.merge(predicted, on="sample_id", validate="one_to_one")
    if not len(rows) == len(actual) == len(predicted):
        raise ValueError(f"{len(actual)} diagnoses, {len(predicted)} predictions, {len(rows)} in common")
    return rows


def measure(metric, actual, predicted) -> dict:
    """One entry of the report. The deviation is over five random samples of 80 %, as SageMaker takes it."""
    random = np.random.RandomState(0)
    samples = [random.choice(len(actual), size=len(actual) * 4 // 5, replace=False) for _ in range(5)]
    values = [metric(actual[sample], predicted[sample]) for sample in samples]
    return {"value": float(metric(actual, predicted)), "standard_deviation": float(np.std(values))}


def evaluate(rows: pd.DataFrame) -> dict:
    actual = (rows["diagnosis"] == "malignant").to_numpy().astype(int)
    probability = rows["probability"].to_numpy()
    predicted = (probability >= THRESHOLD).astype(int)
    # The best that a model can do that doesn't look: always say what most of the tumours are.
    constant = np.full_like(actual, np.bincount(actual).argmax())

    metrics = {name: measure(metric, actual, predicted) for name, metric in LABEL_METRICS.items()}
    metrics["auc"] = measure(roc_auc_score, actual, probability)
    for name, metric in LABEL_METRICS.items():
        metrics[f"{name}_best_constant_classifier"] = measure(metric, actual, constant)
    counts = confusion_matrix(actual, predicted, labels=[0, 1])
    metrics["confusion_matrix"] = {
        str(row): {str(column): int(counts[row, column]) for column in (0, 1)} for row in (0, 1)
    }
    false_positive_rates, true_positive_rates, _ = roc_curve(actual, probability)
    metrics["receiver_operating_characteristic_curve"] = {
        "false_positive_rates": false_positive_rates.tolist(),
        "true_positive_rates": true_positive_rates.tolist(),
    }
    return {"binary_classification_metrics": metrics}


def main(diagnoses: Path, predictions: Path, report: Path) -> None:
    metrics = evaluate(read(diagnoses, predictions))
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(metrics, indent=2))

    quality = metrics["binary_classification_metrics"]
    accuracy = quality["accuracy"]["value"]
    constant = quality["accuracy_best_constant_classifier"]["value"]
    print(f"accuracy {accuracy:.4f}, AUC {quality['auc']['value']:.4f}; a constant guess: {constant:.4f}")
    if accuracy <= constant:
        sys.exit(f"The model (accuracy {accuracy:.4f}) is no better than a constant guess ({constant:.4f})")


if __name__ == "__main__":
    main(DIAGNOSES, PREDICTIONS, METRICS)
