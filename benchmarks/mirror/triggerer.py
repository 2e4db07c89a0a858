"""``python -m benchmarks.mirror.triggerer SIDE``: one triggerer process that watches executions, and its figures.

Reads ``{"arns": …, "steps": …, "interval": …}`` from standard input; writes its figures as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from airflow.api_fastapi.execution_api.datamodels.taskinstance import DagRun
from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.executors.workloads.trigger import RunTrigger
from airflow.models.trigger import Trigger
from airflow.serialization.serialized_objects import DagSerialization

from benchmarks.mirror.runner import MeasuredRunner
from sagemaker_mirror.compat import DAG
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineExecutionOperator,
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
)

DAG_ID = "watched"
_ARN = "{{ ti.xcom_pull(task_ids='start', map_indexes=-1) }}"
_NOW = datetime.now(timezone.utc)


def ours(arns: Sequence[str], steps: Sequence[str], interval: float) -> Iterator[RunTrigger]:
    """The triggers of all tasks that wait: for each execution its owner's, and one for each step."""
    waiting: dict[str, Any] = {"pipeline_execution_arn": _ARN, "deferrable": True, "poll_interval": interval}
    with DAG(DAG_ID, schedule=None) as dag:
        start = SageMakerPipelineStartOperator(task_id="start", pipeline_name="watched")
        start.set_downstream(SageMakerPipelineExecutionOperator(task_id="execution", **waiting))
        for name in steps:
            start.set_downstream(SageMakerPipelineStepOperator(task_id=name, **waiting))
    data = DagSerialization.to_dict(dag)
    stored = DagSerialization.from_dict(data)
    for run, arn in enumerate(arns):
        run_id = f"run-{run}"
        yield _workload(
            run * 100,
            "sagemaker_mirror.triggers.sagemaker_pipeline.SageMakerPipelineTrigger",
            {
                "pipeline_execution_arn": arn,
                "poll_interval": interval,
                "stop_scope": "task or run",
                "task": [DAG_ID, run_id, "execution", -1],
                "resumed_by": list(steps),
            },
            _task_instance("execution", run_id),
        )
        for number, name in enumerate(steps, start=1):
            arguments = stored.get_task(name).start_trigger_args
            yield _workload(
                run * 100 + number,
                arguments.trigger_cls,
                arguments.trigger_kwargs,
                _task_instance(name, run_id),
                dag_data=data,
                dag_run_data=_dag_run(run_id),
            )


def amazon(arns: Sequence[str], steps: Sequence[str], interval: float) -> Iterator[RunTrigger]:
    """One trigger of the amazon provider for each execution: it knows no tasks for steps."""
    for run, arn in enumerate(arns):
        yield _workload(
            run * 100,
            "airflow.providers.amazon.aws.triggers.sagemaker.SageMakerPipelineTrigger",
            {
                "waiter_type": 1,
                "pipeline_execution_arn": arn,
                "waiter_delay": interval,
                "waiter_max_attempts": 1000,
                "aws_conn_id": "aws_default",
            },
            _task_instance("execution", f"run-{run}"),
        )


def main() -> None:
    """Watch to the end, and write what it cost."""
    _be_quiet()
    given = json.load(sys.stdin)
    workloads = list({"ours": ours, "amazon": amazon}[sys.argv[1]](given["arns"], given["steps"], given["interval"]))
    before, began = _cpu(), time.time()
    runner = MeasuredRunner(workloads, lambda message: given["arns"][int(message.run_id.partition("-")[2])])
    runner.run()
    lags = sorted(runner.lags)
    figures = {
        "triggers": len(workloads),
        "failed": [str(failure) for failure in runner.failed],
        "begun": [[*_place(number, given), moment] for number, moment in runner.begun.items()],
        "fired": [[*_place(number, given), *event] for number, event in runner.fired.items()],
        "lag_p50": statistics.median(lags),
        "lag_p99": lags[int(len(lags) * 0.99)],
        "lag_max": lags[-1],
        "blocked": sum(lag > runner.blocked_main_thread_warning_threshold for lag in lags),
        "cpu_seconds": _cpu() - before,
        "seconds": time.time() - began,
        "memory_mb": _peak_mb(),
    }
    json.dump(figures, sys.stdout)


def _place(number: int, given: dict[str, Any]) -> tuple[str, str | None]:
    run, step = divmod(number, 100)
    return given["arns"][run], given["steps"][step - 1] if step else None


def _workload(number: int, classpath: str, kwargs: Any, ti: TaskInstanceDTO, **rest: Any) -> RunTrigger:
    return RunTrigger(id=number, classpath=classpath, encrypted_kwargs=Trigger.encrypt_kwargs(kwargs), ti=ti, **rest)


def _task_instance(task_id: str, run_id: str) -> TaskInstanceDTO:
    return TaskInstanceDTO(
        id=uuid4(),
        dag_version_id=uuid4(),
        dag_id=DAG_ID,
        run_id=run_id,
        task_id=task_id,
        try_number=1,
        pool_slots=1,
        priority_weight=1,
    )


def _dag_run(run_id: str) -> dict[str, Any]:
    return DagRun(
        dag_id=DAG_ID,
        run_id=run_id,
        logical_date=_NOW,
        data_interval_start=_NOW,
        data_interval_end=_NOW,
        run_after=_NOW,
        start_date=_NOW,
        end_date=None,
        run_type="manual",
        state="running",
        consumed_asset_events=[],
        partition_key=None,
    ).model_dump(exclude_unset=True)


def _be_quiet() -> None:
    # A triggerer writes logs into a socket that another process reads; here they are made, and go nowhere.
    logging.disable(logging.NOTSET)
    sink = Path(os.devnull).open("w")  # noqa: SIM115 - until the process ends
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sink), cache_logger_on_first_use=False)
    logging.basicConfig(stream=sink, level=logging.INFO, force=True)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_mb() -> float:
    # What getrusage tells is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024 / 1e6


if __name__ == "__main__":
    main()
