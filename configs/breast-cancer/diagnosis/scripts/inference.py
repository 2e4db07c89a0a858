"""Serve the classifier: CSV rows of 30 measurements in, one probability of malignancy per row out."""

from __future__ import annotations

import io
from pathlib import Path

import joblib
import numpy as np


def model_fn(model_dir):
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body, content_type):
    if content_type.split(";")[0] != "text/csv":
        raise ValueError(f"This model reads text/csv, not {content_type}")
    text = body.decode("utf-8") if isinstance(body, (bytes, bytearray)) else body
    return np.loadtxt(io.StringIO(text), delimiter=",", ndmin=2)


def predict_fn(features, model):
    return model.predict_proba(features)[:, 1]


def output_fn(probabilities, accept):
    if accept not in ("text/csv", "*/*"):
        raise ValueError(f"This model writes text/csv, not {accept}")
    return "".join(f"{probability:.6f}\n" for probability in probabilities), "text/csv"
