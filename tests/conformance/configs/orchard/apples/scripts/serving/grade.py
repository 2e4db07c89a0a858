from __future__ import annotations


def model_fn(folder: str) -> str:
    return folder
