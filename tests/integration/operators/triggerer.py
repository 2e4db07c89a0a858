"""Runs a step's task as a triggerer does: Airflow's own code stores the task, and makes the trigger of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from sagemaker_mirror.compat import DAG, AirflowException, AirflowSkipException, TriggerEvent
from sagemaker_mirror.mirror.states import Verdict
from sagemaker_mirror.triggers.step import SageMakerPipelineStepTrigger

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


class Supervisor:
    """Answers what triggers ask Airflow for; nothing but XComs."""

    def __init__(self, xcoms: dict[str, Any], broken: frozenset[str] = frozenset()) -> None:
        self.xcoms = xcoms
        self.broken = broken

    def send(self, message: Any) -> Any:
        from airflow.sdk.execution_time.comms import GetXCom, SetXCom, XComResult

        if message.key in self.broken:
            raise RuntimeError("Airflow's API does not answer")
        if isinstance(message, SetXCom):
            self.xcoms[message.key] = json.loads(json.dumps(message.value))
            return None
        if isinstance(message, GetXCom):
            return XComResult(key=message.key, value=self.xcoms.get(message.key))
        raise AssertionError(f"a triggerer has no answer to {message}")


@contextmanager
def supervised(xcoms: dict[str, Any], broken: frozenset[str] = frozenset()) -> Iterator[None]:
    """Let triggers in the block push and pull XComs."""
    with patch("airflow.sdk.execution_time.task_runner.SUPERVISOR_COMMS", Supervisor(xcoms, broken), create=True):
        yield


class RecordedTrigger(SageMakerPipelineStepTrigger):
    """Keeps what its event does not tell."""

    outcome: Any = None
    snapshot: Any = None

    async def _event(self, wait: Any, outcome: Any, snapshot: Any) -> TriggerEvent:
        self.outcome, self.snapshot = outcome, snapshot
        return await super()._event(wait, outcome, snapshot)


def trigger_of(task: Any, task_instance: Any) -> RecordedTrigger:
    """The trigger of a task that starts in the triggerer, with its templates rendered.

    :param task: the operator; it gets a DAG where it has none
    :param task_instance: its ids and try number
    """
    from airflow.api_fastapi.execution_api.datamodels.taskinstance import TaskInstance
    from airflow.jobs.triggerer_job_runner import TriggerRunner
    from airflow.models.trigger import Trigger
    from airflow.serialization.decoders import smart_decode_trigger_kwargs
    from airflow.serialization.serialized_objects import DagSerialization

    if not task.has_dag():
        DAG(task_instance.dag_id, schedule=None).add_task(task)
    data = json.loads(json.dumps(DagSerialization.to_dict(task.dag)))
    stored = DagSerialization.from_dict(data).get_task(task.task_id)
    arguments = stored.start_trigger_args
    assert stored.start_from_trigger
    assert arguments.trigger_cls == f"{RecordedTrigger.__base__.__module__}.{RecordedTrigger.__base__.__qualname__}"
    assert arguments.next_method == "resume"
    row = Trigger(classpath=arguments.trigger_cls, kwargs=arguments.trigger_kwargs)
    kwargs = Trigger._decrypt_kwargs(row.encrypted_kwargs)
    trigger = RecordedTrigger(**{name: smart_decode_trigger_kwargs(value) for name, value in kwargs.items()})
    ids = {name: getattr(task_instance, name) for name in ("dag_id", "run_id", "task_id", "try_number", "map_index")}
    ti = TriggerRunner.create_runtime_ti(
        TaskInstance(id=uuid4(), dag_version_id=uuid4(), **ids), data, _run_data(task_instance)
    )
    trigger.task_instance = ti
    trigger.trigger_id = 1
    if task.execution_timeout is not None:
        trigger.timeout_after = datetime.now(timezone.utc) + task.execution_timeout
    trigger.render_template_fields(ti.get_template_context())
    return trigger


async def event_of(trigger: Any) -> TriggerEvent:
    """The one event of a trigger."""
    (event,) = [event async for event in trigger.run()]
    return event


def run_in_triggerer(task: Any, context: Any) -> TriggerEvent:
    """Run a try of a step's task in the triggerer, and return its event; raise what a worker would where it fails.

    :param task: the operator
    :param context: the task's context on a worker: its task instance counts
    """
    task_instance = context["ti"]
    with supervised(task_instance.xcoms):
        trigger = trigger_of(task, task_instance)
        event = asyncio.run(event_of(trigger))
    if not ends_task(event):
        return event
    assert event.task_instance_state.value == trigger.outcome.verdict.value
    if trigger.outcome.verdict is Verdict.SKIPPED:
        raise AirflowSkipException(trigger.outcome.reason)
    if trigger.outcome.verdict is Verdict.FAILED:
        raise AirflowException(trigger.outcome.reason)
    return event


def ends_task(event: TriggerEvent) -> bool:
    """Whether an event ends its task in the triggerer."""
    return hasattr(event, "task_instance_state")


def _run_data(task_instance: Any) -> dict[str, Any]:
    return {
        "dag_id": task_instance.dag_id,
        "run_id": task_instance.run_id,
        "logical_date": NOW,
        "data_interval_start": NOW,
        "data_interval_end": NOW + timedelta(days=1),
        "run_after": NOW,
        "start_date": NOW,
        "end_date": None,
        "run_type": "manual",
        "state": "running",
        "consumed_asset_events": [],
        "partition_key": None,
    }
