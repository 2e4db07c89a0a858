"""What calls the dispatcher, against the embedded SageMaker; the asset's state store is a dictionary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from sagemaker_mirror.compat import AIRFLOW_3_3
from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.local.faults import CallFault, StepFault
from sagemaker_mirror.mirror.external import Watermark, examine
from sagemaker_mirror.triggers.external import SageMakerExternalExecutionsTrigger

pytestmark = pytest.mark.skipif(not AIRFLOW_3_3, reason="assets have no state store before")

INTERVAL = 0.05


class Store(dict[str, Any]):
    """The state store, and the dispatcher that writes it."""

    def look(self, sagemaker: Any, triggers: bool = True) -> None:
        from sagemaker_mirror.hooks.executions import list_executions

        memory = self.get("harvest")
        now = datetime.now(timezone.utc) - timedelta(seconds=1)
        mark = Watermark.from_json(memory["watermark"]) if memory else Watermark.first("harvest", now)
        rows = list_executions(sagemaker, "harvest", mark.listed_from, mark.complete_from)
        runs = {row.run("harvest"): "queued" for row in rows if row.origin is None} if triggers else {}
        found = examine(rows, mark, "harvest", runs)
        self["harvest"] = {"watermark": found.watermark.to_json(), "connection": asdict(AwsConnection())}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def events(store: Store) -> Callable[..., Any]:
    """Run a scenario with the events of a trigger, made anew from what is stored of it."""

    def run(scenario: Callable[[AsyncIterator[Any]], Any]) -> None:
        _, arguments = SageMakerExternalExecutionsTrigger(["harvest"], INTERVAL).serialize()
        trigger = SageMakerExternalExecutionsTrigger(**arguments)
        trigger.asset_state_store = store

        async def go() -> None:
            events = trigger.run()
            waiting = await asyncio.wait_for(scenario(events), 60)
            if waiting is not None:
                waiting.cancel()
                await asyncio.wait([waiting])
            await events.aclose()

        asyncio.run(go())

    return run


async def next_reasons(events: AsyncIterator[Any]) -> list[str]:
    event = await anext(events)
    return event.payload["reasons"]


async def is_quiet(events: AsyncIterator[Any], local: Any) -> asyncio.Task[Any]:
    """Wait for three looks more; nothing was to be done. Return what waits for the next event."""
    waiting = asyncio.create_task(anext(events))
    begun = len(local.calls.after(0, "ListPipelineExecutions"))
    while len(local.calls.after(0, "ListPipelineExecutions")) < begun + 3:
        await asyncio.sleep(INTERVAL)
        assert not waiting.done()
    return waiting


def test_it_calls_at_once_then_where_something_is_new_until_it_is_dealt_with(
    events, store, started, sagemaker, local
):
    async def scenario(stream):
        assert await next_reasons(stream) == ["harvest has not been looked at yet"]
        await asyncio.to_thread(started)
        await asyncio.to_thread(store.look, sagemaker)
        waiting = await is_quiet(stream, local)

        answer = await asyncio.to_thread(sagemaker.start_pipeline_execution, PipelineName="harvest")
        name = answer["PipelineExecutionArn"].rsplit("/", 1)[-1]
        assert (await waiting).payload["reasons"] == [f"harvest: {name}"]
        # The dispatcher found it, but triggered nothing.
        await asyncio.to_thread(store.look, sagemaker, False)
        assert await next_reasons(stream) == [f"harvest: {name}"]
        await asyncio.to_thread(store.look, sagemaker)
        return await is_quiet(stream, local)

    events(scenario)


def test_it_calls_where_an_execution_goes_on_after_its_end(events, store, started, sagemaker, local):
    local.faults.add(StepFault("sow", "fail", times=1))
    arn = started()
    assert local.wait(arn, 20) == "Failed"
    store.look(sagemaker)

    async def scenario(stream):
        assert await next_reasons(stream) == []
        waiting = await is_quiet(stream, local)
        local.faults.add(StepFault("sow", "hold"))
        await asyncio.to_thread(sagemaker.retry_pipeline_execution, PipelineExecutionArn=arn)
        assert (await waiting).payload["reasons"] == [f"harvest: {arn.rsplit('/', 1)[-1]}"]
        return await is_quiet(stream, local)

    events(scenario)
    local.faults.clear()


def test_it_tells_of_trouble_once_and_goes_on(events, store, started, sagemaker, local):
    started()
    store.look(sagemaker)
    fault = local.faults.add(CallFault("ListPipelineExecutions", "deny"))

    async def scenario(stream):
        (reason,) = await next_reasons(stream)
        assert "AccessDeniedException" in reason
        waiting = await is_quiet(stream, local)
        local.faults.remove(fault)
        answer = await asyncio.to_thread(sagemaker.start_pipeline_execution, PipelineName="harvest")
        assert (await waiting).payload["reasons"] == [f"harvest: {answer['PipelineExecutionArn'].rsplit('/', 1)[-1]}"]

    events(scenario)
