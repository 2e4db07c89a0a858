"""Which executions of a pipeline have no DAG run yet, and which go on although theirs has ended.

Pure: a poll gives the executions that SageMaker lists, what is remembered from the poll before, and how the DAG runs
stand. What comes out is what to do and what to remember.

The DAG runs themselves say what has been dispatched, since an execution's run has a fixed id. What is remembered only
bounds how much is listed, and keeps a run that somebody deleted from coming back. So a poll that is lost, at whatever
point, loses and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sagemaker_mirror.mirror.arns import ExecutionArn
from sagemaker_mirror.mirror.origin import Origin
from sagemaker_mirror.mirror.snapshot import EXECUTION_UNDER_WAY

RUN_ID_PREFIX = "sagemaker__"
# AWS does not say how soon an execution is listed. What is listed this much late is still found.
OVERLAP = timedelta(minutes=15)
# How long after its start an execution that is retried in Studio is still noticed.
LOOK_BACK = timedelta(days=7)

_ENDED_RUN = frozenset({"success", "failed"})


@dataclass(frozen=True)
class RunKey:
    """A DAG run.

    :param dag_id: its DAG
    :param run_id: its id
    """

    dag_id: str
    run_id: str


@dataclass(frozen=True)
class ListedExecution:
    """One row of ListPipelineExecutions.

    :param arn: PipelineExecutionArn
    :param created: StartTime
    :param status: PipelineExecutionStatus, as SageMaker sent it
    :param description: PipelineExecutionDescription
    """

    arn: str
    created: datetime
    status: str
    description: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> ListedExecution:
        """Read a PipelineExecutionSummary.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PipelineExecutionSummary.html
        """
        return cls(
            arn=row["PipelineExecutionArn"],
            created=row["StartTime"],
            status=row["PipelineExecutionStatus"],
            description=row.get("PipelineExecutionDescription"),
        )

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return ExecutionArn.parse(self.arn).execution_id

    @property
    def origin(self) -> Origin | None:
        """The task of Airflow that started it; None: it was begun elsewhere."""
        return Origin.read(self.description)

    @property
    def under_way(self) -> bool:
        """Whether SageMaker still works on it."""
        return self.status in EXECUTION_UNDER_WAY

    def run(self, dag_id: str) -> RunKey:
        """Return the DAG run that mirrors it.

        :param dag_id: the DAG of the pipeline's folder, whose runs mirror what was begun elsewhere
        """
        origin = self.origin
        return RunKey(origin.dag_id, origin.run_id) if origin else RunKey(dag_id, RUN_ID_PREFIX + self.id)


@dataclass(frozen=True)
class Watermark:
    """What is remembered of one pipeline from poll to poll; JSON-ready.

    :param pipeline: the pipeline's name; another name begins anew
    :param activated: the first poll: what had ended before it is history and is not mirrored
    :param since: everything that was created before this time is dealt with, but for what is ``pending``
    :param pending: what was found and had no run yet: the times of creation by id
    :param handled: what has its run, as far as it may come up again
    :param reported: what goes on although its run has ended, and was reported
    """

    pipeline: str
    activated: datetime
    since: datetime
    pending: Mapping[str, datetime] = field(default_factory=dict)
    handled: frozenset[str] = frozenset()
    reported: frozenset[str] = frozenset()

    @classmethod
    def first(cls, pipeline: str, now: datetime) -> Watermark:
        """Begin to mirror a pipeline: with what is under way, and with what is created from now on.

        :param pipeline: its name
        :param now: the time
        """
        return cls(pipeline, activated=now, since=now)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Watermark:
        """Read what :meth:`to_json` wrote."""
        return cls(
            pipeline=fields["pipeline"],
            activated=datetime.fromisoformat(fields["activated"]),
            since=datetime.fromisoformat(fields["since"]),
            pending={name: datetime.fromisoformat(created) for name, created in fields["pending"].items()},
            handled=frozenset(fields["handled"]),
            reported=frozenset(fields["reported"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON takes them."""
        return {
            "pipeline": self.pipeline,
            "activated": self.activated.isoformat(),
            "since": self.since.isoformat(),
            "pending": {name: created.isoformat() for name, created in sorted(self.pending.items())},
            "handled": sorted(self.handled),
            "reported": sorted(self.reported),
        }

    @property
    def complete_from(self) -> datetime:
        """The time from which on every execution has to be listed."""
        return min([self.since, *self.pending.values()]) - OVERLAP

    @property
    def listed_from(self) -> datetime:
        """The time from which on executions are worth a look, because somebody may have retried them."""
        return min(self.complete_from, self.since - LOOK_BACK)

    def takes(self, row: ListedExecution) -> bool:
        """Whether an execution is to be mirrored, unless it has a run already.

        :param row: the execution
        """
        if row.origin is not None or row.id in self.handled:
            return False
        recent = row.created >= max(self.activated, self.since - OVERLAP)
        return recent or row.under_way or row.id in self.pending


@dataclass(frozen=True)
class Findings:
    """What a poll found.

    :param new: executions begun elsewhere that have no run yet, the oldest first
    :param going_on: executions under way whose run has ended, each once
    :param watermark: what to remember
    """

    new: tuple[ListedExecution, ...]
    going_on: tuple[ListedExecution, ...]
    watermark: Watermark


def in_question(rows: Iterable[ListedExecution], mark: Watermark) -> tuple[ListedExecution, ...]:
    """Return the executions whose DAG runs a poll has to ask for.

    :param rows: what SageMaker lists
    :param mark: what is remembered
    """
    return tuple(row for row in rows if row.under_way or mark.takes(row))


def has_ended(row: ListedExecution, dag_id: str, runs: Mapping[RunKey, str]) -> bool:
    """Whether the DAG run of an execution under way has ended.

    :param row: the execution
    :param dag_id: the DAG of the pipeline's folder
    :param runs: the states of DAG runs
    """
    return row.under_way and runs.get(row.run(dag_id)) in _ENDED_RUN


def examine(rows: Iterable[ListedExecution], mark: Watermark, dag_id: str, runs: Mapping[RunKey, str]) -> Findings:
    """Say what is new, what goes on, and what to remember.

    :param rows: what SageMaker lists: at least all from ``mark.complete_from`` on
    :param mark: what is remembered
    :param dag_id: the DAG of the pipeline's folder
    :param runs: the states of the DAG runs that there are, for the executions :func:`in_question`
    """
    ordered = sorted(rows, key=lambda row: (row.created, row.arn))
    new = tuple(row for row in ordered if mark.takes(row) and row.run(dag_id) not in runs)
    going_on = tuple(
        row
        for row in ordered
        if row.status == "Executing" and row.id not in mark.reported and has_ended(row, dag_id, runs)
    )
    since = max([mark.since, *(row.created for row in ordered)])
    # An execution of our own is remembered too: in Studio somebody may change the description that tells it apart.
    dealt_with = {row.id for row in ordered if row.origin or row.id in mark.handled or row.run(dag_id) in runs}
    may_come_up = {row.id for row in ordered if row.under_way or row.created >= since - OVERLAP}
    under_way = {row.id for row in ordered if row.under_way}
    watermark = replace(
        mark,
        since=since,
        pending={row.id: row.created for row in new},
        handled=frozenset(dealt_with & may_come_up),
        reported=frozenset((mark.reported | {row.id for row in going_on}) & under_way),
    )
    return Findings(new, going_on, watermark)
