"""What this package depends on and an MWAA environment has not: wheels that go into a bundle for offline use."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from sagemaker_mirror.cli.errors import CommandError

PYTHON = "3.12"  # of every MWAA environment with an Airflow that we support
# MWAA's containers: https://github.com/aws/amazon-mwaa-docker-images builds them on Amazon Linux 2023.
_PLATFORM = "manylinux2014_x86_64"
# By the environment's Airflow, in the versions of its constraints. `make matrix` finds out what is missing.
MISSING = {
    "2.11.2": ("annotated-types==0.7.0", "pydantic==2.12.5", "pydantic-core==2.41.5", "typing-inspection==0.4.2"),
}


def missing_wheels(airflow: str) -> dict[str, bytes]:
    """Download the wheels that an environment without internet lacks; most lack none.

    :param airflow: the environment's version of Airflow.
    :return: the wheels by the names of their files.
    :raises CommandError: pip can't get them.
    """
    wanted = MISSING.get(airflow)
    if wanted is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        target = ["--only-binary=:all:", "--python-version", PYTHON, "--platform", _PLATFORM, "--dest", folder]
        done = subprocess.run([*command, *target, *wanted], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise CommandError(f"pip can't download what MWAA {airflow} lacks ({', '.join(wanted)}):\n{done.stderr}")
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
