"""The shipped scripts as modules, and the demo's data as files."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sagemaker_mirror.local.demo.datasets import datasets
from tests.conftest import REPOSITORY

CONFIGS = REPOSITORY / "configs"


def import_file(path: Path) -> ModuleType:
    """Import a script that belongs to no package, under a name of its own."""
    name = "_".join(("script", *path.with_suffix("").parts[-4:])).replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", autouse=True)
def no_bytecode() -> Iterator[None]:
    """A __pycache__ beside the scripts would be shipped to S3 with them."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    yield
    sys.dont_write_bytecode = before


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("datasets")

    def file(key: str) -> Path:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(datasets()[key])
        return path

    return file


def batch_transform(model: Path, features: Path, results: Path, batch: int = 64) -> None:
    """Serve ``features`` in batches of lines, without column 0, which is joined to the answer: as in the confs."""
    serving = import_file(model / "code" / "inference.py")
    loaded = serving.model_fn(str(model))
    lines = features.read_text().splitlines()
    with results.open("w") as out:
        for start in range(0, len(lines), batch):
            ids, rows = zip(*(line.split(",", 1) for line in lines[start : start + batch]), strict=True)
            answer, content_type = serving.output_fn(
                serving.predict_fn(serving.input_fn("\n".join(rows), "text/csv"), loaded), "text/csv"
            )
            assert content_type == "text/csv"
            predictions = answer.splitlines()
            out.writelines(f"{i},{prediction}\n" for i, prediction in zip(ids, predictions, strict=True))
