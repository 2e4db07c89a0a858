"""``python -m benchmarks.mirror``: what watching executions costs, beside the amazon provider's own trigger."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.compile.figures import Figure, print_table
from benchmarks.mirror.executions import SageMaker, sagemaker, step_names

_LATENESS = 2.0  # seconds beyond an interval


@dataclass(frozen=True)
class Watched:
    """One side's triggerer, after it has watched executions to their end.

    :param figures: what it measured itself
    :param looks: when SageMaker was asked for an execution, in seconds since the epoch
    :param ends: when each step ended in SageMaker
    """

    figures: dict[str, Any]
    looks: list[float]
    ends: dict[tuple[str, str], float]

    def calls_per_interval(self, interval: float) -> tuple[float | None, int]:
        """Return the mean and the most, over all whole intervals in which all triggers waited; None: in none."""
        begin = max(moment for *_, moment in self.figures["begun"]) + interval
        end = min(max(moment for (arn, _), moment in self.ends.items() if arn == one) for one, _ in self.ends)
        spans = int((end - begin) // interval)
        counts = [
            sum(begin + number * interval <= look < begin + (number + 1) * interval for look in self.looks)
            for number in range(spans)
        ]
        return (sum(counts) / len(counts), max(counts)) if counts else (None, 0)

    def lateness(self) -> list[float]:
        """Return how long after the end of its step each task ended, or after its own start, if that was later."""
        begun = {(arn, step): moment for arn, step, moment in self.figures["begun"]}
        return sorted(
            moment - max(self.ends[arn, step], begun[arn, step])
            for arn, step, moment, _ in self.figures["fired"]
            if step is not None
        )


def main() -> int:
    """Measure, print, and tell by the exit code whether a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mirror", description=__doc__)
    parser.add_argument("--executions", type=int, default=50, help="executions that run at once (50)")
    parser.add_argument("--steps", type=int, default=20, help="steps of each, all at once (20)")
    parser.add_argument("--interval", type=float, default=15, help="seconds between two looks (15)")
    parser.add_argument("--seconds", type=float, default=120, help="how long an execution takes (120)")
    parser.add_argument(
        "--aiobotocore", metavar="FOLDER", help="where aiobotocore is, which the amazon provider's trigger needs"
    )
    options = parser.parse_args()
    steps = step_names(options.steps)
    with sagemaker(steps, options.seconds) as server, tempfile.TemporaryDirectory(prefix="mirror-") as home:
        watch = _Watch(server, home, options.executions, steps, options.interval)
        ours = watch.run("ours")
        theirs = watch.run("amazon", options.aiobotocore)
    print(
        f"{options.executions} executions of {options.steps} steps in one triggerer, looked at every "
        f"{options.interval:g} s for {options.seconds:g} s"
    )
    figures = _figures(ours, theirs, options)
    print_table(figures)
    return any(figure.missed for figure in figures)


@dataclass(frozen=True)
class _Watch:
    server: SageMaker
    home: str
    executions: int
    steps: Sequence[str]
    interval: float

    def run(self, side: str, packages: str | None = None) -> Watched | None:
        environment = self._environment(packages)
        needed = "import aiobotocore" if side == "amazon" else "pass"
        if subprocess.run(
            [sys.executable, "-c", needed], env=environment, capture_output=True, check=False
        ).returncode:
            return None
        arns = self.server.start(self.executions)
        last = self.server.last_call()
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.mirror.triggerer", side],
            env=environment,
            input=json.dumps({"arns": arns, "steps": self.steps, "interval": self.interval}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return Watched(json.loads(done.stdout), self.server.looks(last), self.server.step_ends(arns))

    def _environment(self, packages: str | None) -> dict[str, str]:
        connection = {
            "conn_type": "aws",
            "login": "testing",
            "password": "testing",
            "extra": {"region_name": "us-east-1", "endpoint_url": self.server.endpoint_url},
        }
        path = [packages] if packages else []
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "AWS_"))},
            "AIRFLOW_HOME": self.home,
            "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONPATH": os.pathsep.join([*path, *filter(None, [os.environ.get("PYTHONPATH")])]),
        }


def _figures(ours: Watched | None, theirs: Watched | None, options: argparse.Namespace) -> list[Figure]:
    assert ours is not None
    mean, most = ours.calls_per_interval(options.interval)
    late, mine = ours.lateness(), ours.figures
    pages = (options.steps - 1) // 100
    successes = sum(state == "success" for *_, step, _, state in mine["fired"] if step is not None)
    figures = [
        Figure("triggers", mine["triggers"], "", note="one for each step, and one for each owner"),
        Figure("tasks of steps that ended as success", successes, "", options.executions * options.steps, True),
        Figure("triggers that failed", len(mine["failed"]), "", 0),
        Figure("calls per interval, mean", mean, "calls", options.executions * (2 + pages), note=f"most: {most}"),
        Figure("end of step to event, median", late[len(late) // 2], "s"),
        Figure("end of step to event, latest", late[-1], "s", options.interval + _LATENESS),
        Figure("lag of the event loop, median", mine["lag_p50"] * 1000, "ms"),
        Figure("lag of the event loop, 99th percentile", mine["lag_p99"] * 1000, "ms", 100),
        Figure("lag of the event loop, most", mine["lag_max"] * 1000, "ms", note=f"over 200 ms: {mine['blocked']} x"),
        *_cost("ours", ours),
    ]
    about = "one trigger per execution, no tasks for steps; needs aiobotocore, see --aiobotocore"
    if theirs is None:
        return [*figures, Figure("amazon: CPU", None, "", note=about)]
    calls, most = theirs.calls_per_interval(options.interval)
    return [
        *figures,
        *_cost("amazon", theirs),
        Figure("amazon: calls per interval, mean", calls, "calls", note=about),
        Figure("amazon: lag of the event loop, 99th percentile", theirs.figures["lag_p99"] * 1000, "ms"),
    ]


def _cost(side: str, watched: Watched) -> list[Figure]:
    share = watched.figures["cpu_seconds"] / watched.figures["seconds"]
    return [
        Figure(f"{side}: CPU", watched.figures["cpu_seconds"], "s", note=f"{share:.1%} of a core"),
        Figure(f"{side}: peak memory", watched.figures["memory_mb"], "MB", note="of the whole process, with Airflow"),
    ]


if __name__ == "__main__":
    sys.exit(main())
