"""The state of the embedded SageMaker, in memory, behind one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import count
from typing import Any

from sagemaker_mirror.local.errors import conflict, not_found
from sagemaker_mirror.local.records import CachedStep, Execution, Job, Pipeline, Scope, StepRow


def now() -> datetime:
    """The present, as the API shows it."""
    return datetime.now(tz=timezone.utc)


@dataclass(frozen=True)
class _Answered:
    request: Any
    response: dict[str, Any]


class Store:
    """Pipelines, executions, jobs and cached steps.

    Records are frozen. Whoever changes something does so within :meth:`change`, which also wakes those who
    wait in :meth:`wait_for`.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.RLock())
        self._pipelines: dict[tuple[Scope, str], Pipeline] = {}
        self._executions: dict[str, Execution] = {}
        self._jobs: dict[str, Job] = {}
        self._cached: dict[str, CachedStep] = {}
        self._answered: dict[tuple[str, ...], _Answered] = {}
        self._sequence = count(1)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock; what was changed is seen by others as a whole."""
        with self._condition:
            yield
            self._condition.notify_all()

    def wait_for(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is so.

        :param timeout: seconds.
        :return: whether it came to be so in time.
        """
        with self._condition:
            return self._condition.wait_for(predicate, timeout)

    def next_sequence(self) -> int:
        """A number greater than any before."""
        with self._condition:
            return next(self._sequence)

    # Idempotency

    def once(self, token: tuple[str, ...], request: Any, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Answer a request that carries a ``ClientRequestToken``: act the first time, then repeat the answer.

        :param token: what makes the token unique: operation, entity, token.
        :param request: what must be equal when the token comes again.
        :raises ServiceError: ConflictException if the token comes with another request.
        """
        with self._condition:
            answered = self._answered.get(token)
            if answered is None:
                response = act()
                self._answered[token] = _Answered(request, response)
                return response
            if answered.request != request:
                raise conflict("The ClientRequestToken was used before, with other parameters")
            return answered.response

    def _forget_answers(self, member: str, arn: str) -> None:
        self._answered = {
            token: answered for token, answered in self._answered.items() if answered.response.get(member) != arn
        }

    # Pipelines

    def put_pipeline(self, pipeline: Pipeline) -> None:
        """Add or replace a pipeline."""
        self._pipelines[pipeline.scope, pipeline.name.lower()] = pipeline

    def find_pipeline(self, scope: Scope, name: str) -> Pipeline | None:
        """A pipeline by name or ARN."""
        return self._pipelines.get((scope, name.rsplit("/", 1)[-1].lower()))

    def pipeline(self, scope: Scope, name: str) -> Pipeline:
        """A pipeline by name or ARN.

        :raises ServiceError: ResourceNotFound.
        """
        pipeline = self.find_pipeline(scope, name)
        if pipeline is None:
            shown = name if name.startswith("arn:") else scope.arn(f"pipeline/{name.lower()}")
            raise not_found(f"Pipeline '{shown}' does not exist.")
        return pipeline

    def pipelines(self, scope: Scope) -> tuple[Pipeline, ...]:
        """All pipelines of a region."""
        with self._condition:
            return tuple(pipeline for (where, _), pipeline in self._pipelines.items() if where == scope)

    def remove_pipeline(self, pipeline: Pipeline) -> None:
        """Forget a pipeline, its executions and what they left in the cache."""
        del self._pipelines[pipeline.scope, pipeline.name.lower()]
        self._forget_answers("PipelineArn", pipeline.arn)
        for execution in self.executions(pipeline.arn):
            self.remove_execution(execution.arn)

    # Executions

    def put_execution(self, execution: Execution) -> None:
        """Add or replace an execution."""
        self._executions[execution.arn] = execution

    def execution(self, arn: str) -> Execution:
        """An execution by ARN.

        :raises ServiceError: ResourceNotFound.
        """
        execution = self._executions.get(arn)
        if execution is None:
            raise not_found(f"Pipeline execution with ARN '{arn}' does not exist.")
        return execution

    def executions(self, pipeline_arn: str | None = None) -> tuple[Execution, ...]:
        """All executions, or those of one pipeline."""
        with self._condition:
            return tuple(
                execution for execution in self._executions.values() if pipeline_arn in (None, execution.pipeline_arn)
            )

    def remove_execution(self, arn: str) -> None:
        """Forget an ended execution, as SageMaker's history does in time.

        :raises ServiceError: ResourceNotFound if it is not there.
        :raises ValueError: if it has not ended.
        """
        if not self.execution(arn).ended:
            raise ValueError("The execution has not ended.")
        del self._executions[arn]
        self._cached = {key: entry for key, entry in self._cached.items() if entry.execution_arn != arn}
        self._forget_answers("PipelineExecutionArn", arn)

    def replace_row(self, arn: str, sequence: int, **changes: Any) -> StepRow:
        """Change fields of one row of an execution.

        :return: the row as it is now.
        """
        execution = self.execution(arn)
        rows = tuple(replace(row, **changes) if row.sequence == sequence else row for row in execution.rows)
        self.put_execution(replace(execution, rows=rows, modified=now()))
        return next(row for row in rows if row.sequence == sequence)

    # Jobs

    def put_job(self, job: Job) -> None:
        """Add or replace a job."""
        self._jobs[job.arn] = job

    def find_job(self, arn: str) -> Job | None:
        """A job that a step made."""
        return self._jobs.get(arn)

    def job(self, arn: str) -> Job:
        """A job that a step made.

        :raises ServiceError: ResourceNotFound.
        """
        job = self._jobs.get(arn)
        if job is None:
            raise not_found(f"Could not find job '{arn}'.")
        return job

    # Cache

    def cached(self, key: str) -> CachedStep | None:
        """The most recent successful run of a step."""
        return self._cached.get(key)

    def put_cached(self, key: str, entry: CachedStep) -> None:
        """Remember a successful run of a step."""
        self._cached[key] = entry
