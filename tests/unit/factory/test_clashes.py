"""Names that are taken: steps keep theirs."""

from __future__ import annotations

from sagemaker_mirror.factory import build_dags


def test_own_tasks_give_way_to_steps(configs):
    configs.add(
        "clash", {"m": [("start", "Processing", []), ("start_", "Processing", []), ("summary", "Processing", [])]}
    )
    dag = build_dags(configs.root)["clash"]
    assert set(dag.task_ids) == {"start", "start_", "summary", "upsert", "start__", "execution", "summary_"}
    assert dag.get_task("upsert").downstream_task_ids == {"start__"}
    assert dag.get_task("start__").downstream_task_ids == {"start", "start_", "summary", "execution"}
    assert dag.get_task("start").step_name == "start"
    assert dag.get_task("start").task_group.group_id == "m"


def test_the_execution_is_read_from_the_start_task_that_gave_way(configs):
    configs.add("clash", {"m": [("start", "Processing", [])]})
    dag = build_dags(configs.root)["clash"]
    assert "'start_'" in dag.get_task("execution").pipeline_execution_arn
    assert "'start_'" in dag.get_task("start").pipeline_execution_arn


def test_groups_give_way_to_steps_and_own_tasks(configs):
    configs.add("clash", {"fit": [("fit", "Processing", [])], "upsert": [("prepare", "Processing", [])]})
    dag = build_dags(configs.root)["clash"]
    assert set(dag.task_group.children) == {"fit_", "upsert_", "upsert", "start", "execution", "summary"}
    assert set(dag.task_group.children["fit_"].children) == {"fit"}


def test_a_model_whose_name_is_no_group_id(configs):
    configs.add("odd", {"model v1.2": [("one", "Processing", [])], "model v1_2": [("two", "Processing", [])]})
    groups = build_dags(configs.root)["odd"].task_group.children
    assert set(groups["model_v1_2"].children) == {"one"}
    assert set(groups["model_v1_2_"].children) == {"two"}
    assert "model v1.2" in groups["model_v1_2"].tooltip
