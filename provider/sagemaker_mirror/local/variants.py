"""What AWS does not document, and how the embedded SageMaker is to play it.

Whoever watches SageMaker must not assume any of these; tests run their cases under each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints


@dataclass(frozen=True)
class Variants:
    """One choice for each open question.

    :param after_failure: what becomes of the others when a step has failed: those that run are let finish,
        independent branches go on to their end, or those that run are stopped.
    :param stopped_job: what a step shows whose job was stopped, but not by StopPipelineExecution: by the job's own
        Stop call, or by its time limit.
    :param stopped_retry: whether RetryPipelineExecution takes a stopped execution.
    :param retried_row: whether the row of a retried step is replaced by, or listed beside, its new attempt.
    :param attempt_count: whether AttemptCount moves with a retried execution, stays, or is not shown at all.
    :param retry_shows: whether a retry shows as soon as RetryPipelineExecution has answered, or the next three
        Describe and List calls still show the failed execution.
    :param retry_under_way: how RetryPipelineExecution refuses an execution that is executing.
    """

    after_failure: Literal["finish_running", "continue_branches", "stop_running"] = "finish_running"
    stopped_job: Literal["Stopped", "Failed"] = "Stopped"
    stopped_retry: Literal["allowed", "refused"] = "allowed"
    retried_row: Literal["replaced", "added"] = "replaced"
    attempt_count: Literal["moves", "stays", "absent"] = "moves"
    retry_shows: Literal["at_once", "later"] = "at_once"
    retry_under_way: Literal["ConflictException", "ValidationException"] = "ConflictException"

    def __post_init__(self) -> None:
        for name, choices in _choices().items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {', '.join(choices)}, not {getattr(self, name)!r}")

    def updated(self, changes: Mapping[str, Any]) -> Variants:
        """The variants with some choices changed.

        :raises ValueError: if a name or a choice is not known.
        """
        unknown = sorted(changes.keys() - {field.name for field in fields(self)})
        if unknown:
            raise ValueError(f"there is no variant {unknown[0]!r}")
        return replace(self, **changes)

    def as_dict(self) -> dict[str, str]:
        """The choices by name."""
        return asdict(self)


def _choices() -> dict[str, tuple[str, ...]]:
    return {name: get_args(hint) for name, hint in get_type_hints(Variants).items()}
