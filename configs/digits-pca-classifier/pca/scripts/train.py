"""Find the principal components of the training digits."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import joblib
import pandas as pd
from sklearn.decomposition import PCA

TRAIN = Path("/opt/ml/input/data/pca-prepare-train/train.csv")  # channel `train` of the step `pca-prepare`
MODEL = Path("/opt/ml/model")  # SageMaker packs this folder as model.tar.gz
SERVING_CODE = Path(__file__).with_name("inference.py")


def fit(train: Path, components: int) -> PCA:
    pixels = pd.read_csv(train).drop(columns=["sample_id", "digit"]).to_numpy(dtype=float)
    model = PCA(n_components=components, svd_solver="full").fit(pixels)
    print(f"{components} components explain {model.explained_variance_ratio_.sum():.1%} of the variance")
    return model


def save(model: PCA, folder: Path) -> None:
    # code/ is where AWS's serving images look for the functions of inference.py.
    (folder / "code").mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    shutil.copy(SERVING_CODE, folder / "code" / SERVING_CODE.name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--components", type=int, required=True)
    save(fit(TRAIN, parser.parse_args().components), MODEL)
