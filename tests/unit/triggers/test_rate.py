"""The rate of calls, in an event loop whose clock is the test's."""

from __future__ import annotations

import asyncio

import pytest

from sagemaker_mirror.mirror.arns import Arn
from sagemaker_mirror.triggers import rate
from sagemaker_mirror.triggers.rate import CallRate, call_rate


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only where somebody waits for it, and who waited how long."""

    class Clock:
        def __init__(self):
            self.now = 1000.0
            self.waited = []

        async def sleep(self, seconds):
            if seconds > 1e-6:
                self.waited.append(round(seconds, 6))

    clock = Clock()
    monkeypatch.setattr(rate.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(rate.asyncio, "sleep", clock.sleep)
    return clock


def take(calls, *counts):
    async def scenario():
        for count in counts:
            await calls.take(count)

    asyncio.run(scenario())


def test_a_second_of_calls_comes_at_once_and_the_others_in_turn(clock):
    take(CallRate(10), *[2] * 8)

    assert clock.waited == [0.2, 0.4]


def test_time_gives_calls_back_but_not_without_end(clock):
    calls = CallRate(10)
    take(calls, 10)
    clock.now += 3600
    take(calls, *[2] * 7)

    assert clock.waited == [0.2]


def test_further_pages_make_the_next_wait(clock):
    calls = CallRate(10)
    take(calls, 10)
    calls.add(5)
    take(calls, 2)

    assert clock.waited == [0.5]


def test_throttling_halves_the_rate_to_a_twentieth_and_answers_bring_it_back():
    calls = CallRate(10)
    calls.throttled()
    assert calls.calls_per_second == 5
    for _ in range(10):
        calls.throttled()
    assert calls.calls_per_second == 0.5
    calls.answered()
    assert calls.calls_per_second == 0.6
    for _ in range(100):
        calls.answered()
    assert calls.calls_per_second == 10


def test_all_executions_of_an_account_and_region_share_one():
    def of(region="us-east-1", account="123456789012", resource="pipeline/a/execution/b"):
        return call_rate(Arn.parse(f"arn:aws:sagemaker:{region}:{account}:{resource}"))

    assert of() is of(resource="pipeline/c/execution/d")
    assert of() is not of(region="us-west-2")
    assert of() is not of(account="210987654321")
