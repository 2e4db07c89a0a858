"""A pipeline in somebody's own DAG."""

from __future__ import annotations

import pytest

from sagemaker_mirror.compat import DAG, BaseOperator, timezone
from sagemaker_mirror.config import ConfigError
from sagemaker_mirror.factory import SageMakerPipelineDag, SageMakerPipelineTaskGroup
from tests.unit.factory.conftest import CHURN, TWO_MODELS
from tests.unit.factory.serialise import deserialise, serialise

STEPS = [name for name, _, _ in CHURN["churn"]]


@pytest.fixture
def nightly():
    return DAG("nightly", schedule=None, start_date=timezone.datetime(2026, 1, 1), catchup=False)


def test_a_group_has_the_pipelines_tasks_under_its_prefix(configs, nightly):
    configs.add("churn")
    with nightly:
        group = SageMakerPipelineTaskGroup("churn", configs=configs.root, group_id="weekly")
    own = {f"weekly.{name}" for name in ("upsert", "start", "execution", "summary")}
    assert set(nightly.task_ids) == own | {f"weekly.churn.{name}" for name in STEPS}
    assert group.pipeline.steps["fit"].task_id == "weekly.churn.fit"
    assert group.pipeline.steps["fit"].step_name == "fit"


def test_a_model_named_like_its_folder_gives_way(configs, nightly):
    configs.add("churn")
    with nightly:
        group = SageMakerPipelineTaskGroup("churn", configs=configs.root)
    assert group.pipeline.steps["fit"].task_id == "churn.churn_.fit"


def test_a_groups_tasks_read_the_execution_of_its_own_start(configs, nightly):
    configs.add("churn")
    with nightly:
        group = SageMakerPipelineTaskGroup("churn", configs=configs.root, group_id="weekly")
    assert "'weekly.start'" in group.pipeline.steps["fit"].pipeline_execution_arn


def test_the_same_pipeline_twice_in_one_dag(configs, nightly):
    configs.add("churn")
    with nightly:
        first = SageMakerPipelineTaskGroup("churn", configs=configs.root, group_id="first")
        second = SageMakerPipelineTaskGroup("churn", configs=configs.root, group_id="second")
        first >> second
    assert first.pipeline.summary.downstream_task_ids == {"second.upsert"}


def test_a_group_stands_between_other_tasks(configs, nightly):
    configs.add("two-models", TWO_MODELS)
    with nightly:
        before, after = BaseOperator(task_id="before"), BaseOperator(task_id="after")
        before >> SageMakerPipelineTaskGroup("two-models", configs=configs.root) >> after
    assert before.downstream_task_ids == {"two-models.upsert"}
    assert after.upstream_task_ids == {"two-models.summary"}


def test_a_parameter_from_an_upstream_task_makes_an_edge(configs, nightly):
    configs.add("churn")
    with nightly:
        extract = BaseOperator(task_id="extract")
        SageMakerPipelineTaskGroup("churn", configs=configs.root, parameters={"InputDataUrl": extract.output})
    assert "churn.start" in extract.downstream_task_ids


def test_a_group_without_prefix_keeps_the_steps_names(configs, nightly):
    configs.add("churn")
    with nightly:
        BaseOperator(task_id="start")
        group = SageMakerPipelineTaskGroup("churn", configs=configs.root, prefix_group_id=False, group_id="sagemaker")
    assert set(STEPS) < set(nightly.task_ids)
    assert group.pipeline.start.task_id == "start_"


def test_default_args_of_a_group_reach_all_tasks(configs, nightly):
    configs.add("churn")
    with nightly:
        group = SageMakerPipelineTaskGroup("churn", configs=configs.root, default_args={"aws_conn_id": "ml"})
    assert {task.aws_conn_id for task in group} == {"ml"}


def test_a_dag_of_ones_own(configs):
    configs.add("churn")
    dag = SageMakerPipelineDag(
        "churn", configs=configs.root, dag_id="churn-weekly", schedule="@weekly", tags=["mine"]
    )
    notify = BaseOperator(task_id="notify", dag=dag)
    dag.pipeline.summary >> notify
    assert dag.dag_id == "churn-weekly"
    assert set(dag.tags) == {"mine"}
    assert dag.timetable.can_be_scheduled
    assert notify.upstream_task_ids == {"summary"}
    assert list(dag.pipeline.steps) == STEPS
    assert dag.fileloc == __file__


def test_both_come_back_from_the_database(configs, nightly):
    configs.add("churn")
    with nightly:
        SageMakerPipelineTaskGroup("churn", configs=configs.root)
    for dag in (nightly, SageMakerPipelineDag("churn", configs=configs.root)):
        assert set(deserialise(serialise(dag)).task_ids) == set(dag.task_ids)


def test_errors_are_raised_in_the_dag_file_that_names_the_folder(configs, nightly):
    configs.write("bad", "conf: {}")
    with nightly, pytest.raises(ConfigError):
        SageMakerPipelineTaskGroup("bad", configs=configs.root)
    with pytest.raises(ConfigError):
        SageMakerPipelineDag("bad", configs=configs.root)


def test_a_folder_that_is_not_there(configs, nightly):
    configs.add("churn")
    with nightly, pytest.raises(FileNotFoundError, match="chrun"):
        SageMakerPipelineTaskGroup("chrun", configs=configs.root)


def test_a_relative_root_is_looked_for_beside_this_file(nightly):
    with nightly, pytest.raises(FileNotFoundError, match="tests"):
        SageMakerPipelineTaskGroup("churn", configs="no-such-root")
