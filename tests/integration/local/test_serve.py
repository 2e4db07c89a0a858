"""The server as a process of its own, as the command line starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.local.clients import make_client

from .definitions import create, processing, start

SERVE = "import sys; from sagemaker_mirror.local.server import serve; serve(0, sys.argv[1], True)"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    yield process, process.stdout.readline().split()[-1]
    process.kill()
    process.wait()
    process.stdout.close()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_the_processes_of_its_jobs(
    server: tuple[subprocess.Popen[str], str], tmp_path: Path, number: signal.Signals
) -> None:
    process, url = server
    with urllib.request.urlopen(f"{url}/_local/health", timeout=30) as response:
        assert json.load(response)["status"] == "ok"
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    step = processing("Sleep")
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = [
        "/bin/sh",
        "-c",
        f"sleep 3600 & echo $! > {fifo}; wait",
    ]
    sagemaker: Any = make_client("sagemaker", url)
    create(sagemaker, "sleepy", step)
    start(sagemaker, "sleepy")
    pid = int(fifo.read_text())  # blocks until the job writes
    process.send_signal(number)
    assert process.wait(60) == 0
    assert not is_alive(pid)
