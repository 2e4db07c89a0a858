"""Split the measured tumours into a training set and a held-out test set."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

MEASUREMENTS = Path("/opt/ml/processing/input/measurements/measurements.csv")
OUTPUT = Path("/opt/ml/processing/output")  # one folder per channel of the conf

# From 200 test rows on, SageMaker's tools consider a metric's standard deviation to mean something.
TEST_ROWS = 200


def split(measurements: Path, output: Path) -> None:
    tumours = pd.read_csv(measurements)
    train, test = train_test_split(tumours, test_size=TEST_ROWS, stratify=tumours["diagnosis"], random_state=20)
    (output / "train").mkdir(parents=True, exist_ok=True)
    (output / "test").mkdir(parents=True, exist_ok=True)
    train.to_csv(output / "train" / "train.csv", index=False)
    # Batch transform sends every line to the model: no header here. The first column is the sample's id.
    test.drop(columns="diagnosis").to_csv(output / "test" / "features.csv", index=False, header=False)
    test[["sample_id", "diagnosis"]].to_csv(output / "test" / "diagnoses.csv", index=False)
    print(f"{len(train)} tumours to train on, {len(test)} held out")


if __name__ == "__main__":
    split(MEASUREMENTS, OUTPUT)
