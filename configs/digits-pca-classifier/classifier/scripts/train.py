"""Train the classifier on the components, and pack it with the code that serves it."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import joblib
import pandas as pd
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

TRAIN = Path("/opt/ml/input/data/project-train/train.csv")  # channel `train` of the step `project`
MODEL = Path("/opt/ml/model")  # SageMaker packs this folder as model.tar.gz
SERVING_CODE = Path(__file__).with_name("inference.py")


def fit(train: Path, regularisation: float) -> SVC:
    digits = pd.read_csv(train)
    # A plain array: batch transform's rows have no column names either.
    components = digits.drop(columns=["sample_id", "digit"]).to_numpy()
    labels = digits["digit"].to_numpy()
    model = SVC(C=1 / regularisation)
    scores = cross_val_score(model, components, labels, cv=5)
    print(f"accuracy in 5-fold cross-validation: {scores.mean():.4f} (standard deviation {scores.std():.4f})")
    return model.fit(components, labels)


def save(model: SVC, folder: Path) -> None:
    # code/ is where AWS's serving images look for the functions of inference.py.
    (folder / "code").mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    shutil.copy(SERVING_CODE, folder / "code" / SERVING_CODE.name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--regularisation", type=float, required=True, help="the larger, the simpler the model")
    save(fit(TRAIN, parser.parse_args().regularisation), MODEL)
