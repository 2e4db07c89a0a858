"""``sagemaker-mirror bundle mwaa``, installed as MWAA installs it, and a DAG of it run in MWAA's environment."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sagemaker_mirror import __version__
from sagemaker_mirror.cli.bundle.dependencies import MISSING
from sagemaker_mirror.local import LocalSageMaker
from tests.mwaa.conftest import HOME, Container

pytestmark = pytest.mark.skipif(
    "MWAA_ENVIRONMENT" not in os.environ, reason="needs an environment with what MWAA installs: make matrix"
)

PACKAGE = "airflow-provider-sagemaker-mirror"


@pytest.fixture(scope="session")
def installed(unpacked: Container) -> tuple[Container, set[str]]:
    """The container after its start, and what was changed in its environment by that."""
    before = unpacked.frozen()
    unpacked.install(unpacked.home / "requirements" / "requirements.txt")
    # MWAA has bash run it, and gives what it has exported to Airflow.
    script = unpacked.home / "startup" / "startup.sh"
    said = subprocess.run(
        ["bash", "-c", f". {script} && env -0"],
        env=dict(unpacked.variables),
        capture_output=True,
        text=True,
        check=True,
    )
    exported = dict(entry.split("=", 1) for entry in said.stdout.split("\0") if entry)
    return replace(unpacked, variables={**exported, **unpacked.variables}), before ^ unpacked.frozen()


def test_online_it_is_all_that_pip_would_install(unpacked: Container, bundles: dict[str, Path]) -> None:
    requirements = (bundles["online"] / "requirements.txt").read_text()
    # The tests reach no internet: the constraints come from a file, and no index is asked.
    constraints = unpacked.constraints[0]
    text = re.sub(r'--constraint "https://\S+"', f'--constraint "{constraints}"\n--no-index', requirements)
    assert text != requirements
    file = unpacked.root / "online.txt"
    file.write_text(text.replace(HOME, str(unpacked.home)))
    (would,) = re.findall(r"Would install (.+)", unpacked.install(file, "--dry-run"))
    assert {*would.replace("_", "-").split()} == {
        f"{PACKAGE}-{__version__}",
        *(each.replace("==", "-") for each in lacking(unpacked)),
    }


def lacking(container: Container) -> set[str]:
    return {*MISSING.get(container.version, ())}


def test_offline_nothing_else_is_installed_or_changed(installed: tuple[Container, set[str]]) -> None:
    container, changed = installed
    assert {line.replace("_", "-") for line in changed if not line.startswith(PACKAGE)} == lacking(container)
    assert any(line.startswith(PACKAGE) for line in changed)
    assert "No broken requirements found" in container.pip("check")


def test_a_dag_runs_to_its_end(installed: tuple[Container, set[str]], sagemaker: LocalSageMaker) -> None:
    container, _ = installed
    where = container.run("-c", "import sagemaker_mirror; print(sagemaker_mirror.__file__)", program="python")
    assert where.startswith(str(container.environment))
    container.airflow("db", "migrate")
    output = container.airflow("dags", "test", "breast-cancer")
    client = sagemaker.client("sagemaker")
    (execution,) = client.list_pipeline_executions(PipelineName="breast-cancer")["PipelineExecutionSummaries"]
    assert execution["PipelineExecutionStatus"] == "Succeeded", output
    assert re.search(r"register-\S+ +Succeeded|register +Succeeded", output), output
