from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

from sagemaker_mirror.mirror.retry import Attempt
from sagemaker_mirror.mirror.stop import StopScope, stop_is_confirmed
from sagemaker_mirror.mirror.watch import Watch
from sagemaker_mirror.triggers.sagemaker_pipeline import SageMakerPipelineTrigger

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest/execution/abcdefghijkl"


def test_a_trigger_can_be_stored_and_made_anew():
    attempt = Attempt("Failed", "2026-06-01T12:00:00+00:00", None, 1)
    trigger = SageMakerPipelineTrigger(
        ARN,
        step_name="sow",
        poll_interval=7,
        retried_attempt=attempt.to_json(),
        retried_at=1.5,
        not_before=2.5,
        deadline=3.5,
        stop_scope=StopScope.RUN.value,
        task=["d", "r", "t", -1],
        aws_conn_id="c",
        region_name="eu-central-1",
        verify=False,
        botocore_config={"retries": {"mode": "standard"}},
    )
    path, kwargs = trigger.serialize()
    module, _, name = path.rpartition(".")
    again = getattr(import_module(module), name)(**json.loads(json.dumps(kwargs)))

    assert again.serialize() == (path, kwargs)
    assert again.watch == trigger.watch == Watch("sow", attempt, 1.5)
    assert again.connection == trigger.connection


def test_the_owner_stops_when_it_or_its_run_was_marked_failed():
    def confirmed(task, run):
        return stop_is_confirmed(StopScope.TASK_OR_RUN, task, run)

    assert confirmed("failed", "running")
    assert confirmed("skipped", "failed")
    for state in ("success", "running", "deferred", "up_for_retry", "removed", None):
        assert not confirmed(state, "running")


def test_a_step_stops_with_its_run_alone():
    assert stop_is_confirmed(StopScope.RUN, "failed", "failed")
    assert not stop_is_confirmed(StopScope.RUN, "failed", "running")


def test_who_only_watches_stops_nothing():
    assert not stop_is_confirmed(StopScope.NEVER, "failed", "failed")


def test_importing_triggers_loads_nothing_that_would_block_an_event_loop():
    """A triggerer imports them in its event loop; boto3 and the models of confs take a good part of a second."""
    code = "import sagemaker_mirror.triggers.step, sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()

    assert "sagemaker_mirror.triggers.poller" in loaded
    assert not {"boto3", "botocore", "sagemaker_mirror.config"} & set(loaded)
