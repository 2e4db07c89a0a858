"""``python -m benchmarks.compile``: what compiling costs, beside the same through the SageMaker SDK."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.compile.figures import Figure, print_table
from sagemaker_mirror.compiler import Target, check_definition, compile_pipeline
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.graph import build_graph

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "configs" / "digits-pca-classifier"
VALUES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "us-east-1",
    "SMP_S3BUCKETNAME": "compile",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
}


def main() -> int:
    """Measure, print, and tell by the exit code whether a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="compilations in one process (50)")
    parser.add_argument("--processes", type=int, default=5, help="processes of each side (5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="compile-") as scratch:
        # Before anything imports Airflow, which reads it then.
        os.environ.update(AIRFLOW_HOME=scratch, AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING")
        figures = [_warm(options.rounds), *_cold(Path(scratch), options.processes), *_calls(Path(scratch))]
    print(f"{FOLDER.name}: two models, nine steps; medians")
    print_table(figures)
    return any(figure.missed for figure in figures)


def _warm(rounds: int) -> Figure:
    _compile(VALUES)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        _compile(VALUES)
        times.append(time.perf_counter() - start)
    return Figure("load, graph, compile, check", statistics.median(times) * 1000, "ms", 40, note="one process, warm")


def _compile(values: Mapping[str, str]) -> None:
    config = load_folder(FOLDER).resolve(values)
    target = Target.from_values(values, config.base)
    problems = check_definition(compile_pipeline(config, build_graph(config), target, values).definition)
    assert not problems, problems


def _cold(scratch: Path, rounds: int) -> list[Figure]:
    from benchmarks.compile.processes import ours_and_sdk, peak_memory
    from tests.conformance.cases import cases

    (case,) = cases([FOLDER], scratch, {"cold": VALUES})
    ours, sdk = ours_and_sdk(case, case.config.path, scratch, rounds)
    ratio = None if sdk is None else sdk / ours
    about_sdk = "`make conformance` sets it up" if sdk is None else "without its telemetry, uploads to a local S3"
    return [
        Figure(
            "process, interpreter start to definition", ours, "s", 1.0, note="the command line's `compile`, no upload"
        ),
        Figure("the same through the SageMaker SDK", sdk, "s", note=about_sdk),
        Figure("SDK's time by ours", ratio, "x", 6, at_least=True),
        Figure("peak memory of that process", peak_memory(case, case.config.path), "MB", 80, note="without Airflow"),
    ]


def _calls(scratch: Path) -> list[Figure]:
    from benchmarks.compile.calls import upserts

    folder = scratch / "configs" / FOLDER.name
    script = folder / "classifier" / "scripts" / "train.py"
    first, again, changed = upserts(folder, script, VALUES)
    about_version = ("DescribePipeline", "ListPipelineVersions", "ListTags")
    return [
        Figure("calls, new pipeline", sum(first.calls.values()), "calls", note=first.text()),
        Figure("unchanged: reads of S3", again.count("s3:HEAD", "s3:GET"), "calls", again.objects, note=again.text()),
        Figure("unchanged: reads of SageMaker", again.count(*about_version), "calls", 3),
        Figure("unchanged: writes", again.writes, "calls", 0),
        Figure("changed script: uploads", changed.count("s3:PUT"), "calls", changed.uploaded, note=changed.text()),
        Figure("changed script: bundles that differ", changed.uploaded, "objects", 1),
        Figure("changed script: other writes", changed.writes - changed.count("s3:PUT"), "calls", 1),
    ]


if __name__ == "__main__":
    sys.exit(main())
