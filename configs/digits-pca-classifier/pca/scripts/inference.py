"""Serve the projection: CSV rows of 64 pixels in, rows of components out."""

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


def predict_fn(pixels, model):
    return model.transform(pixels)


def output_fn(components, accept):
    if accept not in ("text/csv", "*/*"):
        raise ValueError(f"This model writes text/csv, not {accept}")
    lines = io.StringIO()
    np.savetxt(lines, components, delimiter=",", fmt="%.6f")
    return lines.getvalue(), "text/csv"
