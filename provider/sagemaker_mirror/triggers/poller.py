"""One poll per execution in a triggerer, however many tasks wait for it.

Triggers of one process share their looks at an execution: the first starts a poll, the last ends it. boto3 runs in
threads, and is imported in one. What needs Airflow (its connection) goes through asgiref's ``sync_to_async`` first,
because a plain thread has no way to Airflow's supervisor in 3.0 and 3.2; only the client that comes of it enters a
thread.

The poll writes no log: it would carry the log context of the trigger that happened to start it. It hands out what
it saw, troubles included, and each trigger writes its own.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async

from sagemaker_mirror.mirror.arns import Arn
from sagemaker_mirror.mirror.pace import seconds_between_looks
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.triggers.rate import call_rate
from sagemaker_mirror.triggers.threads import in_thread

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.connection import AwsConnection
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook

# How long SageMaker may be out of reach before those who wait are told.
UNREACHABLE_SECONDS = 900.0
# The longest wait between two looks while SageMaker is out of reach.
BACKOFF_SECONDS = 120.0
# DescribePipelineExecution and the first page of ListPipelineExecutionSteps; each page has up to 100 steps.
_CALLS = 2
_PAGE = 100


@dataclass(frozen=True)
class Trouble:
    """Looks at an execution fail.

    :param message: the latest error
    :param since: when they began to, in seconds of the monotonic clock
    :param final: whether waiting longer is pointless
    """

    message: str
    since: float
    final: bool


@dataclass(frozen=True)
class Look:
    """One look: a snapshot, or why there is none.

    :param number: looks of one poll are counted
    :param snapshot: what was seen
    :param trouble: why nothing was
    """

    number: int
    snapshot: ExecutionSnapshot | None = None
    trouble: Trouble | None = None


class Looks:
    """What one trigger sees of a poll."""

    def __init__(self, poll: _Poll, interval: float) -> None:
        self.interval = interval
        self._poll = poll
        self._seen = 0

    async def next(self) -> Look:
        """Wait for a look that this trigger has not seen; the latest, where there were several."""
        if self._poll.latest.number <= self._seen:
            # Shielded: a trigger that is cancelled must not cancel what the others wait for.
            await asyncio.shield(self._poll.coming)
        self._seen = self._poll.latest.number
        return self._poll.latest


class _Poll:
    """Looks at one execution as long as somebody wants to see it."""

    def __init__(self, connection: AwsConnection, arn: str) -> None:
        self.latest = Look(number=0)
        self.coming: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connection = connection
        self._arn = arn
        self._rate = call_rate(Arn.parse(arn))
        self._members: set[Looks] = set()
        self._changed = asyncio.Event()
        self._failures = 0
        self._looked_at = self._new_since = time.monotonic()
        self._snapshot: ExecutionSnapshot | None = None
        self._task: asyncio.Task[None] | None = None

    def join(self, interval: float) -> Looks:
        member = Looks(self, interval)
        self._members.add(member)
        self._changed.set()
        if self._task is None:
            # An empty context: nothing of the trigger that came first, such as its log's, comes along.
            loop = asyncio.get_running_loop()
            self._task = contextvars.Context().run(loop.create_task, self._run())
        return member

    def leave(self, member: Looks) -> None:
        self._members.discard(member)
        self._changed.set()

    async def _run(self) -> None:
        try:
            while self._members:
                self._publish(await self._look())
                await self._pause()
        finally:
            # Between the last check for members and this line nothing else runs, so nobody joins a dead poll.
            _polls().pop((self._connection, self._arn), None)

    async def _look(self) -> Look:
        number = self.latest.number + 1
        self._looked_at = time.monotonic()
        try:
            hook = await hook_of(self._connection)
        except Exception as error:  # told to every member, who are loud about it
            # Airflow may be out of reach for a while; that the connection is good, the tasks have seen themselves.
            return Look(number, trouble=self._trouble(error, may_pass=True))
        await self._rate.take(_CALLS)
        self._looked_at = time.monotonic()
        seen = await in_thread("poll", _read, hook, self._arn)
        if isinstance(seen, _Failure):
            if seen.expired:
                forget_hook(self._connection)
            if seen.throttled:
                self._rate.throttled()
            return Look(number, trouble=self._trouble(seen.error, seen.may_pass))
        self._rate.add(max(0, len(seen.steps) - 1) // _PAGE)
        self._rate.answered()
        self._failures = 0
        if seen != self._snapshot:
            self._snapshot, self._new_since = seen, self._looked_at
        return Look(number, seen)

    def _trouble(self, error: Exception, may_pass: bool) -> Trouble:
        now = time.monotonic()
        previous = self.latest.trouble
        since = previous.since if previous is not None else now
        self._failures += 1
        final = not may_pass or now - since >= UNREACHABLE_SECONDS
        return Trouble(f"{type(error).__name__}: {error}", since, final)

    def _publish(self, look: Look) -> None:
        self.latest = look
        self.coming.set_result(None)
        self.coming = asyncio.get_running_loop().create_future()

    async def _pause(self) -> None:
        """Wait for the next look's time; shorter when a member joins that wants to see more often, or all leave."""
        # Looks keep their distance; only after the first and after failures is it left to chance, so that executions
        # which were started, or failed to answer, all at once are not looked at all at once again.
        spread = random.uniform(0.5, 1) if self._failures or self.latest.number == 1 else 1.0  # noqa: S311
        while self._members:
            self._changed.clear()
            remaining = self._looked_at + self._distance() * spread - time.monotonic()
            if remaining <= 0:
                return
            try:
                await asyncio.wait_for(self._changed.wait(), remaining)
            except asyncio.TimeoutError:
                return

    def _distance(self) -> float:
        interval = min(member.interval for member in self._members)
        if self._failures:
            return min(interval * 2.0**self._failures, max(interval, BACKOFF_SECONDS))
        return seconds_between_looks(interval, self._looked_at - self._new_since)


