"""The benchmark of parsing compares like with like: it fails where the hand-written DAGs are others than ours."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import REPOSITORY


def test_it_measures_the_same_dags_on_both_sides() -> None:
    command = [sys.executable, "-m", "benchmarks.parse", "--folders", "2", "--rounds", "1", "--without-peers"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "one task run" in done.stdout
