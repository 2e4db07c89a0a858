"""What the tasks write into their logs, in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot, StepSnapshot

_REASON_LENGTH = 80  # characters; the step's own log has the whole


@dataclass(frozen=True)
class JobNote:
    """What a table says of a step's job.

    :param billable_seconds: what AWS bills, over all instances; None: it bills nothing, or nobody knows
    :param estimated: whether that is an estimate
    :param link: to the job in the console
    """

    billable_seconds: float | None = None
    estimated: bool = False
    link: str | None = None


def run_table(snapshot: ExecutionSnapshot, names: Sequence[str], jobs: Mapping[str, JobNote]) -> list[str]:
    """Return the lines of a table of an execution's steps.

    :param snapshot: the latest look
    :param names: the steps that have a task, in the order of their rows; others that SageMaker lists follow
    :param jobs: what there is to say of the steps' jobs, by step
    """
    others = [name for name in snapshot.steps if name not in frozenset(names)]
    rows = [_table_row(name, snapshot.steps.get(name), jobs.get(name, JobNote())) for name in [*names, *others]]
    return list(_aligned([("step", "status", "started", "took", "cache", "billable", "reason", "link"), *rows]))


def duration(seconds: float | None) -> str:
    """Return a duration for people: ``41 s``, ``12 min 3 s``, ``2 h 5 min``.

    :param seconds: its length; None is an empty text
    """
    if seconds is None:
        return ""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def moment(time: datetime | None) -> str:
    """Return a time for people, to the second, with its zone; empty where there is none.

    :param time: the time
    """
    return "" if time is None else time.isoformat(sep=" ", timespec="seconds")


def step_history(step: StepSnapshot) -> str:
    """Return one line on an attempt: its status and when it ran.

    :param step: the step's latest attempt
    """
    parts = [f"{step.name} is {step.status}"]
    if step.start_time:
        parts.append(f"started {moment(step.start_time)}")
    if step.end_time:
        parts.append(f"ended {moment(step.end_time)}")
    if step.seconds is not None:
        parts.append(f"took {duration(step.seconds)}")
    if step.attempt and step.attempt > 1:
        parts.append(f"attempt {step.attempt}")
    return ", ".join(parts)


def _table_row(name: str, step: StepSnapshot | None, job: JobNote) -> tuple[str, ...]:
    if step is None:
        return (name, "not run", "", "", "", "", "", "")
    cache = "hit" if step.cached_from else "reused" if step.reused_from else ""
    billable = "" if job.billable_seconds is None else f"{'~' if job.estimated else ''}{job.billable_seconds:.0f} s"
    # A reason may span lines; the table has one line for each step.
    reason = next(iter((step.failure_reason or "").strip().splitlines()), "")
    if len(reason) > _REASON_LENGTH:
        reason = f"{reason[: _REASON_LENGTH - 1]}…"
    took = duration(step.seconds)
    return (name, step.status, moment(step.start_time), took, cache, billable, reason, job.link or "")


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
