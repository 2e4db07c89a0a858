"""The pins that the matrix holds our wheel to are those of Amazon MWAA."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sagemaker_mirror.cli.parser import MWAA_VERSIONS
from tests.conftest import REPOSITORY

LOCKS = REPOSITORY / ".ci/locks"
MWAA = REPOSITORY.parent / "shared/mwaa"  # the constraints of each version, as its image has them
# What only we develop with; .ci/lock lets it go its own way.
OURS = re.compile("moto|pytest|pytest-mock|mypy|ruff|uv|pre-commit|boto3-stubs|mypy-boto3-.*|sagemaker")


def pins(file: Path) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\n]+)", file.read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_each_version_of_mwaa_has_its_pins() -> None:
    assert {file.stem.removeprefix("mwaa-") for file in LOCKS.glob("mwaa-*.txt")} == {*MWAA_VERSIONS}


@pytest.mark.parametrize("version", MWAA_VERSIONS)
def test_a_lock_says_what_mwaa_says(version: str) -> None:
    constraints = MWAA / version / "constraints.txt"
    if not constraints.exists():
        pytest.skip("the constraints of MWAA are no part of the repository")
    lock, theirs = pins(LOCKS / f"mwaa-{version}.txt"), pins(constraints)
    assert lock["apache-airflow"] == version
    shared = {name for name in lock.keys() & theirs.keys() if not OURS.fullmatch(name)}
    assert len(shared) > 100
    assert {name: lock[name] for name in shared} == {name: theirs[name] for name in shared}
