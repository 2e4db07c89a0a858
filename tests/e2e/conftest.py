"""A real Airflow and an embedded SageMaker, shared by all end-to-end tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sagemaker_mirror.local.demo.environment import DemoEnvironment, demo_environment
from tests.conftest import REPOSITORY
from tests.e2e.confs import BROKEN, FAILING, RETRIED, SLOW, write_conf
from tests.e2e.runs import PIPELINE, RUN_WITHIN, begin


@pytest.fixture(scope="session")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped config folders, and some that misbehave."""
    root = tmp_path_factory.mktemp("e2e") / "configs"
    shutil.copytree(REPOSITORY / "configs", root)
    for conf in (BROKEN, FAILING, RETRIED, SLOW):
        write_conf(root, conf)
    return root


@pytest.fixture(scope="session")
def environment(configs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEnvironment]:
    with demo_environment(
        configs=configs,
        dags=REPOSITORY / "dags",
        home=tmp_path_factory.mktemp("demo"),
        port=0,
        sagemaker_port=0,
        control=True,
    ) as environment:
        environment.airflow.wait_for_dags([folder.name for folder in configs.iterdir() if folder.is_dir()], 120)
        yield environment


@pytest.fixture(scope="session")
def first_run(environment: DemoEnvironment) -> str:
    """The first run of a shipped pipeline, ended."""
    run_id = begin(environment, PIPELINE)
    environment.airflow.wait_for_run(PIPELINE, run_id, RUN_WITHIN)
    return run_id
