"""The SDK's side as a process, in the environment that has the SDK."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = REPOSITORY / ".venv-sdk" / "bin" / "python"
#: A port that nothing listens on: what doesn't go to the local AWS goes nowhere.
NOWHERE = "http://127.0.0.1:9"


def installed() -> bool:
    """Whether ``make conformance`` has set up the SDK's environment."""
    return PYTHON.is_file()


def environment(endpoint_url: str, home: Path) -> dict[str, str]:
    """The environment variables of the SDK's process.

    :param endpoint_url: the local AWS.
    :param home: an empty folder, since the SDK reads configuration at home.
    """
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1",
        # Neither the machine's nor the user's own defaults for the SDK.
        "XDG_CONFIG_DIRS": str(home),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }


def build(descriptions: Sequence[Mapping[str, Any]], endpoint_url: str, home: Path) -> list[dict[str, Any]]:
    """Build pipelines with the SDK.

    :param descriptions: what :func:`tests.conformance.description.describe` gives.
    :param endpoint_url: the local AWS.
    :param home: an empty folder.
    :return: their definitions.
    :raises AssertionError: the SDK refuses one; with what it says.
    """
    definitions = _run("tests.conformance.sdk", json.dumps(descriptions), endpoint_url, home)
    assert isinstance(definitions, list)
    return definitions


def build_everything(endpoint_url: str, home: Path) -> dict[str, Any]:
    """Build the pipeline that has steps of many types.

    :param endpoint_url: the local AWS.
    :param home: an empty folder.
    :return: its definition.
    :raises AssertionError: the SDK refuses it; with what it says.
    """
    definition = _run("tests.conformance.sdk.everything", "", endpoint_url, home)
    assert isinstance(definition, dict)
    return definition


def _run(module: str, given: str, endpoint_url: str, home: Path) -> Any:
    done = subprocess.run(
        [str(PYTHON), "-m", module],
        cwd=REPOSITORY,
        env=environment(endpoint_url, home),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    # The SDK has the last traceback printed on stdout.
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)
