"""Importing from files, where there is no SageMaker."""

from __future__ import annotations

import json
import re

import pytest

from tests.unit.importer.test_kept import DEFINITION

ANSWER = {
    "PipelineArn": "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest",
    "PipelineName": "Harvest",
    "PipelineDefinition": json.dumps(DEFINITION),
    "RoleArn": "arn:aws:iam::123456789012:role/Harvester",
    "ParallelismConfiguration": {"MaxParallelExecutionSteps": 3},
}


@pytest.fixture
def write(here):
    def run(name, document):
        (here / name).write_text(document if isinstance(document, str) else json.dumps(document))

    return run


def test_a_definition_is_imported_and_the_command_says_what_to_do_next(call, write):
    write("definition.json", DEFINITION)
    result = call("import", "definition.json", "--name", "harvest")

    assert (result.code, result.err) == (0, "")
    assert (
        result.out
        == """\
configs/harvest: the pipeline harvest, 3 steps
  configs/harvest/conf/conf.yaml
  configs/harvest/conf/definition.json

Its definition is kept as it is, beside a conf that names it:
  step grow is of type Tuning
  step dry is of type Condition
  step mow is of type Lambda

These names need values when a task runs, from the run's params, Airflow Variables or the environment:
  SMP_REGION
  SMP_ACCOUNTID
  SMP_S3BUCKETNAME
  SMP_ROLE

Next:
  sagemaker-mirror graph configs/harvest    draws the steps of its DAG
  sagemaker-mirror plan configs/harvest     shows what its first run would change in SageMaker
"""
    )


def test_what_is_said_next_can_be_done(call, write):
    write("definition.json", DEFINITION)
    call("import", "definition.json", "-o", "configs/wheat")

    assert call("validate", "configs/wheat") == (0, "configs/wheat: no errors\n", "")
    assert "s2 --> s3" in call("graph", "configs/wheat").out
    assert json.loads(call("compile", "configs/wheat").out)["Steps"] == DEFINITION["Steps"]


def test_the_answer_of_describe_pipeline_is_as_good(call, here, write):
    write("answer.json", ANSWER)
    result = call("import", "answer.json")

    conf = (here / "configs/Harvest/conf/conf.yaml").read_text()
    assert result.code == 0
    assert "role: arn:aws:iam::123456789012:role/Harvester" in conf
    assert "parallelism: 3" in conf
    assert "  SMP_REGION=eu-central-1\n  SMP_ACCOUNTID=123456789012\n  SMP_S3BUCKETNAME\n\n" in result.out


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "x.json:1:2: is no JSON: Expecting property name enclosed in double quotes"),
        ([], "x.json holds no definition of a pipeline: it is no object"),
        ({"a": 1}, "x.json holds no definition of a pipeline: it has no 'Steps'"),
        ({**ANSWER, "PipelineDefinition": "{}"}, "x.json holds no definition of a pipeline: it has no 'Steps'"),
    ],
)
def test_what_is_no_definition_is_refused(call, write, document, message):
    write("x.json", document)

    assert call("import", "x.json", "--name", "x") == (1, "", f"sagemaker-mirror: {message}\n")


def test_a_definition_that_can_be_no_dag_is_refused_with_its_places(call, here, write):
    write("x.json", {**DEFINITION, "Steps": [{"Name": "a", "Type": "Lambda", "DependsOn": ["b"]}]})
    result = call("import", "x.json", "--name", "x")

    assert result.code == 1
    assert re.fullmatch(
        r"configs/x/conf/definition\.json:\d+:\d+: step 'a' waits for 'b', but there is no such step.*\n", result.err
    )
    assert not (here / "configs/x").exists()


def test_a_file_that_is_not_there_is_named(call):
    result = call("import", "gone.json", "--name", "x")

    assert result == (1, "", "sagemaker-mirror: gone.json: No such file or directory\n")


def test_a_name_is_needed(call, write):
    write("x.json", DEFINITION)

    assert "--name does" in call("import", "x.json").err


def test_a_folder_that_is_there_is_overwritten_by_force_only(call, write):
    write("x.json", DEFINITION)

    assert call("import", "x.json", "--name", "x").code == 0
    again = call("import", "x.json", "--name", "x")
    assert (again.code, again.err) == (
        1,
        "sagemaker-mirror: configs/x is there already; --force overwrites what an import writes\n",
    )
    assert call("import", "x.json", "--name", "x", "--force").code == 0


def test_the_profile_and_the_connection_exclude_each_other(call):
    result = call("import", "Harvest", "--profile", "a", "--conn", "b")

    assert result.code == 1
    assert "not allowed with argument" in result.err


def test_the_help_has_examples(call):
    result = call("import", "--help")

    assert result.code == 0
    assert "sagemaker-mirror import definition.json --name abalone-pipeline" in result.out
