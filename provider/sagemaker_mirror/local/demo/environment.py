"""Both sides on one machine: an embedded SageMaker with the data in its S3, and an Airflow that mirrors it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sagemaker_mirror.local.demo.airflow import Airflow
from sagemaker_mirror.local.demo.airflow_2 import Airflow2
from sagemaker_mirror.local.demo.datasets import upload
from sagemaker_mirror.local.demo.processes import Processes
from sagemaker_mirror.local.demo.settings import AirflowSettings
from sagemaker_mirror.local.jobs import JobRunner
from sagemaker_mirror.local.server import LocalSageMaker, MakeRunner

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
BUCKET = "sagemaker-mirror-demo"
VARIABLES = {
    "SMP_ACCOUNTID": ACCOUNT_ID,
    "SMP_REGION": REGION,
    "SMP_S3BUCKETNAME": BUCKET,
    "SMP_ROLE": f"arn:aws:iam::{ACCOUNT_ID}:role/SageMakerExecutionRole",
}
POLL_INTERVAL = 3  # seconds; jobs here take seconds, not minutes as in AWS
HEALTHY_WITHIN = 180.0  # seconds
_MARKER = ".made-by-sagemaker-mirror-demo"


@dataclass(frozen=True)
class DemoEnvironment:
    """The two sides, running.

    :param sagemaker: the embedded SageMaker.
    :param airflow: Airflow, healthy.
    """

    sagemaker: LocalSageMaker
    airflow: Airflow

    def client(self, service: str) -> Any:
        """Return a boto3 client of the embedded SageMaker.

        :param service: ``sagemaker``, ``s3``, …
        """
        return self.sagemaker.client(service, REGION)


@contextmanager
def demo_environment(
    *,
    configs: Path,
    dags: Path,
    home: Path,
    port: int,
    sagemaker_port: int,
    control: bool = False,
    make_runner: MakeRunner = JobRunner,
    options: Mapping[str, object] | None = None,
) -> Iterator[DemoEnvironment]:
    """Start both sides, and stop them with all that they started.

    :param configs: the root of the config folders.
    :param dags: the folder with the loader.
    :param home: where Airflow and the logs live; emptied first.
    :param port: where to serve the UI; another port is chosen when it is taken.
    :param sagemaker_port: the same for the embedded SageMaker.
    :param control: open the embedded SageMaker's control endpoint, which tests use.
    :param make_runner: makes what runs jobs, see :class:`~sagemaker_mirror.local.server.LocalSageMaker`.
    :param options: of Airflow's configuration, as ``SECTION__KEY``.
    :raises ProcessDied, AirflowTimeout: Airflow did not come up.
    """
    home = _empty(home.resolve())
    with LocalSageMaker(
        port=free_port(sagemaker_port), data_dir=home / "sagemaker", control=control, make_runner=make_runner
    ) as sagemaker:
        settings = AirflowSettings(
            home=home / "airflow",
            port=free_port(port),
            dags_folder=dags.resolve(),
            configs_folder=configs.resolve(),
            endpoint_url=sagemaker.endpoint_url,
            region_name=REGION,
            poll_interval=POLL_INTERVAL,
            variables=VARIABLES,
            options=options or {},
        )
        processes = Processes(home / "logs")
        airflow = _airflow(settings, processes)
        try:
            with ThreadPoolExecutor() as pool:
                data = pool.submit(upload_data, sagemaker)
                airflow.prepare()
                data.result()
            airflow.start()
            airflow.wait_until_healthy(HEALTHY_WITHIN)
            yield DemoEnvironment(sagemaker, airflow)
        finally:
            processes.stop()


def _airflow(settings: AirflowSettings, processes: Processes) -> Airflow:
    # Airflow itself is not imported here: it would make a home of its own.
    kind = Airflow2 if version("apache-airflow").startswith("2.") else Airflow
    return kind(settings, processes)


def upload_data(sagemaker: LocalSageMaker, bucket: str = BUCKET) -> None:
    """Make the bucket, and put the data in it that the shipped configs read."""
    s3 = sagemaker.client("s3", REGION)
    s3.create_bucket(Bucket=bucket)
    upload(s3, bucket)


def _empty(home: Path) -> Path:
    """Make the folder anew, but never remove one that the demo did not make."""
    marker = home / _MARKER
    if home.exists() and any(home.iterdir()) and not marker.exists():
        raise FileExistsError(f"{home} is not empty and was not made by the demo: choose another --home")
    shutil.rmtree(home, ignore_errors=True)
    (home / "logs").mkdir(parents=True)
    (home / "airflow").mkdir()
    marker.touch()
    return home


def free_port(wanted: int) -> int:
    """Return the port if it is free on 127.0.0.1, else another that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("No free port on 127.0.0.1")
