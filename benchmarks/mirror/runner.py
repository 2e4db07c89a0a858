"""Airflow's own trigger runner, whose supervisor is played: it hands out triggers, and takes their events."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from airflow.jobs.triggerer_job_runner import TriggerRunner, messages
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import GetXCom, XComResult

_AT_ONCE = 50  # what a triggerer takes from the database in one go
_LAG_EVERY = 0.02  # seconds


class Supervisor:
    """Answers what triggers ask Airflow for, through the event loop as the real one does.

    :param xcom: the value of an XCom that a trigger asks for
    """

    def __init__(self, xcom: Callable[[GetXCom], Any]) -> None:
        self._xcom = xcom
        self._loop = asyncio.get_running_loop()
        # The runner ends when this one does.
        self._reader_task = asyncio.create_task(asyncio.Event().wait())
        self.pushed = 0

    async def asend(self, message: Any) -> Any:
        """Answer, in the event loop."""
        await asyncio.sleep(0)
        if isinstance(message, GetXCom):
            return XComResult(key=message.key, value=self._xcom(message))
        json.dumps(message.model_dump(mode="json"))  # what the socket would take
        self.pushed += 1
        return None

    def send(self, message: Any) -> Any:
        """Answer, in a thread; templates are rendered in the event loop, where nothing may wait."""
        if asyncio._get_running_loop() is self._loop:
            return XComResult(key=message.key, value=self._xcom(message))
        return asyncio.run_coroutine_threadsafe(self.asend(message), self._loop).result()


class MeasuredRunner(TriggerRunner):
    """Runs triggers until each has fired.

    :param workloads: the triggers
    :param xcom: see :class:`Supervisor`
    """

    def __init__(self, workloads: Iterable[Any], xcom: Callable[[GetXCom], Any]) -> None:
        super().__init__()
        self._waiting = deque(workloads)
        self._expected = len(self._waiting)
        self._xcom = xcom
        self.begun: dict[int, float] = {}
        self.fired: dict[int, tuple[float, str]] = {}
        self.lags: list[float] = []
        self.failed: list[Any] = []

    async def init_comms(self) -> None:
        """Play the supervisor, and measure the event loop's lag from now on."""
        self.comms_decoder = task_runner.SUPERVISOR_COMMS = Supervisor(self._xcom)
        self._lag = asyncio.create_task(self._measure_lag())

    async def asend(self, msg: Any) -> Any:
        """Take events, and hand out triggers, as many as a triggerer takes at once."""
        now = time.time()
        for entry in msg.events or ():
            state = getattr(entry.event, "task_instance_state", "event")
            self.fired[entry.trigger_id] = (now, str(getattr(state, "value", state)))
        self.failed += msg.failures or ()
        if len(self.fired) + len(self.failed) == self._expected:
            self._handle_signal(0, None)
        batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
        self.begun |= dict.fromkeys((workload.id for workload in batch), now)
        return messages.TriggerStateSync(to_create=batch, to_cancel=set())

    async def _measure_lag(self) -> None:
        while True:
            due = time.perf_counter() + _LAG_EVERY
            await asyncio.sleep(_LAG_EVERY)
            self.lags.append(time.perf_counter() - due)
