"""The least that could turn confs into DAGs: PyYAML's C loader, and no question asked.

No validation, no placeholders, no docs of steps, no merge of several files: what is left is reading YAML and making
the tasks. It says what of our time Airflow and the YAML take anyway.
"""

from __future__ import annotations

from pathlib import Path

SOURCE = """\
from datetime import datetime, timezone
from pathlib import Path

import yaml

from sagemaker_mirror.compat import DAG, TaskGroup
from sagemaker_mirror.operators.sagemaker_pipeline import (
    SageMakerPipelineExecutionOperator,
    SageMakerPipelineStartOperator,
    SageMakerPipelineStepOperator,
    SageMakerPipelineSummaryOperator,
    SageMakerPipelineUpsertOperator,
)

ROOT = Path(__file__).parent / "configs"
ARN = "{{ ti.xcom_pull(task_ids='start', map_indexes=-1) }}"
VERSION = "{{ ti.xcom_pull(task_ids='upsert', map_indexes=-1)['%s'] }}"


def build(path):
    text = path.read_text()
    pipeline = yaml.load(text, Loader=yaml.CSafeLoader)["conf"]["sagemakerPipeline"]
    name = path.parents[1].name
    start = datetime(2020, 1, 1, tzinfo=timezone.utc)
    dag = DAG(name, schedule=None, start_date=start, catchup=False, doc_md=text, tags=["sagemaker"])
    upsert = SageMakerPipelineUpsertOperator(task_id="upsert", config_folder=name, configs_root=str(ROOT), dag=dag)
    start = SageMakerPipelineStartOperator(
        task_id="start",
        pipeline_name=VERSION % "pipeline_name",
        pipeline_version_id=VERSION % "pipeline_version_id",
        dag=dag,
    )
    waiting = {"pipeline_execution_arn": ARN, "deferrable": True, "dag": dag}
    execution = SageMakerPipelineExecutionOperator(task_id="execution", **waiting)
    steps = {}
    for model, unit in pipeline["models"].items():
        group = TaskGroup(model + "_", prefix_group_id=False, parent_group=dag.task_group, dag=dag)
        for step in unit["steps"]:
            id = step["step_name"]
            steps[id] = SageMakerPipelineStepOperator(
                task_id=id, step_name=id, step_class=step["step_class"], task_group=group, **waiting
            )
    summary = SageMakerPipelineSummaryOperator(task_id="summary", step_names=list(steps), **waiting)
    first = set(steps)
    for line in pipeline["dependencies"]:
        chain = [steps[id.strip()] for id in line.split(">>")]
        for above, below in zip(chain, chain[1:]):
            above.set_downstream(below)
            first.discard(below.task_id)
    upsert.set_downstream(start)
    start.set_downstream([execution, *(steps[id] for id in sorted(first))])
    summary.set_upstream([execution, *steps.values()])
    return dag


for path in sorted(ROOT.glob("*/conf/conf.yaml")):
    globals()[path.parents[1].name] = build(path)
"""


def write_prototype(folder: Path) -> Path:
    """Write the DAG file, and return it.

    :param folder: the folder that has ``configs/``
    """
    file = folder / "prototype.py"
    file.write_text(SOURCE)
    return file
