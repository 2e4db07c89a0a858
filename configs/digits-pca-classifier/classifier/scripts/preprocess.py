"""See the digits through the first model: from pixels to principal components."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path, PurePath

import joblib
import pandas as pd
from sklearn.decomposition import PCA

INPUT = Path("/opt/ml/processing/input")
TRAIN = INPUT / "pca-prepare-input-train" / "train.csv"
TEST = INPUT / "pca-prepare-input-test" / "test.csv"
MODEL = INPUT / "pca-train-input-train" / "model.tar.gz"
OUTPUT = Path("/opt/ml/processing/output")  # one folder per channel of the conf


def load(model_archive: Path) -> PCA:
    with tarfile.open(model_archive) as archive:
        # Compared as paths: some tools pack the file as ./model.joblib.
        member = next(member for member in archive if PurePath(member.name) == PurePath("model.joblib"))
        return joblib.load(io.BytesIO(archive.extractfile(member).read()))


def project(digits: Path, model: PCA) -> pd.DataFrame:
    data = pd.read_csv(digits)
    components = model.transform(data.drop(columns=["sample_id", "digit"]).to_numpy(dtype=float))
    projected = pd.DataFrame(components, columns=[f"component_{i}" for i in range(components.shape[1])])
    projected.insert(0, "sample_id", data["sample_id"])
    projected["digit"] = data["digit"]
    return projected


def write(train: pd.DataFrame, test: pd.DataFrame, output: Path) -> None:
    (output / "train").mkdir(parents=True, exist_ok=True)
    (output / "test").mkdir(parents=True, exist_ok=True)
    train.to_csv(output / "train" / "train.csv", index=False)
    # Batch transform sends every line to the model: no header here. The first column is the sample's id.
    test.drop(columns="digit").to_csv(output / "test" / "features.csv", index=False, header=False)
    test[["sample_id", "digit"]].to_csv(output / "test" / "digits.csv", index=False)


def main(train: Path, test: Path, model_archive: Path, output: Path) -> None:
    model = load(model_archive)
    write(project(train, model), project(test, model), output)
    print(f"digits as {model.n_components_} components, in place of {model.n_features_in_} pixels")


if __name__ == "__main__":
    main(TRAIN, TEST, MODEL, OUTPUT)
