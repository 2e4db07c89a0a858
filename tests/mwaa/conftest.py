"""What ``make matrix`` hands over: an environment with what Amazon MWAA installs, and nothing of ours in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.demo.environment import REGION, VARIABLES, upload_data
from tests.conftest import REPOSITORY

HOME = "/usr/local/airflow"  # of Airflow, in MWAA's containers
MINUTES = 10 * 60  # seconds; MWAA itself gives an installation nine minutes


@dataclass(frozen=True)
class Container:
    """One of MWAA's containers, with its folders below another one than ``/``.

    https://github.com/aws/amazon-mwaa-docker-images says what is where, and what is done in which order.

    :param root: the folder that stands for ``/``.
    :param environment: Python and all that MWAA installs.
    :param version: Airflow's.
    :param constraints: the files that MWAA has pip keep to.
    :param variables: the environment variables of the container.
    """

    root: Path
    environment: Path
    version: str
    constraints: tuple[Path, ...]
    variables: Mapping[str, str]

    @property
    def home(self) -> Path:
        return self.root / HOME.lstrip("/")

    def unpack(self, bundle: Path) -> None:
        """Put a bundle's files where MWAA puts those of the bucket."""
        (bundle / "dags").rename(self.home / "dags")
        with zipfile.ZipFile(bundle / "plugins.zip") as archive:
            archive.extractall(self.home / "plugins")
        for name, folder in (("requirements.txt", "requirements"), ("startup.sh", "startup")):
            (self.home / folder).mkdir()
            text = (bundle / name).read_text().replace(HOME, str(self.home))
            (self.home / folder / name).write_text(text)

    def pip(self, *arguments: str) -> str:
        return self.run("-m", "pip", *arguments, program="python")

    def airflow(self, *arguments: str) -> str:
        return self.run("-m", "airflow", *arguments, program="python")

    def install(self, requirements: Path, *options: str) -> str:
        bound = [option for file in self.constraints for option in ("--constraint", str(file))]
        return self.pip("install", "--disable-pip-version-check", *options, "-r", str(requirements), *bound)

    def frozen(self) -> set[str]:
        return set(self.pip("freeze", "--disable-pip-version-check").splitlines())

    def run(self, *arguments: str, program: str) -> str:
        """Run a program of the environment, and fail with what it said where it does."""
        command = [str(self.environment / "bin" / program), *arguments]
        done = subprocess.run(
            command, env=dict(self.variables), cwd=self.home, capture_output=True, text=True, timeout=MINUTES
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def sagemaker() -> Iterator[LocalSageMaker]:
    with LocalSageMaker() as server:
        upload_data(server)
        yield server


@pytest.fixture(scope="session")
def container(sagemaker: LocalSageMaker, tmp_path_factory: pytest.TempPathFactory) -> Container:
    environment = os.environ["MWAA_ENVIRONMENT"]
    root = tmp_path_factory.mktemp("container")
    (root / HOME.lstrip("/")).mkdir(parents=True)
    (root / "python").mkdir()  # where the images have modules of their own
    variables = {
        "AIRFLOW_HOME": str(root / HOME.lstrip("/")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": sagemaker.endpoint_url,
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "PATH": f"{environment}/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(root / "python"),
    }
    constraints = tuple(Path(path) for path in os.environ["MWAA_CONSTRAINTS"].split(os.pathsep))
    return Container(root, Path(environment), os.environ["MWAA_VERSION"], constraints, variables)


@pytest.fixture(scope="session")
def bundles(container: Container, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two bundles of the shipped configs: for an environment with internet, and for one without."""
    made = {}
    for name, options in {"online": (), "offline": ("--offline",)}.items():
        made[name] = tmp_path_factory.mktemp("bundles") / name
        values = [f"--value={key}={value}" for key, value in VARIABLES.items()]
        command = [sys.executable, "-m", "sagemaker_mirror.cli", "bundle", "mwaa", f"--version={container.version}"]
        output = f"--output={made[name]}"
        subprocess.run([*command, output, *options, *values], cwd=REPOSITORY, check=True)
    return made


@pytest.fixture(scope="session")
def unpacked(container: Container, bundles: dict[str, Path]) -> Container:
    container.unpack(bundles["offline"])
    return container
