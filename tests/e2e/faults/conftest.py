"""An Airflow on PostgreSQL and an embedded SageMaker, for all that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sagemaker_mirror.local.demo.environment import DemoEnvironment, demo_environment
from tests.conftest import REPOSITORY
from tests.e2e.confs import write_conf
from tests.e2e.faults.confs import FAULTS
from tests.e2e.faults.jobs import IdleJobRunner
from tests.e2e.postgres import airflow_database


@pytest.fixture(scope="package")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEnvironment]:
    configs = tmp_path_factory.mktemp("faults") / "configs"
    for conf in FAULTS:
        write_conf(configs, conf)
    with (
        airflow_database(tmp_path_factory.mktemp("postgres")) as database,
        demo_environment(
            configs=configs,
            dags=REPOSITORY / "dags",
            home=tmp_path_factory.mktemp("demo"),
            port=0,
            sagemaker_port=0,
            make_runner=IdleJobRunner,
            options={"DATABASE__SQL_ALCHEMY_CONN": database},
        ) as environment,
    ):
        environment.airflow.wait_for_dags([conf.name for conf in FAULTS], 120)
        yield environment
