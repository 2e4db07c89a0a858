"""One DAG for each folder: its tasks, groups and edges."""

from __future__ import annotations

import pytest

from sagemaker_mirror.factory import build_dags
from tests.unit.factory.conftest import CHURN, TWO_MODELS

OWN = {"upsert", "start", "execution", "summary"}


def edges(dag):
    return {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}


def test_dag_ids_are_the_folders_names(configs):
    configs.add("churn")
    configs.add("two-models", TWO_MODELS)
    (configs.root / "no-pipeline").mkdir()
    dags = build_dags(configs.root)
    assert list(dags) == ["churn", "two-models"]
    assert {dag_id: dag.dag_id for dag_id, dag in dags.items()} == {dag_id: dag_id for dag_id in dags}


def test_tasks_are_the_steps_and_four_of_our_own(configs):
    configs.add("churn")
    dag = build_dags(configs.root)["churn"]
    assert set(dag.task_ids) == OWN | {name for name, _, _ in CHURN["churn"]}


def test_edges_are_those_of_the_graph_without_detours(configs):
    configs.add("churn")
    dag = build_dags(configs.root)["churn"]
    steps = {name for name, _, _ in CHURN["churn"]}
    assert {edge for edge in edges(dag) if set(edge) <= steps} == {
        ("prepare", "fit"),
        ("fit", "create"),
        ("create", "score"),
        # prepare >> score and prepare >> measure are chained in the conf; there are longer ways.
        ("score", "measure"),
        ("measure", "publish"),
    }


def test_own_tasks_stand_around_the_steps(configs):
    configs.add("two-models", TWO_MODELS, dependencies=[])
    dag = build_dags(configs.root)["two-models"]
    assert dag.get_task("upsert").downstream_task_ids == {"start"}
    assert dag.get_task("start").downstream_task_ids == {"execution", "reduce-prepare"}
    assert dag.get_task("execution").downstream_task_ids == {"summary"}
    assert dag.get_task("summary").upstream_task_ids == {"execution", "classify-publish"}
    assert dag.get_task("summary").get_flat_relative_ids(upstream=True) == set(dag.task_ids) - {"summary"}


def test_first_steps_hang_off_start_and_last_ones_lead_to_summary(configs):
    steps = {"m": [("left", "Processing", []), ("right", "Processing", [])]}
    configs.add("forked", steps)
    dag = build_dags(configs.root)["forked"]
    assert dag.get_task("start").downstream_task_ids == {"execution", "left", "right"}
    assert dag.get_task("summary").upstream_task_ids == {"execution", "left", "right"}


def test_explicit_dependencies_become_edges(configs):
    steps = {"m": [("left", "Processing", []), ("right", "Processing", [])]}
    configs.add("ordered", steps, dependencies=["right >> left"])
    assert ("right", "left") in edges(build_dags(configs.root)["ordered"])


def test_each_model_is_a_group(configs):
    configs.add("two-models", TWO_MODELS)
    dag = build_dags(configs.root)["two-models"]
    groups = dag.task_group.children
    assert set(groups["reduce"].children) == {"reduce-prepare", "reduce-fit"}
    assert set(groups["classify"].children) == {"classify-fit", "classify-publish"}
    assert set(groups) == OWN | {"reduce", "classify"}
    assert "reduce" in groups["reduce"].tooltip


def test_tasks_show_their_step_class(configs):
    configs.add("churn")
    dag = build_dags(configs.root)["churn"]
    for name, step_class, _ in CHURN["churn"]:
        assert step_class in dag.get_task(name).operator_name


def test_schedule_start_date_and_catchup_are_said(configs):
    configs.add("churn")
    dag = build_dags(configs.root)["churn"]
    assert not dag.timetable.can_be_scheduled
    assert dag.start_date.isoformat() == "2020-01-01T00:00:00+00:00"
    assert dag.catchup is False


def test_tags_are_models_and_step_classes(configs):
    configs.add("two-models", TWO_MODELS)
    dag = build_dags(configs.root)["two-models"]
    assert set(dag.tags) == {"sagemaker", "reduce", "classify", "Processing", "Training", "RegisterModel"}


