"""Tells the dispatcher when there is something to do (Airflow 3.3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import sync_to_async

from sagemaker_mirror.compat import BaseEventTrigger, TriggerEvent
from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.mirror.external import ListedExecution, Watermark

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

# What no look can tell (the conf says other folders, a Variable names another pipeline) is seen after this time.
_AT_LEAST_EVERY = 3600.0


class SageMakerExternalExecutionsTrigger(BaseEventTrigger):
    """Look for executions that were begun outside Airflow; each event is a reason for the dispatcher to run.

    It only calls: the dispatcher looks for itself, and only it moves the watermark, in the state store of the asset
    that this trigger watches. So events may coalesce, come twice, or be lost while the dispatcher is paused: as long
    as there is something to do, the trigger calls again after each interval.

    It calls when it begins, too, since it cannot know what it missed.

    :param folders: the DAGs of the folders that mirror such executions
    :param interval: seconds between two looks
    """

    def __init__(self, folders: Sequence[str], interval: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.folders = list(folders)
        self.interval = interval
        self._clients: dict[str, SageMakerClient] = {}
        self._ended: dict[str, frozenset[str]] = {}
        self._troubled: set[str] = set()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and arguments."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"folders": self.folders, "interval": self.interval}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, and yield an event wherever there is something to do."""
        called = None
        while True:
            reasons = [reason for folder in self.folders if (reason := await self._reason(folder))]
            if reasons or called is None or time.monotonic() - called >= _AT_LEAST_EVERY:
                called = time.monotonic()
                yield TriggerEvent({"reasons": reasons})  # type: ignore[no-untyped-call]
            await asyncio.sleep(self.interval)

    async def _reason(self, folder: str) -> str | None:
        """Say why the dispatcher should look at a folder's pipeline; None: there is no reason."""
        try:
            memory = await sync_to_async(self._recall)(folder)
            if memory is None:
                return f"{folder} has not been looked at yet"
            mark = Watermark.from_json(memory["watermark"])
            rows = await self._list(folder, memory["connection"], mark)
        except Exception as error:
            # The client may have been built with credentials that are no longer good.
            self._clients.pop(folder, None)
            if folder in self._troubled:
                return None
            # Once: the dispatcher will fail with it, where somebody sees it.
            self._troubled.add(folder)
            self.log.warning("The executions of %s cannot be listed: %s", folder, error)
            return f"the executions of {folder} cannot be listed: {error}"
        self._troubled.discard(folder)
        had_ended = self._ended.get(folder, frozenset())
        self._ended[folder] = frozenset(row.id for row in rows if not row.under_way)
        # An execution that goes on after its end was retried. Whether its run had ended, the dispatcher finds out.
        found = [row.id for row in rows if mark.takes(row) or (row.under_way and row.id in had_ended)]
        return f"{folder}: {', '.join(sorted(found))}" if found else None

    def _recall(self, folder: str) -> Mapping[str, Any] | None:
        store = self.asset_state_store
        if store is None:
            raise RuntimeError("this trigger watches no asset")
        return cast("Mapping[str, Any] | None", store.get(folder))

    async def _list(self, folder: str, connection: Mapping[str, Any], mark: Watermark) -> list[ListedExecution]:
        if folder not in self._clients:
            self._clients[folder] = await sync_to_async(_client)(AwsConnection(**connection))
        return await asyncio.to_thread(_list, self._clients[folder], mark)


def _client(connection: AwsConnection) -> SageMakerClient:
    return connection.hook().client


def _list(client: SageMakerClient, mark: Watermark) -> list[ListedExecution]:
    from sagemaker_mirror.hooks.executions import list_executions

    return list_executions(client, mark.pipeline, mark.listed_from, mark.complete_from)
