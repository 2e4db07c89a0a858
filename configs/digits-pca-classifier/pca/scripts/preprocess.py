"""Split the digits into a training set and a held-out test set."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

DIGITS = Path("/opt/ml/processing/input/digits/digits.csv")
OUTPUT = Path("/opt/ml/processing/output")  # one folder per channel of the conf


def split(digits: Path, output: Path) -> None:
    data = pd.read_csv(digits)
    train, test = train_test_split(data, test_size=0.25, stratify=data["digit"], random_state=20)
    for channel, rows in {"train": train, "test": test}.items():
        (output / channel).mkdir(parents=True, exist_ok=True)
        rows.to_csv(output / channel / f"{channel}.csv", index=False)
    print(f"{len(train)} digits to train on, {len(test)} held out")


if __name__ == "__main__":
    split(DIGITS, OUTPUT)
