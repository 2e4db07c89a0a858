"""Serve the classifier: CSV rows of principal components in, one digit per row out."""

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


def predict_fn(components, model):
    return model.predict(components)


def output_fn(digits, accept):
    if accept not in ("text/csv", "*/*"):
        raise ValueError(f"This model writes text/csv, not {accept}")
    return "".join(f"{digit}\n" for digit in digits), "text/csv"
