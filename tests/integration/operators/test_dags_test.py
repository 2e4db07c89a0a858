"""``airflow dags test``: the whole pipeline, without scheduler and triggerer."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sagemaker_mirror.local.faults import StepFault

from .conftest import VALUES


@pytest.fixture
def dags_test(configs, local, tmp_path):
    """Run it, and return its output."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "pipelines.py").write_text(
        "from sagemaker_mirror.factory import build_dags  # Airflow's DAGs\n\nglobals().update(build_dags())\n"
    )

    def run():
        environment = {
            **os.environ,
            **VALUES,
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__SAGEMAKER_MIRROR__CONFIGS_FOLDER": str(configs),
            "AIRFLOW__SAGEMAKER_MIRROR__POLL_INTERVAL": "1",
        }
        command = [sys.executable, "-m", "airflow", "dags", "test", "harvest"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
        return done.stdout + done.stderr

    return run


def test_a_pipeline_runs_to_its_end(dags_test, local, sagemaker):
    # Long enough that the owner, which runs beside the first step, is deferred.
    local.faults.add(StepFault("sow", "slow", seconds=12))
    output = dags_test()

    (execution,) = sagemaker.list_pipeline_executions(PipelineName="harvest")["PipelineExecutionSummaries"]
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert "The trigger says: Succeeded" in output
    assert "grow  Succeeded" in output
    assert "state=success" in output or "successful" in output
