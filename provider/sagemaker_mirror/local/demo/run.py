"""The demo from start to end: set up, train, show, serve, take down."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from sagemaker_mirror.config import discover, load_folder
from sagemaker_mirror.local.demo.airflow import ENDED, POLL
from sagemaker_mirror.local.demo.display import display
from sagemaker_mirror.local.demo.environment import DemoEnvironment, demo_environment
from sagemaker_mirror.local.demo.watch import execution_arn, rows

DAGS_WITHIN = 120.0  # seconds


@dataclass(frozen=True)
class DemoOptions:
    """What can be chosen.

    :param configs: the root of the config folders.
    :param dags: the folder with the loader.
    :param home: where the demo keeps its Airflow and its logs; made anew by every start.
    :param pipelines: the config folders to run; none means the first.
    :param runs: how many times to run each; from the second on, the step cache shows.
    :param exit: end when the runs have ended, in place of serving.
    :param port: where to serve the UI; another one is chosen when it is taken.
    :param sagemaker_port: the same for the embedded SageMaker.
    """

    configs: Path
    dags: Path
    home: Path
    pipelines: tuple[str, ...] = ()
    runs: int = 1
    exit: bool = False
    port: int = 8080
    sagemaker_port: int = 5055


def run_demo(options: DemoOptions, console: Console | None = None) -> int:
    """Run the demo until its runs have ended, or, without ``exit``, until Ctrl-C.

    :param options: what was chosen.
    :param console: where to write; standard output by default.
    :return: the exit code: 0 when every run succeeded.
    """
    console = console or Console()
    began = time.monotonic()
    folders = [folder.name for folder in discover(options.configs)]
    chosen = options.pipelines or tuple(folders[:1])
    environment_of_demo = demo_environment(
        configs=options.configs,
        dags=options.dags,
        home=options.home,
        port=options.port,
        sagemaker_port=options.sagemaker_port,
    )
    try:
        with _sigterm_is_ctrl_c():
            console.print("Starting the embedded SageMaker and Airflow …")
            with environment_of_demo as environment:
                url = environment.airflow.settings.url
                environment.airflow.wait_for_dags(folders, DAGS_WITHIN)
                console.print(f"Airflow is at {url}, SageMaker at {environment.sagemaker.endpoint_url}")
                if environment.airflow.sign_in is not None:
                    console.print("Sign in as {} with the password {}".format(*environment.airflow.sign_in))
                states = [
                    _run(environment, options.configs, folder, console)
                    for folder in chosen
                    for _ in range(options.runs)
                ]
                console.print(f"{time.monotonic() - began:.0f} s since the demo was started")
                if not options.exit:
                    console.print(f"\nLook around at {url}. Ctrl-C ends the demo and takes everything down.")
                    _serve(environment)
    except KeyboardInterrupt:
        console.print("Everything is down.")
        return 0
    return 0 if set(states) == {"success"} else 1


def _run(environment: DemoEnvironment, configs: Path, dag_id: str, console: Console) -> str:
    """Trigger a DAG, follow its run to the end, print what came of it, and return its state."""
    airflow = environment.airflow
    steps = [step.step_name for _, step in load_folder(configs / dag_id).steps]
    airflow.unpause(dag_id)
    run_id = airflow.trigger(dag_id)
    console.print(f"\n{airflow.run_url(dag_id, run_id)}", soft_wrap=True)
    table = display(console, dag_id)
    try:
        while True:
            state = airflow.run_state(dag_id, run_id)  # before the tasks, so that the last look shows them ended
            table.show(rows(environment, dag_id, run_id, steps))
            if state in ENDED:
                break
            airflow.processes.check()
            time.sleep(POLL)
    finally:
        table.close()
    console.print(f"The run's state is {state}.")
    if arn := execution_arn(environment, dag_id, run_id):
        _print_packages(environment, arn, console)
    return state


def _print_packages(environment: DemoEnvironment, arn: str, console: Console) -> None:
    """Print the model packages that an execution registered, with their metrics."""
    sagemaker, s3 = environment.client("sagemaker"), environment.client("s3")
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
    for step in (step for page in pages for step in page["PipelineExecutionSteps"]):
        package_arn = step.get("Metadata", {}).get("RegisterModel", {}).get("Arn")
        if package_arn is None:
            continue
        console.print(f"Registered {package_arn}", soft_wrap=True)
        package = sagemaker.describe_model_package(ModelPackageName=package_arn)
        metrics_uri = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri")
        if metrics_uri:
            location = urlsplit(metrics_uri)
            report = s3.get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))["Body"].read()
            console.print(_metrics_table(json.loads(report)))


def _metrics_table(report: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the metrics of a model quality report that are single numbers."""
    table = Table()
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("± deviation", justify="right")
    for metrics in report.values():
        for name, metric in metrics.items():
            if "value" in metric:
                table.add_row(name, f"{metric['value']:.4f}", f"{metric['standard_deviation']:.4f}")
    return table


def _serve(environment: DemoEnvironment) -> None:
    while True:
        environment.airflow.processes.check()
        time.sleep(POLL)


@contextmanager
def _sigterm_is_ctrl_c() -> Iterator[None]:
    """Take everything down on SIGTERM, too."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
