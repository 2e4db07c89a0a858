"""An Airflow with few folders, so that its pages are clear: what is shipped, the forecast, and a broken one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sagemaker_mirror.local.demo.environment import DemoEnvironment, demo_environment
from tests.conftest import REPOSITORY
from tests.e2e.browser.confs import FORECAST
from tests.e2e.confs import BROKEN, write_conf
from tests.e2e.postgres import airflow_database

PARSED_WITHIN = 120.0  # seconds


@contextmanager
def browser_environment(folder: Path) -> Iterator[DemoEnvironment]:
    """Run Airflow, on PostgreSQL, and the embedded SageMaker.

    :param folder: where they keep what they write.
    """
    configs = folder / "configs"
    shutil.copytree(REPOSITORY / "configs", configs)
    for conf in (BROKEN, FORECAST):
        write_conf(configs, conf)
    with (
        airflow_database(folder) as database,
        demo_environment(
            configs=configs,
            dags=REPOSITORY / "dags",
            home=folder / "demo",
            port=0,
            sagemaker_port=0,
            options={"DATABASE__SQL_ALCHEMY_CONN": database},
        ) as environment,
    ):
        environment.airflow.wait_for_dags([item.name for item in configs.iterdir() if item.is_dir()], PARSED_WITHIN)
        yield environment
