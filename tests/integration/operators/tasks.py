"""Runs operators as Airflow does, less the scheduler: execute, then trigger and resume as often as they defer."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import import_module
from typing import Any

from sagemaker_mirror.compat import AIRFLOW_3_3, STARTS_IN_TRIGGERER, TaskDeferred, TriggerEvent
from sagemaker_mirror.triggers import poller

# Where a task of a step runs. All three have to come to the same.
PLACES = [*(["triggerer"] if STARTS_IN_TRIGGERER else []), "deferred", "worker"]


@dataclass
class TaskInstance:
    """What operators ask of a task instance."""

    task_id: str
    dag_id: str = "pipeline"
    run_id: str = "manual__2026-01-02T03:04:05+00:00"
    try_number: int = 1
    max_tries: int = 5
    map_index: int = -1
    xcoms: dict[str, Any] = field(default_factory=dict)

    def xcom_pull(self, task_ids: list[str], map_indexes: int) -> list[Any]:
        return [None for _ in task_ids]

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = json.loads(json.dumps(value))


@dataclass
class DagRun:
    start_date: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    conf: dict[str, Any] = field(default_factory=dict)


def context_of(task: Any, *, run: DagRun | None = None, params: dict[str, Any] | None = None, **fields: Any) -> Any:
    """The context of one try of a task."""
    return {
        "ti": TaskInstance(task.task_id, **fields),
        "dag_run": run or DagRun(),
        "params": params or {},
        "outlet_events": defaultdict(OutletEvent),
    }


@dataclass
class OutletEvent:
    """What a task says of an event of one of its outlets."""

    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Run:
    """One try of a task, to its end."""

    result: Any
    xcoms: dict[str, Any]
    deferrals: int


def placed(task: Any, place: str) -> Any:
    """The task, to be run in one of :data:`PLACES`."""
    task.start_from_trigger = place == "triggerer"
    task.deferrable = place != "worker"
    return task


def run(task: Any, context: Any) -> Run:
    """Run a try of a task: in the triggerer, where it starts there; else execute it, and while it defers, run its
    trigger, made anew from what is stored of it, and resume.
    """
    method, kwargs, deferrals = task.execute, {}, 0
    if task.start_from_trigger:
        from .triggerer import ends_task, run_in_triggerer

        event = run_in_triggerer(task, context)
        if ends_task(event):
            return Run(context["ti"].xcoms["return_value"], context["ti"].xcoms, 0)
        method, kwargs = task.resume, {"event": json.loads(json.dumps(event.payload))}
    while True:
        try:
            result = method(context, **kwargs)
        except TaskDeferred as deferred:
            deferrals += 1
            event = asyncio.run(first_event(stored(deferred.trigger)))
            stored_kwargs = json.loads(json.dumps(deferred.kwargs or {}))
            method, kwargs = getattr(task, deferred.method_name), {"event": event.payload, **stored_kwargs}
        else:
            return Run(result, context["ti"].xcoms, deferrals)


def stored(trigger: Any) -> Any:
    """The trigger as a triggerer gets it: class path and JSON."""
    path, kwargs = trigger.serialize()
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)(**json.loads(json.dumps(kwargs)))


async def first_event(trigger: Any) -> TriggerEvent:
    async for event in trigger.run():
        return event
    raise AssertionError("the trigger ended without an event")


def kill(trigger: Any) -> None:
    """Cancel a running trigger as a triggerer does when its task's state was changed."""

    async def scenario() -> None:
        running = asyncio.create_task(anext(aiter(trigger.run())))
        while not any(poll.latest.number for poll in poller._polls().values()):
            await asyncio.sleep(0.005)
        running.cancel("user-action")
        with suppress(asyncio.CancelledError):
            await running
            raise AssertionError("the trigger fired before it was killed")
        if AIRFLOW_3_3:
            await trigger.on_kill()

    asyncio.run(scenario())


@contextmanager
def after_looks(local: Any, count: int, act: Callable[[], object]) -> Iterator[None]:
    """Act beside the block, once SageMaker was asked for an execution that often."""
    begun = local.calls.after(0)[-1].number
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            if local.calls.counts(begun).get("DescribePipelineExecution", 0) >= count:
                act()
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
