"""``python -m benchmarks.parse``: the figures of parsing, each beside what it is measured against."""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.parse.corpus import CONF, write_configs
from benchmarks.parse.handwritten import write_dags

REPOSITORY = Path(__file__).resolve().parents[2]
LOADER = "from sagemaker_mirror.factory import build_dags  # Airflow DAGs\nglobals().update(build_dags())\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folders", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="parse-") as home:
        os.environ["AIRFLOW_HOME"] = home
        folder = Path(home) / "dags"
        names = write_configs(folder / "configs", options.folders)
        _write_dag_files(folder, names[-1])
        compileall.compile_dir(folder, quiet=2)
        compileall.compile_dir(REPOSITORY / "provider", quiet=2)

        digests = {file: run(folder / file, "--digest")["digest"] for file in ("ours.py", "handwritten.py")}
        assert len(set(digests.values())) == 1, "the hand-written DAGs are others than ours"

        full = measure([folder / "handwritten.py", folder / "ours.py"], options.rounds)
        one = measure([folder / "one_handwritten.py", folder / "ours.py"], options.rounds, only=names[-1])

    lines = CONF.count("\n")
    print(
        f"{options.folders} folders of 8 steps, confs of {lines} lines; medians of {options.rounds} fresh processes"
    )
    report("all folders", full, "handwritten.py")
    report("one task run", one, "one_handwritten.py")


def _write_dag_files(folder: Path, one: str) -> None:
    (folder / "ours.py").write_text(LOADER)
    sys.path.insert(0, str(REPOSITORY))
    from sagemaker_mirror.factory import build_dags

    dags = build_dags(folder / "configs")
    (folder / "handwritten.py").write_text(write_dags(dags))
    (folder / "one_handwritten.py").write_text(write_dags({one: dags[one]}))


def measure(files: list[Path], rounds: int, only: str | None = None) -> dict[str, dict[str, float]]:
    """Return the median of each figure, by file; the files take turns, so that a busy machine is so for both.

    :param files: the DAG files
    :param rounds: how many fresh processes for each
    :param only: the DAG whose task is to be run; None: the DAG processor parses
    """
    runs: dict[str, list[dict]] = {file.name: [] for file in files}
    for _ in range(rounds):
        for file in files:
            runs[file.name].append(run(file, only=only))
    return {
        name: {key: statistics.median(result[key] for result in results) for key in ("imports", "build")}
        for name, results in runs.items()
    }


def run(file: Path, *arguments: str, only: str | None = None) -> dict:
    """Parse a DAG file in a process of its own.

    :param file: the DAG file
    :param only: the DAG whose task is to be run
    """
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    if only is not None:
        env |= {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": only, "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "start"}
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.parse.measure", str(file), *arguments]
    done = subprocess.run(command, env=env, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["heavy"] == [], f"parsing {file.name} loads {result['heavy']}"
    return result


def report(title: str, figures: dict[str, dict[str, float]], floor: str) -> None:
    """Print one comparison."""
    print(f"\n{title}")
    for name, figure in figures.items():
        ratio = figure["build"] / figures[floor]["build"]
        print(
            f"  {name:20} build {figure['build'] * 1000:8.1f} ms  {ratio:5.2f} x"
            f"   imports {figure['imports'] * 1000:6.1f} ms"
        )


if __name__ == "__main__":
    main()
