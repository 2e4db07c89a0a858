"""One parse in a process of its own; prints the seconds of CPU as JSON."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import sys
import time


def main() -> None:
    """Load Airflow, then what the DAG file builds its DAGs with, then the DAG file; time the last two.

    In seconds of this process's own work: what else the machine does, and waiting for disks, doesn't count.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("dag_file")
    parser.add_argument("--builder", default="sagemaker_mirror.factory.dags", help="module that the DAG file imports")
    parser.add_argument("--digest", action="store_true", help="a hash over the DAGs as Airflow stores them")
    options = parser.parse_args()

    from sagemaker_mirror.compat import DAG, BaseOperator, TaskGroup

    # Airflow loads much of itself with the first DAG, whoever makes it.
    warm = DAG("warm", schedule=None)
    BaseOperator(task_id="warm", dag=warm, task_group=TaskGroup("group", dag=warm, parent_group=warm.task_group))

    start = time.process_time()
    from sagemaker_mirror.operators import sagemaker_pipeline

    for name in sagemaker_pipeline.__all__:
        getattr(sagemaker_pipeline, name)
    importlib.import_module(options.builder)
    imported = time.process_time()
    dags = _load(options.dag_file)
    built = time.process_time()
    result = {
        "imports": imported - start,
        "build": built - imported,
        "dags": len(dags),
        "heavy": [name for name in ("boto3", "botocore", "pandas") if name in sys.modules],
    }
    if options.digest:
        result["digest"] = _digest(dags)
    print(json.dumps(result))


def _load(dag_file: str) -> list:
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    from sagemaker_mirror.compat import DAG

    # As Airflow loads a DAG file: byte code that is there is used.
    loader = SourceFileLoader("dag_file", dag_file)
    module = module_from_spec(spec_from_loader("dag_file", loader))
    loader.exec_module(module)
    return [value for value in vars(module).values() if isinstance(value, DAG)]


def _digest(dags: list) -> str:
    from tests.unit.factory.serialise import serialise

    stored = {dag.dag_id: serialise(dag) for dag in dags}
    for dag in stored.values():
        for task in dag["dag"]["tasks"]:
            # Copies of the DAG's params, which our tasks don't carry; runs merge the DAG's own.
            task["__var"].pop("params", None)
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    main()
