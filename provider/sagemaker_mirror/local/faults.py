"""Faults on request: calls that fail, steps that fail, are slow or are held."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Literal, get_args

CallFaultKind = Literal["throttle", "fail", "deny", "expire", "conflict", "missing", "delay", "hold", "drop"]
StepFaultKind = Literal["fail", "slow", "hold"]


@dataclass(frozen=True)
class CallFault:
    """A fault of API calls.

    :param operation: pattern of operations (as the list of calls shows them), for instance
        ``StartPipelineExecution``, ``*Pipeline*`` or ``s3:*``.
    :param kind: throttle (ThrottlingException), fail (InternalFailure, status 500), deny
        (AccessDeniedException), expire (ExpiredTokenException), conflict (ConflictException), missing
        (ResourceNotFound), delay, hold (the call is answered once the fault is lifted), or drop (the connection is
        closed without an answer).
    :param resource: pattern of what the calls are about (as the list of calls shows it): an execution's ARN, a
        pipeline's name or ARN, else the path.
    :param share: of the calls that are hit, spread evenly: 0.3 hits three in ten.
    :param times: calls that are hit at most; None for no limit.
    :param seconds: of delay, before the call is answered.
    :param after: whether the operation is done before the fault hides its answer.
    """

    operation: str
    kind: CallFaultKind
    resource: str = "*"
    share: float = 1.0
    times: int | None = None
    seconds: float = 0.0
    after: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(CallFaultKind):
            raise ValueError(f"a fault of calls is one of {', '.join(get_args(CallFaultKind))}")
        if not 0 < self.share <= 1:
            raise ValueError("share lies between 0 and 1")


@dataclass(frozen=True)
class StepFault:
    """A fault of steps.

    :param step: pattern of step names.
    :param kind: fail (with ``reason``), slow (the step begins its work ``seconds`` later), or hold (the step stays
        Executing until the fault is removed).
    :param times: attempts that are hit at most; None for no limit.
    """

    step: str
    kind: StepFaultKind
    times: int | None = None
    seconds: float = 0.0
    reason: str = "AlgorithmError: , exit code: 1"

    def __post_init__(self) -> None:
        if self.kind not in get_args(StepFaultKind):
            raise ValueError(f"a fault of steps is one of {', '.join(get_args(StepFaultKind))}")


Fault = CallFault | StepFault


def parse_fault(entry: Mapping[str, Any]) -> Fault:
    """Read a fault, as the control endpoint takes it.

    :param entry: fields of :class:`CallFault` (with ``operation``) or :class:`StepFault` (with ``step``).
    :raises ValueError: if a field or its value is unknown.
    """
    kind: type[CallFault] | type[StepFault] = StepFault if "step" in entry else CallFault
    unknown = sorted(entry.keys() - {field.name for field in fields(kind)})
    if unknown:
        raise ValueError(f"a fault has no field {unknown[0]!r}")
    try:
        return kind(**entry)
    except TypeError as error:
        raise ValueError(str(error)) from error


class Faults:
    """The faults that are set, each under a number. Safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = count(1)
        self._set: dict[int, Fault] = {}
        self._seen: dict[int, int] = {}
        self._hit: dict[int, int] = {}

    def add(self, fault: Fault) -> int:
        """Set a fault.

        :return: its number.
        """
        with self._changed:
            number = next(self._numbers)
            self._set[number] = fault
            return number

    def remove(self, number: int) -> bool:
        """Lift a fault; held steps go on.

        :return: whether it was set.
        """
        with self._changed:
            removed = self._set.pop(number, None) is not None
            self._changed.notify_all()
            return removed

    def clear(self) -> None:
        """Lift all faults."""
        with self._changed:
            self._set.clear()
            self._changed.notify_all()

    def listed(self) -> dict[int, tuple[Fault, int]]:
        """The faults that are set, each with how often it has hit."""
        with self._changed:
            return {number: (fault, self._hit.get(number, 0)) for number, fault in self._set.items()}

    def for_call(self, operation: str, resource: str = "") -> tuple[int, CallFault] | None:
        """The fault that hits this call, if one does; counts it."""
        with self._changed:
            for number, fault in self._set.items():
                if (
                    isinstance(fault, CallFault)
                    and fnmatchcase(operation, fault.operation)
                    and fnmatchcase(resource, fault.resource)
                ):
                    seen = self._seen[number] = self._seen.get(number, 0) + 1
                    if _is_hit(seen, fault.share) and self._count(number, fault):
                        return number, fault
        return None

    def for_step(self, name: str) -> tuple[int, StepFault] | None:
        """The fault that hits this attempt of a step, if one does; counts it."""
        with self._changed:
            for number, fault in self._set.items():
                if isinstance(fault, StepFault) and fnmatchcase(name, fault.step) and self._count(number, fault):
                    return number, fault
        return None

    def wait_while_held(self, number: int, stop: threading.Event | None = None) -> None:
        """Wait until a fault is lifted, or a stop is asked for (:meth:`wake` tells of it)."""
        with self._changed:
            self._changed.wait_for(lambda: number not in self._set or (stop is not None and stop.is_set()))

    def wake(self) -> None:
        """Let those who wait look whether a stop was asked for."""
        with self._changed:
            self._changed.notify_all()

    def _count(self, number: int, fault: Fault) -> bool:
        if fault.times is not None and self._hit.get(number, 0) >= fault.times:
            return False
        self._hit[number] = self._hit.get(number, 0) + 1
        return True


def _is_hit(seen: int, share: float) -> bool:
    # Whole numbers of hits, so that a share of 0.1 hits the tenth call whatever floating point makes of it.
    return round(seen * share * 1000) // 1000 > round((seen - 1) * share * 1000) // 1000
