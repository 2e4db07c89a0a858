"""Whole processes, from the interpreter's start to the definition on stdout: ours and the SDK's."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sagemaker_mirror.local import LocalSageMaker
from tests.conformance import sdk_process
from tests.conformance.cases import Case

# What a process has used at most, of its own; what getrusage tells is inherited from the process that started it.
_PEAK = """
import re, sys
from pathlib import Path
from sagemaker_mirror.cli import main
code = main(sys.argv[1:])
assert "airflow" not in sys.modules
status = Path("/proc/self/status").read_text()
print(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1], file=sys.stderr)
sys.exit(code)
"""


def ours_and_sdk(case: Case, folder: Path, home: Path, rounds: int) -> tuple[float, float | None]:
    """Time both sides' processes in turns, so that a busy machine is so for both; the medians, in seconds.

    Ours uploads nothing. The SDK has no such way: it uploads while it builds, here to a local S3.

    :param case: the conf.
    :param folder: its folder.
    :param home: an empty folder.
    :param rounds: how many processes of each.
    """
    ours = [sys.executable, "-m", "sagemaker_mirror.cli", "compile", str(folder)]
    sdk = [str(sdk_process.PYTHON), "-m", "tests.conformance.sdk"]
    times: tuple[list[float], list[float]] = [], []
    with LocalSageMaker() as local:
        description = json.dumps([case.description()])
        for _ in range(rounds):
            times[0].append(_time(ours, _environment(case.values)))
            if sdk_process.installed():
                times[1].append(_time(sdk, sdk_process.environment(local.endpoint_url, home), description))
    return statistics.median(times[0]), statistics.median(times[1]) if times[1] else None


def peak_memory(case: Case, folder: Path) -> float | None:
    """What a process that compiles uses at most, in MB; None where the system doesn't tell."""
    if not Path("/proc/self/status").exists():
        return None
    command = [sys.executable, "-c", _PEAK, "compile", str(folder), "--output", os.devnull]
    done = subprocess.run(command, env=_environment(case.values), capture_output=True, text=True, check=True)
    return int(done.stderr.split()[-1]) * 1024 / 1e6


def _time(command: Sequence[str], environment: Mapping[str, str], given: str = "") -> float:
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=sdk_process.REPOSITORY, env=environment, input=given, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - start
    if done.returncode or not done.stdout:
        raise SystemExit(done.stderr + done.stdout)
    return taken


def _environment(values: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.defpath, **values}