# Keyed by event loop: futures and events belong to one.
_POLLS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[AwsConnection, str], _Poll]] = WeakKeyDictionary()
_HOOKS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[AwsConnection, asyncio.Task[Any]]] = WeakKeyDictionary()


@asynccontextmanager
async def follow(connection: AwsConnection, arn: str, interval: float) -> AsyncIterator[Looks]:
    """Join the poll of an execution, and leave it at the end.

    :param connection: the way to SageMaker
    :param arn: the execution
    :param interval: seconds between two looks; the shortest of all who wait decides
    """
    polls = _polls()
    poll = polls.get((connection, arn))
    if poll is None:
        poll = polls[connection, arn] = _Poll(connection, arn)
    member = poll.join(interval)
    try:
        yield member
    finally:
        poll.leave(member)


async def hook_of(connection: AwsConnection) -> SageMakerMirrorHook:
    """Return the hook of a connection, which all polls through it share; it has its client.

    :param connection: the way to SageMaker
    :raises Exception: whatever Airflow or boto3 raise where there is no way
    """
    hooks = _HOOKS.setdefault(asyncio.get_running_loop(), {})
    building = hooks.get(connection)
    if building is None:
        build = sync_to_async(_build)
        loop = asyncio.get_running_loop()
        building = hooks[connection] = contextvars.Context().run(loop.create_task, build(connection))
    try:
        return await asyncio.shield(building)
    except Exception:
        forget_hook(connection)
        raise


def forget_hook(connection: AwsConnection) -> None:
    """Let the next call build its hook anew, with the credentials of then.

    :param connection: the way to SageMaker
    """
    _HOOKS.setdefault(asyncio.get_running_loop(), {}).pop(connection, None)


@dataclass(frozen=True)
class _Failure:
    error: Exception
    may_pass: bool
    expired: bool
    throttled: bool


def _build(connection: AwsConnection) -> SageMakerMirrorHook:
    hook = connection.hook()
    hook.client  # noqa: B018 - builds it
    return hook


def _read(hook: SageMakerMirrorHook, arn: str) -> ExecutionSnapshot | _Failure:
    from sagemaker_mirror.hooks.errors import has_expired, is_throttled, may_pass

    try:
        return hook.read_execution(arn)
    except Exception as error:
        return _Failure(error, may_pass(error), has_expired(error), is_throttled(error))


def _polls() -> dict[tuple[AwsConnection, str], _Poll]:
    return _POLLS.setdefault(asyncio.get_running_loop(), {})
