"""The DAG of a conf that keeps a definition."""

from __future__ import annotations

import json

import pytest

from sagemaker_mirror.compat import DAG
from sagemaker_mirror.factory import SageMakerPipelineTaskGroup, build_dags
from sagemaker_mirror.importer import ImportedPipeline, write_folder
from tests.unit.factory.serialise import deserialise, serialise
from tests.unit.importer.test_kept import DEFINITION


@pytest.fixture
def dag(tmp_path):
    condition = {**DEFINITION["Steps"][1]}
    condition["Arguments"] = {
        **condition["Arguments"],
        "ElseSteps": [{"Name": "sell", "Type": "Lambda", "DependsOn": [{"Step": "grow", "Trigger": "Any"}]}],
    }
    definition = {**DEFINITION, "Steps": [DEFINITION["Steps"][0], condition]}
    write_folder(ImportedPipeline(definition), "harvest", tmp_path / "configs/harvest")
    return build_dags(tmp_path / "configs")["harvest"]


def test_every_step_is_a_task_beside_our_own_and_none_is_in_a_group(dag):
    assert {task.task_id: task.upstream_task_ids for task in dag.tasks} == {
        "upsert": set(),
        "start": {"upsert"},
        "execution": {"start"},
        "grow": {"start"},
        "dry": {"grow"},
        "mow": {"dry"},
        "sell": {"dry", "grow"},
        "summary": {"execution", "mow", "sell"},
    }
    kinds = {task.task_id: task.custom_operator_name for task in dag.tasks}
    assert (kinds["grow"], kinds["mow"]) == ("Tuning", "Lambda")


def test_the_form_has_the_parameters_of_the_definition(dag):
    assert dag.params.get_param("Rain").value == 1.5
    assert dag.params.get_param("Rain").schema["type"] == "number"


def test_docs_show_each_step_once(dag):
    assert "grow (Tuning)" in dag.doc_md
    assert "definition.json" not in dag.doc_md.partition("conf.yaml")[0]
    docs = {task.task_id: task.doc_md for task in dag.tasks if task.doc_md}
    assert "Step **mow** of type **Lambda**" in docs["mow"]
    assert "It runs where the outcome of `dry` is True." in docs["mow"]
    assert "mow" not in docs["dry"]


def test_tags_are_the_types_of_steps(dag):
    assert {"sagemaker", "Tuning", "Condition", "Lambda"} <= set(dag.tags)
    assert None not in dag.tags


def test_it_survives_airflows_database(dag):
    stored = serialise(dag)

    assert set(deserialise(stored).task_ids) == set(dag.task_ids)
    assert json.dumps(stored)


def test_a_broken_definition_is_shown_where_the_pipeline_would_be(tmp_path):
    write_folder(ImportedPipeline(DEFINITION), "harvest", tmp_path / "configs/harvest")
    file = tmp_path / "configs/harvest/conf/definition.json"
    file.write_text(file.read_text().replace('"Tuning"', "7"))

    dag = build_dags(tmp_path / "configs")["harvest"]

    assert dag.task_ids == ["config-errors"]
    assert "harvest/conf/definition.json:16:15`: 'Type' must be text" in dag.doc_md


def test_it_can_be_a_task_group_too(dag, tmp_path):
    with DAG("farm", schedule=None):
        group = SageMakerPipelineTaskGroup("harvest", configs=tmp_path / "configs")

    assert group.pipeline.steps["mow"].task_id == "harvest.mow"
    assert group.pipeline.steps["mow"].upstream_task_ids == {"harvest.dry"}
