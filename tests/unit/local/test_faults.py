from __future__ import annotations

import threading

import pytest

from sagemaker_mirror.local.faults import CallFault, Faults, StepFault, parse_fault


@pytest.mark.parametrize(("share", "expected"), [(0.3, 30), (0.1, 10), (0.5, 50), (1.0, 100), (0.29, 29)])
def test_a_share_is_spread_evenly(share: float, expected: int) -> None:
    faults = Faults()
    faults.add(CallFault("List*", "throttle", share=share))
    hits = [faults.for_call("ListPipelines") is not None for _ in range(100)]
    assert sum(hits) == expected
    if share == 0.3:
        assert all(sum(hits[start : start + 10]) == 3 for start in range(0, 100, 10))


def test_times_limits_the_hits() -> None:
    faults = Faults()
    number = faults.add(CallFault("StartPipelineExecution", "fail", times=2))
    assert faults.for_call("StopPipelineExecution") is None
    assert [faults.for_call("StartPipelineExecution") is not None for _ in range(4)] == [True, True, False, False]
    assert faults.listed()[number][1] == 2


def test_a_fault_can_be_about_one_resource() -> None:
    faults = Faults()
    faults.add(CallFault("*", "fail", resource="*pipeline/wines/*"))
    assert faults.for_call("DescribePipelineExecution", "arn:…:pipeline/wines/execution/1") is not None
    assert faults.for_call("DescribePipelineExecution", "arn:…:pipeline/beers/execution/1") is None
    assert faults.for_call("s3:GET", "/bucket/wines") is None


def test_used_up_faults_let_the_next_hit() -> None:
    faults = Faults()
    faults.add(CallFault("*", "fail", times=1))
    faults.add(CallFault("*", "deny", times=1))
    kinds = [hit[1].kind if hit else None for hit in (faults.for_call("X") for _ in range(3))]
    assert kinds == ["fail", "deny", None]


def test_lifted_faults_hit_no_more() -> None:
    faults = Faults()
    number = faults.add(StepFault("Train", "fail"))
    assert faults.for_step("Train") is not None
    assert faults.remove(number)
    assert not faults.remove(number)
    assert faults.for_step("Train") is None


@pytest.mark.parametrize("release", ["remove", "clear", "stop"])
def test_a_hold_ends_when_it_is_lifted_or_a_stop_is_asked_for(release: str) -> None:
    faults, stop = Faults(), threading.Event()
    number = faults.add(StepFault("Train", "hold"))
    waiting = threading.Thread(target=faults.wait_while_held, args=(number, stop), daemon=True)
    waiting.start()
    if release == "remove":
        faults.remove(number)
    elif release == "clear":
        faults.clear()
    else:
        stop.set()
        faults.wake()
    waiting.join(10)
    assert not waiting.is_alive()


def test_faults_are_read_from_json() -> None:
    assert parse_fault({"operation": "s3:*", "kind": "delay", "seconds": 2}) == CallFault("s3:*", "delay", seconds=2)
    assert parse_fault({"step": "Train", "kind": "slow", "times": 1}) == StepFault("Train", "slow", times=1)


@pytest.mark.parametrize(
    "entry",
    [
        {"operation": "X", "kind": "odd"},
        {"operation": "X", "kind": "fail", "share": 0},
        {"operation": "X", "kind": "fail", "odd": 1},
        {"kind": "fail"},
        {"step": "X", "kind": "throttle"},
    ],
)
def test_what_is_no_fault(entry: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        parse_fault(entry)
