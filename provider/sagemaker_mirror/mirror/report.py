"""What the tasks write into their logs, in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot, StepSnapshot


def run_table(snapshot: ExecutionSnapshot, names: Sequence[str]) -> list[str]:
    """Return the lines of a table of an execution's steps.

    :param snapshot: the latest look
    :param names: the steps that have a task, in the order of their rows; others that SageMaker lists follow
    """
    others = [name for name in snapshot.steps if name not in frozenset(names)]
    rows = [_table_row(name, snapshot.steps.get(name)) for name in [*names, *others]]
    return list(_aligned([("step", "status", "started", "took", "what"), *rows]))


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


def _table_row(name: str, step: StepSnapshot | None) -> tuple[str, ...]:
    if step is None:
        return (name, "not run", "", "", "")
    what = step.failure_reason or ("cache hit" if step.cached_from else "reused" if step.reused_from else "")
    # A reason may span lines; the table has one line per step, the step's own log has the whole.
    what = what.strip().splitlines()[0] if what.strip() else ""
    return (name, step.status, moment(step.start_time), duration(step.seconds), what)


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
