"""What the demo's Airflow is made of."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class AirflowSettings:
    """What the demo's Airflow is made of.

    :param home: its ``AIRFLOW_HOME``, made by the demo.
    :param port: where the UI and the API listen, on 127.0.0.1.
    :param dags_folder: the folder with the loader.
    :param configs_folder: the root of the config folders.
    :param endpoint_url: the embedded SageMaker.
    :param region_name: the region that it plays.
    :param poll_interval: seconds between two looks at an execution.
    :param variables: ``SMP_*`` names and their values, as a start-up script would set them in MWAA.
    :param options: of Airflow's configuration, as ``SECTION__KEY``.
    """

    home: Path
    port: int
    dags_folder: Path
    configs_folder: Path
    endpoint_url: str
    region_name: str
    poll_interval: int
    variables: Mapping[str, str]
    options: Mapping[str, object] = field(default_factory=dict)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    @property
    def url(self) -> str:
        """Return the address of the UI."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """Return the file of the metadata database."""
        return self.home / "airflow.db"

    def environment(self, options: Mapping[str, object]) -> dict[str, str]:
        """Return the environment of every Airflow process: ours, less what leads to a real AWS account.

        :param options: of Airflow's configuration, as ``SECTION__KEY``, beside those that all versions share.
        """
        connection = {
            "conn_type": "aws",
            "login": "local",
            "password": "local",
            "extra": {"region_name": self.region_name, "endpoint_url": self.endpoint_url},
        }
        shared: dict[str, object] = {
            "CORE__DAGS_FOLDER": self.dags_folder,
            "CORE__LOAD_EXAMPLES": False,
            "CORE__FERNET_KEY": "",
            # A task that resumes seconds after its deferral is safe only while the scheduler has few slots to
            # check and workers report often (apache/airflow #72716).
            "CORE__PARALLELISM": 4,
            "WORKERS__MIN_HEARTBEAT_INTERVAL": 1,
            "API__ENABLE_XCOM_DESERIALIZE_SUPPORT": True,
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.database}",
            "SAGEMAKER_MIRROR__CONFIGS_FOLDER": self.configs_folder,
            "SAGEMAKER_MIRROR__POLL_INTERVAL": self.poll_interval,
            "USAGE_DATA_COLLECTION__ENABLED": False,
        }
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "AWS_", "SMP_"))}
        # Each task starts a Python: byte code that is written once pays for itself within the first run.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env |= {f"AIRFLOW__{name}": str(value) for name, value in {**shared, **options, **self.options}.items()}
        env |= {"AIRFLOW_HOME": str(self.home), "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection)}
        env |= {
            "AWS_DEFAULT_REGION": self.region_name,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
        }
        return env | dict(self.variables)