def test_docs_have_the_graph_and_the_conf_as_written(configs):
    file = configs.add("churn")
    file.write_text(f"# Why we train: see the wiki\n{file.read_text()}")
    docs = build_dags(configs.root)["churn"].doc_md
    assert "  score (Transform) <- create" in docs
    assert "## churn/churn/conf/conf.yaml" in docs
    assert file.read_text().rstrip() in docs
    assert "`churn-pipeline`" in docs


def test_each_block_of_the_docs_has_a_language(configs):
    # Airflow 3 loses the line breaks of blocks that have none.
    configs.add("churn")
    configs.write("bad", "conf: {}")
    for dag in build_dags(configs.root).values():
        fences = [line for line in dag.doc_md.splitlines() if line.startswith("```")]
        assert {*fences[::2]} <= {"```text", "```yaml"}, dag.dag_id


def test_our_own_tasks_have_short_names_for_their_kind(configs):
    configs.add("churn")
    dag = build_dags(configs.root)["churn"]
    kinds = {
        name: dag.get_task(name).operator_name for name in ("upsert", "start", "execution", "summary", "prepare")
    }
    assert kinds == {
        "upsert": "Upsert pipeline",
        "start": "Start execution",
        "execution": "Pipeline execution",
        "summary": "Run summary",
        "prepare": "Processing",
    }


def test_a_tasks_docs_are_its_step_and_its_section(configs):
    configs.add("churn")
    dag = build_dags(configs.root)["churn"]
    docs = dag.get_task("publish").doc_md
    assert "step_name: publish" in docs
    assert "Section **registry**" in docs
    assert "approval_status: PendingManualApproval" in docs
    assert "entry_point" not in docs
    assert "step_name: prepare" in dag.get_task("prepare").doc_md


def test_anchors_are_written_out_in_a_tasks_docs(configs):
    file = configs.add("churn")
    text = file.read_text().replace(
        "ModelRepack:", "ModelPackageDescription: &text Who leaves?\n        ModelRepack:"
    )
    file.write_text(text.replace("step_name: publish", "step_name: publish\n          description: *text"))
    docs = build_dags(configs.root)["churn"].get_task("publish").doc_md
    assert docs.count("Who leaves?") == 2
    assert "&" not in docs


def test_docs_survive_a_conf_with_code_fences(configs):
    configs.write("bad", "note: |\n  ```\n  looks like the end\n  ````\n")
    docs = build_dags(configs.root)["bad"].doc_md
    assert "`````yaml\nnote: |" in docs
    assert docs.endswith("\n`````")


def test_arguments_for_all_tasks(configs):
    configs.add("churn")
    dag = build_dags(configs.root, default_args={"aws_conn_id": "ml", "retries": 3})["churn"]
    assert {task.retries for task in dag.tasks} == {3}
    assert {task.aws_conn_id for task in dag.tasks} == {"ml"}


def test_two_roots_in_one_airflow(configs, tmp_path):
    configs.add("churn")
    with pytest.raises(FileNotFoundError):
        build_dags(tmp_path / "nowhere")
    assert "churn" in build_dags(configs.root)


def test_a_step_that_waits_for_a_failure_waits_for_the_end_in_airflow(configs):
    file = configs.add("forked", {"m": [("work", "Processing", []), ("tidy", "Processing", [])]})
    file.write_text(
        file.read_text().replace(
            "step_name: tidy\n", "step_name: tidy\n          depends_on: [{step: work, 'on': failed}]\n"
        )
    )
    dag = build_dags(configs.root)["forked"]
    assert dag.get_task("tidy").upstream_task_ids == {"work"}
    assert dag.get_task("tidy").trigger_rule == "all_done"
    assert dag.get_task("work").trigger_rule == "none_failed"
    assert "tidy (Processing) <- work (failed)" in dag.doc_md


def test_the_step_that_repacks_a_model_is_a_task_too(configs):
    conf = configs.add("churn")
    conf.write_text(conf.read_text().replace("ModelRepack: 'False'", "ModelRepack: 'True'"))
    dag = build_dags(configs.root)["churn"]
    assert {("fit", "fit-Repack"), ("fit-Repack", "create")} <= edges(dag)
    assert dag.get_task("fit-Repack").task_group.group_id == "churn"
