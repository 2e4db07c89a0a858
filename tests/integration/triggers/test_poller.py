"""The shared poll, in an event loop as a triggerer has it, against the embedded SageMaker."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from sagemaker_mirror.hooks.connection import AwsConnection
from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook
from sagemaker_mirror.local.faults import CallFault, StepFault
from sagemaker_mirror.mirror.arns import Arn
from sagemaker_mirror.triggers import poller
from sagemaker_mirror.triggers.poller import follow

ONE_CALL = '{"retries": {"total_max_attempts": 1}}'
CONNECTION = AwsConnection(botocore_config=ONE_CALL)


@pytest.fixture
def arn(started, local):
    """An execution whose first step is held."""
    local.faults.add(StepFault("sow", "hold"))
    return started()


def calls(local, operation="DescribePipelineExecution"):
    return local.calls.counts().get(operation, 0)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


def test_all_who_wait_share_one_poll(local, arn):
    async def scenario():
        async def wait(number):
            async with follow(CONNECTION, arn, 0.05) as looks:
                return [(await looks.next()).number for _ in range(3)]

        return await asyncio.gather(*(wait(number) for number in range(50)))

    seen = asyncio.run(scenario())

    assert seen == [[1, 2, 3]] * 50
    assert calls(local) == calls(local, "ListPipelineExecutionSteps") <= 4


def test_who_joins_later_sees_the_latest_look_at_once(local, arn):
    async def scenario():
        async with follow(CONNECTION, arn, 3600) as first:
            look = await first.next()
            async with follow(CONNECTION, arn, 3600) as second:
                assert await second.next() == look

    asyncio.run(scenario())
    assert calls(local) == 1


def test_the_shortest_interval_counts(local, arn):
    async def scenario():
        async with follow(CONNECTION, arn, 3600) as patient:
            await patient.next()
            async with follow(CONNECTION, arn, 0.01) as eager:
                await eager.next()
                await eager.next()
            return (await patient.next()).number

    assert asyncio.run(scenario()) >= 2


def test_the_poll_ends_with_the_last_who_waits(local, arn):
    async def scenario():
        async with follow(CONNECTION, arn, 0.01) as looks:
            await looks.next()
            assert poller._polls()
        await until(lambda: not poller._polls())

    asyncio.run(scenario())
    ended = calls(local)
    asyncio.run(asyncio.sleep(0.1))
    assert calls(local) == ended


def test_one_who_is_cancelled_disturbs_nobody(local, arn):
    async def scenario():
        async with follow(CONNECTION, arn, 0.05) as staying:

            async def wait():
                async with follow(CONNECTION, arn, 0.05) as looks:
                    while True:
                        await looks.next()

            leaving = [asyncio.create_task(wait()) for _ in range(3)]
            await staying.next()
            for task in leaving:
                task.cancel("user-action")
            await asyncio.gather(*leaving, return_exceptions=True)
            return (await staying.next()).snapshot.status

    assert asyncio.run(scenario()) == "Executing"


def test_polls_of_different_connections_are_not_shared(local, arn):
    async def scenario():
        other = AwsConnection(region_name="us-east-1", botocore_config=ONE_CALL)
        async with follow(CONNECTION, arn, 3600) as one, follow(other, arn, 3600) as two:
            await asyncio.gather(one.next(), two.next())

    asyncio.run(scenario())
    assert calls(local) == 2


def test_nothing_of_the_first_trigger_comes_along(local, arn, monkeypatch):
    """What a trigger has bound to its log must not show in the lines of the others."""
    bound = contextvars.ContextVar("bound", default="nothing")
    seen = []
    hook_of, read = poller.hook_of, SageMakerMirrorHook.read_execution

    def in_the_task(connection):
        seen.append(bound.get())
        return hook_of(connection)

    def in_the_thread(hook, arn):
        seen.append(bound.get())
        return read(hook, arn)

    monkeypatch.setattr(poller, "hook_of", in_the_task)
    monkeypatch.setattr(SageMakerMirrorHook, "read_execution", in_the_thread)

    async def scenario():
        bound.set("the first trigger")
        async with follow(CONNECTION, arn, 0.01) as looks:
            await looks.next()

    asyncio.run(scenario())
    assert set(seen) == {"nothing"}


def test_sagemaker_is_asked_in_a_thread(local, arn, monkeypatch):
    read, threads = SageMakerMirrorHook.read_execution, []

    def spy(hook, arn):
        threads.append(threading.current_thread())
        return read(hook, arn)

    monkeypatch.setattr(SageMakerMirrorHook, "read_execution", spy)

    async def scenario():
        async with follow(CONNECTION, arn, 0.01) as looks:
            await looks.next()

    asyncio.run(scenario())
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize("kind", ["throttle", "fail", "deny", "expire", "drop"])
def test_what_may_pass_is_told_and_waited_out(local, arn, kind):
    local.faults.add(CallFault("DescribePipelineExecution", kind, times=2))

    async def scenario():
        async with follow(CONNECTION, arn, 0.01) as looks:
            return [await looks.next() for _ in range(3)]

    first, second, third = asyncio.run(scenario())
    assert first.trouble and second.trouble
    assert not (first.trouble.final or second.trouble.final)
    assert third.snapshot.status == "Executing"


def test_there_is_a_limit_to_waiting(local, arn, monkeypatch):
    monkeypatch.setattr(poller, "UNREACHABLE_SECONDS", 0.05)
    local.faults.add(CallFault("DescribePipelineExecution", "fail"))

    async def scenario():
        async with follow(CONNECTION, arn, 0.02) as looks:
            while not (look := await looks.next()).trouble.final:
                pass
            return look

    assert "InternalFailure" in asyncio.run(scenario()).trouble.message


def test_an_execution_that_is_gone_is_not_waited_for(local, arn):
    async def scenario():
        async with follow(CONNECTION, arn.rsplit("/", 1)[0] + "/abcdefghijkl", 3600) as looks:
            return await looks.next()

    trouble = asyncio.run(scenario()).trouble
    assert trouble.final
    assert "ResourceNotFound" in trouble.message


def test_expired_credentials_are_asked_for_anew(local, arn, monkeypatch):
    built = []
    hook = AwsConnection.hook
    monkeypatch.setattr(AwsConnection, "hook", lambda self: built.append(self) or hook(self))
    local.faults.add(CallFault("DescribePipelineExecution", "expire", times=1))

    async def scenario():
        async with follow(CONNECTION, arn, 0.01) as looks:
            while (await looks.next()).trouble:
                pass

    asyncio.run(scenario())
    assert len(built) == 2


def test_looks_get_rarer_until_something_happens(local, arn, monkeypatch):
    ages = []
    distance = poller.seconds_between_looks

    def spy(interval, unchanged):
        ages.append(unchanged)
        return distance(interval, unchanged)

    monkeypatch.setattr(poller, "seconds_between_looks", spy)

    async def scenario():
        async with follow(CONNECTION, arn, 0.02) as looks:
            while not (ages and ages[-1] > 0.1):
                await looks.next()
            local.faults.clear()
            while ages[-1] > 0.1:
                await looks.next()

    asyncio.run(scenario())


def test_throttling_slows_all_polls_of_the_account(local, arn):
    rate = poller.call_rate(Arn.parse(arn))
    before = rate.calls_per_second
    local.faults.add(CallFault("ListPipelineExecutionSteps", "throttle", times=2))

    async def scenario():
        async with follow(CONNECTION, arn, 0.01) as looks:
            seen = [(await looks.next()).trouble is not None for _ in range(2)]
            return seen, rate.calls_per_second

    assert asyncio.run(scenario()) == ([True, True], before / 4)
    rate._rate = before
