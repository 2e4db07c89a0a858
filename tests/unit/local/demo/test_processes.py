from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sagemaker_mirror.local.demo.processes import ProcessDied, Processes

WAITS = [sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"]
HAS_A_CHILD = ["/bin/sh", "-c", "sleep 600 & echo $!; wait"]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.stop(grace=0)


def start(processes: Processes, name: str, command: list[str]) -> psutil.Process:
    before = set(psutil.Process().children())
    processes.start(name, command, os.environ)
    (child,) = set(psutil.Process().children()) - before
    return child


def test_one_child_can_be_ended_alone(processes: Processes) -> None:
    lost, stays = start(processes, "lost", WAITS), start(processes, "stays", WAITS)
    processes.stop("lost", grace=0)
    assert not lost.is_running()
    assert stays.is_running()
    processes.check()


def test_descendants_end_too(processes: Processes) -> None:
    start(processes, "parent", HAS_A_CHILD)
    while not (written := processes.log_path("parent").read_text()).endswith("\n"):
        pass
    grandchild = psutil.Process(int(written))
    processes.stop()
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_child_that_ended_by_itself_is_told_of_with_its_last_words(processes: Processes) -> None:
    child = start(processes, "short", ["/bin/sh", "-c", "echo farewell"])
    psutil.wait_procs([child], timeout=30)
    with pytest.raises(ProcessDied, match=r"(?s)short ended unexpectedly.*farewell"):
        processes.check()


def test_a_command_that_fails_is_told_of(processes: Processes) -> None:
    with pytest.raises(ProcessDied, match="no such thing"):
        processes.run("fails", ["/bin/sh", "-c", "echo no such thing; exit 3"], os.environ)
