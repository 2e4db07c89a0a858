from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sagemaker_mirror.cli import main
from tests.conftest import REPOSITORY

VALUES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "us-east-1",
    "SMP_S3BUCKETNAME": "cellar",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/Vintner",
}


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with copies of the shipped configs, and values in the environment."""
    shutil.copytree(REPOSITORY / "configs", tmp_path / "configs", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def call(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a command."""

    def run(*arguments: str) -> Result:
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        return Result(code, *capsys.readouterr())

    return run
