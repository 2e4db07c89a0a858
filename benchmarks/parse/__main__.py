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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.parse.corpus import CONF, write_configs
from benchmarks.parse.handwritten import write_dags
from benchmarks.parse.peers import PINS, install, write_blueprint, write_dag_factory
from benchmarks.parse.prototype import write_prototype

REPOSITORY = Path(__file__).resolve().parents[2]
LOADER = "from sagemaker_mirror.factory import build_dags  # Airflow DAGs\nglobals().update(build_dags())\n"
NOTHING = "sagemaker_mirror.compat"  # what everybody has imported already


@dataclass(frozen=True)
class Candidate:
    """One way to build the DAGs.

    :param name: in the table
    :param file: the DAG file
    :param builder: the module that it imports for it
    :param of_others: whether it is somebody else's, which may import what it wants
    """

    name: str
    file: Path
    builder: str = NOTHING
    of_others: bool = False


@dataclass(frozen=True)
class Figures:
    """Medians, in seconds of CPU.

    :param imports: until the builder and the operators are imported, Airflow itself being there
    :param build: until the DAG file has made its DAGs
    """

    imports: float
    build: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parse", description=__doc__)
    parser.add_argument("--folders", type=int, default=200, help="how many config folders (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="fresh processes for each median (%(default)s)")
    parser.add_argument("--without-peers", action="store_true", help="leave out what has to be installed")
    options = parser.parse_args()

    with prepared(options.folders, with_peers=not options.without_peers) as (names, floor, one, candidates):
        everything = measure([floor, *candidates], options.rounds)
        task = measure([one, *candidates], options.rounds, only=names[-1])

    lines = CONF.count("\n")
    print(
        f"{options.folders} folders of 8 steps, confs of {lines} lines; CPU time, medians of {options.rounds} fresh "
        f"processes"
    )
    report("all folders", everything, floor)
    report("one task run", task, one)


@contextmanager
def prepared(folders: int, with_peers: bool) -> Iterator[tuple[list[str], Candidate, Candidate, list[Candidate]]]:
    """Give the names of the DAGs, both floors, and what is measured against them.

    :param folders: how many there shall be
    :param with_peers: whether other DAG builders are among them
    """
    with tempfile.TemporaryDirectory(prefix="parse-") as home:
        os.environ |= {"AIRFLOW_HOME": home, "DO_NOT_TRACK": "1"}
        folder = Path(home) / "dags"
        names = write_configs(folder / "configs", folders)
        from sagemaker_mirror.factory import build_dags

        dags = build_dags(folder / "configs")
        ours = Candidate("ours", folder / "ours.py", "sagemaker_mirror.factory.dags")
        floor = Candidate("hand-written Python", folder / "handwritten.py")
        one = Candidate("hand-written Python", folder / "one_handwritten.py")
        ours.file.write_text(LOADER)
        floor.file.write_text(write_dags(dags))
        one.file.write_text(write_dags({names[-1]: dags[names[-1]]}))
        candidates = [ours, Candidate("prototype, no validation", write_prototype(folder), "yaml")]
        if with_peers:
            os.environ["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(install())])
            for name, write, builder in (
                ("dag-factory", write_dag_factory, "dagfactory"),
                ("airflow-blueprint", write_blueprint, "blueprint"),
            ):
                file = write(dags, Path(home) / builder)
                candidates.append(Candidate(PINS[name].replace("==", " "), file, builder, of_others=True))
        for written in (home, REPOSITORY / "provider"):
            compileall.compile_dir(written, quiet=2)

        digests = {candidate.file: run(candidate, "--digest")["digest"] for candidate in (ours, floor)}
        assert len(set(digests.values())) == 1, "the hand-written DAGs are others than ours"
        yield names, floor, one, candidates


def measure(candidates: Sequence[Candidate], rounds: int, only: str | None = None) -> dict[str, Figures]:
    """Return the medians by candidate; they take turns, so that a busy machine is so for all.

    :param rounds: how many fresh processes for each
    :param only: the DAG whose task is to be run; None: the DAG processor parses
    """
    runs: dict[str, list[dict]] = {candidate.name: [] for candidate in candidates}
    for _ in range(rounds):
        for candidate in candidates:
            runs[candidate.name].append(run(candidate, only=only))
    return {
        name: Figures(*(statistics.median(result[key] for result in results) for key in ("imports", "build")))
        for name, results in runs.items()
    }


def run(candidate: Candidate, *arguments: str, only: str | None = None) -> dict:
    """Parse a DAG file in a process of its own.

    :param only: the DAG whose task is to be run
    """
    env = dict(os.environ)
    if only is not None:
        env |= {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": only, "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "start"}
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.parse.measure", str(candidate.file), *arguments]
    done = subprocess.run(
        [*command, "--builder", candidate.builder],
        env=env,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["dags"], f"{candidate.name} builds no DAG: {done.stderr}"
    assert candidate.of_others or result["heavy"] == [], f"parsing {candidate.file.name} loads {result['heavy']}"
    return result


def report(title: str, figures: dict[str, Figures], floor: Candidate) -> None:
    """Print one comparison."""
    print(f"\n{title}")
    for name, figure in figures.items():
        ratio = figure.build / figures[floor.name].build
        print(
            f"  {name:26} build {figure.build * 1000:8.1f} ms  {ratio:5.2f} x"
            f"   imports {figure.imports * 1000:6.1f} ms"
        )


if __name__ == "__main__":
    main()
