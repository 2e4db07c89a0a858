"""Runs executions: begins what can begin, follows what runs, and says how it ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sagemaker_mirror.local.cache import cache_key, is_fresh
from sagemaker_mirror.local.definition import JOB_STEPS, StepDefinition
from sagemaker_mirror.local.execution_context import resolver_of
from sagemaker_mirror.local.faults import Faults
from sagemaker_mirror.local.records import ENDED_STEP, CachedStep, Execution, StepResult, StepRow
from sagemaker_mirror.local.resolve import UnresolvedReference
from sagemaker_mirror.local.schedule import StepState, ready_steps, running_steps, unhandled_failures
from sagemaker_mirror.local.steps import Attempt, StepWork
from sagemaker_mirror.local.store import Store, now
from sagemaker_mirror.local.variants import Variants

_LOOKS = 3  # that still show the ended execution, where a retry is to show later
STEP_FAILURE = "Step failure: One or multiple steps failed."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Running:
    thread: threading.Thread
    stop: threading.Event


class Engine:
    """Schedules steps; each running step has a thread of its own.

    :param variants: gives the variants in force.
    :param clients: makes boto3 clients on the embedded SageMaker, by service and region.
    """

    def __init__(
        self,
        store: Store,
        work: StepWork,
        faults: Faults,
        variants: Callable[[], Variants],
        clients: Callable[[str, str], Any],
    ) -> None:
        self._store = store
        self._work = work
        self._faults = faults
        self._variants = variants
        self._clients = clients
        self._running: dict[tuple[str, int], _Running] = {}
        self._closed = False

    def advance(self, arn: str) -> None:
        """Begin the steps that can begin now; end the execution when nothing can.

        :param arn: of an execution that has been put into the store or has changed there.
        """
        with self._store.change():
            execution = self._store.execution(arn)
            if execution.ended or self._closed:
                return
            states = _states(execution)
            if execution.status == "Executing" and not self._halted(execution, states):
                ready = ready_steps(execution.definition, states, execution.selected)
                free = len(ready)
                if execution.max_parallel_steps is not None:
                    free = execution.max_parallel_steps - len(running_steps(states))
                for name in ready[: max(free, 0)]:
                    self._begin(arn, name)
            execution = self._store.execution(arn)
            if not running_steps(_states(execution)):
                self._end(execution)

    def stop(self, arn: str) -> None:
        """Begin to stop an execution that is executing."""
        with self._store.change():
            execution = self._store.execution(arn)
            self._store.put_execution(replace(execution, status="Stopping", modified=now()))
            self._stop_running_steps(arn)
            self.advance(arn)

    def retry(self, arn: str) -> None:
        """Take up an ended execution again: its failed and stopped steps, and what they kept back."""
        if self._variants().retry_shows == "later":
            with self._store.change():
                self._store.put_execution(replace(self._store.execution(arn), looks_before_retry=_LOOKS))
        else:
            self._take_up(arn)

    def looked_at(self, arn: str, looks: int = 1) -> None:
        """Count looks at an execution: a retry that is to show later shows after some."""
        if not self._store.execution(arn).looks_before_retry:
            return
        with self._store.change():
            execution = self._store.execution(arn)
            if execution.looks_before_retry:
                left = max(execution.looks_before_retry - looks, 0)
                self._store.put_execution(replace(execution, looks_before_retry=left))
                if not left:
                    self._take_up(arn)

    def show_retry(self, arn: str) -> None:
        """Let a retry that is to show later show now."""
        self.looked_at(arn, _LOOKS)

    def _take_up(self, arn: str) -> None:
        with self._store.change():
            execution = self._store.execution(arn)
            rows = tuple(
                replace(row, superseded=True) if row.status in ("Failed", "Stopped") else row
                for row in execution.rows
            )
            self._store.put_execution(
                replace(execution, status="Executing", failure_reason=None, rows=rows, modified=now())
            )
            self.advance(arn)

    def close(self, timeout: float) -> bool:
        """Stop all steps and begin no more.

        :param timeout: seconds to wait for their ends.
        :return: whether all have ended.
        """
        with self._store.change():
            self._closed = True
            running = tuple(self._running.values())
            for item in running:
                item.stop.set()
        self._faults.wake()
        return self._store.wait_for(lambda: not self._running, timeout)

    def _halted(self, execution: Execution, states: Mapping[str, StepState]) -> bool:
        failed = unhandled_failures(execution.definition, states)
        fails = [name for name in failed if execution.definition.steps[name].type == "Fail"]
        return bool(fails or (failed and self._variants().after_failure != "continue_branches"))

    def _begin(self, arn: str, name: str) -> None:
        execution = self._store.execution(arn)
        variants = self._variants()
        earlier = [row for row in execution.rows if row.name == name]
        attempt = earlier[-1].attempt if earlier else 0
        row = StepRow(
            sequence=self._store.next_sequence(),
            name=name,
            status="Starting",
            attempt=attempt if earlier and variants.attempt_count == "stays" else attempt + 1,
            started=now(),
        )
        kept = (
            tuple(item for item in execution.rows if item.name != name)
            if variants.retried_row == "replaced"
            else execution.rows
        )
        self._store.put_execution(replace(execution, rows=(*kept, row), modified=now()))
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(arn, row, stop), name=f"{execution.id}/{name}", daemon=True)
        self._running[arn, row.sequence] = _Running(thread, stop)
        thread.start()

    def _run(self, arn: str, row: StepRow, stop: threading.Event) -> None:
        try:
            result = self._attempts(arn, row, stop)
        except Exception as error:
            # Whatever it is, the step has ended: an execution must not wait for it for ever.
            logger.exception("Step %s of %s broke down", row.name, arn)
            result = StepResult("Failed", f"InternalServerError: {error!r}")
        with self._store.change():
            if (
                result.status == "Stopped"
                and self._variants().stopped_job == "Failed"
                and not self._was_stopped(arn, row.sequence)
            ):
                result = replace(result, status="Failed", failure_reason="ClientError: The job was stopped.")
            self._store.replace_row(
                arn,
                row.sequence,
                status=result.status,
                ended=now(),
                result=result,
                metadata=result.metadata,
            )
            del self._running[arn, row.sequence]
            execution = self._store.execution(arn)
            if (
                execution.status == "Executing"
                and self._variants().after_failure == "stop_running"
                and unhandled_failures(execution.definition, _states(execution))
            ):
                self._stop_running_steps(arn)
            self.advance(arn)

    def _attempts(self, arn: str, row: StepRow, stop: threading.Event) -> StepResult:
        step = self._store.execution(arn).definition.steps[row.name]
        retries = 0
        while True:
            result = self._attempt(arn, row, step, stop)
            if result.status != "Failed":
                return result
            wait = _wait_before_retry(step, result.failure_reason or "", retries, row.started)
            if wait is None or stop.wait(wait):
                return result
            retries += 1
            with self._store.change():
                self._store.replace_row(arn, row.sequence, attempt=row.attempt + retries)

    def _attempt(self, arn: str, row: StepRow, step: StepDefinition, stop: threading.Event) -> StepResult:
        execution = self._store.execution(arn)
        with self._store.change():
            if not stop.is_set():
                self._store.replace_row(arn, row.sequence, status="Executing")
        resolver = resolver_of(execution, self._store, self._clients)
        try:
            arguments = {} if step.type == "Condition" else resolver.resolve(step.arguments)
        except UnresolvedReference as error:
            return StepResult("Failed", f"ClientError: {error}")
        key = _cache_key(execution, step, arguments)
        cached = self._cached(key, step)
        if cached is not None:
            return cached
        injected = self._injected(step.name, stop)
        if injected is not None:
            return injected
        if stop.is_set():
            return StepResult("Stopped")

        def show(metadata: Mapping[str, Any]) -> None:
            with self._store.change():
                self._store.replace_row(arn, row.sequence, metadata=metadata)

        result = self._work.run(Attempt(execution, step, arguments, resolver, stop, show))
        if key is not None and result.status == "Succeeded":
            with self._store.change():
                self._store.put_cached(key, CachedStep(arn, result, now()))
        return result

    def _cached(self, key: str | None, step: StepDefinition) -> StepResult | None:
        entry = self._store.cached(key) if key is not None else None
        if entry is None or step.cache is None or not is_fresh(entry.ended, step.cache, now()):
            return None
        return replace(entry.result, cache_source=entry.execution_arn)

    def _injected(self, name: str, stop: threading.Event) -> StepResult | None:
        hit = self._faults.for_step(name)
        if hit is None:
            return None
        number, fault = hit
        if fault.kind == "fail":
            return StepResult("Failed", fault.reason)
        if fault.kind == "slow":
            stop.wait(fault.seconds)
        else:
            self._faults.wait_while_held(number, stop)
        return None

    def _stop_running_steps(self, arn: str) -> None:
        for (where, sequence), running in self._running.items():
            if where == arn:
                running.stop.set()
                row = self._store.replace_row(arn, sequence, status="Stopping")
                for job in (row.metadata or {}).values():
                    self._work.stop_job(job["Arn"])
        self._faults.wake()

    def _was_stopped(self, arn: str, sequence: int) -> bool:
        # A job can also be stopped by its own Stop call, or by its time limit; then nobody has stopped the step.
        return any(row.sequence == sequence and row.status == "Stopping" for row in self._store.execution(arn).rows)

    def _end(self, execution: Execution) -> None:
        states = _states(execution)
        if execution.status == "Stopping":
            ended = replace(execution, status="Stopped")
        elif unhandled_failures(execution.definition, states):
            ended = replace(execution, status="Failed", failure_reason=_failure_reason(execution))
        elif any(state.status in ("Failed", "Stopped") for state in states.values()):
            ended = replace(execution, status="CompletedWithFailures")
        else:
            ended = replace(execution, status="Succeeded")
        self._store.put_execution(replace(ended, modified=now()))


def _states(execution: Execution) -> dict[str, StepState]:
    return {
        name: StepState(row.status, row.result.outcome if row.result else None)
        for name, row in execution.current_rows.items()
    }


def _cache_key(execution: Execution, step: StepDefinition, arguments: Mapping[str, Any]) -> str | None:
    if step.type not in JOB_STEPS or step.cache is None or not step.cache.enabled:
        return None
    return cache_key(execution.pipeline_arn, step.name, step.type, arguments)


def _failure_reason(execution: Execution) -> str:
    # A Fail step's message is the execution's reason; other steps only show in their own rows.
    for name, row in execution.current_rows.items():
        if execution.definition.steps[name].type == "Fail" and row.status in ENDED_STEP and row.result:
            return row.result.failure_reason or STEP_FAILURE
    return STEP_FAILURE


def _wait_before_retry(step: StepDefinition, reason: str, retries: int, started: datetime) -> float | None:
    for policy in step.retry_policies:
        wait = policy.wait_before_retry(reason, retries, now() - started)
        if wait is not None:
            return wait.total_seconds()
    return None
