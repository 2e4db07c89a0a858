"""The embedded SageMaker over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sagemaker_mirror.local import LocalSageMaker

from .scripted_runner import ScriptedRunner


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def local(runner: ScriptedRunner) -> Iterator[LocalSageMaker]:
    with LocalSageMaker(control=True, make_runner=lambda clients, work_dir: runner) as server:
        yield server


@pytest.fixture
def sagemaker(local: LocalSageMaker) -> Any:
    return local.client("sagemaker")
