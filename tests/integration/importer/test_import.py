"""Pipelines that somebody else made, imported from the embedded SageMaker and mirrored."""

from __future__ import annotations

import json
import socket

import pytest

from sagemaker_mirror.cli import main
from sagemaker_mirror.cli.folders import compile_folder
from sagemaker_mirror.compiler.difference import provenance, without_mark
from sagemaker_mirror.hooks.pipelines import write_pipeline
from sagemaker_mirror.hooks.uploads import upload_missing
from tests.conftest import REPOSITORY
from tests.integration.local.definitions import fail, output_of, processing, training
from tests.integration.operators.conftest import VALUES

RAIN = {"Name": "Rain", "Type": "Float", "DefaultValue": 3.5}


def dry(*if_steps, else_steps=()):
    condition = {"Type": "LessThan", "LeftValue": {"Get": "Parameters.Rain"}, "RightValue": 5}
    arguments = {"Conditions": [condition], "IfSteps": list(if_steps), "ElseSteps": list(else_steps)}
    return {"Name": "dry", "Type": "Condition", "Arguments": arguments, "DependsOn": ["sow"]}


@pytest.fixture
def harvest(create):
    """A pipeline with a condition, of whose branches one is taken."""
    return create(
        "Harvest",
        processing("sow"),
        dry(
            training("water", output_of("sow")), else_steps=[processing("drain"), fail("flood", "It rains too much")]
        ),
        training("grow", output_of("sow")),
        Parameters=[RAIN],
        PipelineDescription="From seed to wheat",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 2},
        Tags=[{"Key": f"tag{number:02}", "Value": "x"} for number in range(30)],
    )


@pytest.fixture
def import_pipeline(tmp_path, boto3_settings, capsys):
    """Runs the command: its exit code, and what it says."""

    def run(*arguments):
        code = main(["import", *arguments, "--configs", str(tmp_path / "configs"), "--region", "us-east-1"])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_an_imported_pipeline_is_mirrored_with_the_branch_that_was_not_taken(
    harvest, import_pipeline, sagemaker, dags_test, tmp_path
):
    code, _ = import_pipeline("Harvest")
    assert code == 0

    output, states = dags_test("Harvest", tmp_path / "configs")

    [execution] = sagemaker.list_pipeline_executions(PipelineName="Harvest")["PipelineExecutionSummaries"]
    assert execution["PipelineExecutionStatus"] == "Succeeded", output
    succeeded = ("upsert", "start", "execution", "sow", "dry", "water", "grow", "summary")
    assert states == {**dict.fromkeys(succeeded, "success"), "drain": "skipped", "flood": "skipped"}, output
    assert "Branch not taken: condition dry was True." in output


def test_a_run_marks_the_pipeline_as_ours_once_and_changes_nothing_else(
    harvest, import_pipeline, sagemaker, dags_test, tmp_path
):
    before = sagemaker.describe_pipeline(PipelineName="Harvest")
    import_pipeline("Harvest")

    for rain in (3.5, 1.0):
        output, _ = dags_test("Harvest", tmp_path / "configs", Rain=rain)

    after = sagemaker.describe_pipeline(PipelineName="Harvest")
    versions = sagemaker.list_pipeline_versions(PipelineName="Harvest")["PipelineVersionSummaries"]
    assert len(versions) == 2, output
    for key in ("RoleArn", "PipelineDescription", "ParallelismConfiguration"):
        assert after[key] == before[key]
    was, now = (json.loads(answer["PipelineDefinition"]) for answer in (before, after))
    assert provenance(now) == "compiled"
    assert without_mark(now) == without_mark(was)


def test_a_pipeline_that_somebody_changes_afterwards_is_not_overwritten(
    harvest, import_pipeline, sagemaker, dags_test, tmp_path
):
    import_pipeline("Harvest")
    changed = {"Version": "2020-12-01", "Parameters": [RAIN], "Steps": [processing("sow")]}
    sagemaker.update_pipeline(PipelineName="Harvest", PipelineDefinition=json.dumps(changed))

    _, states = dags_test("Harvest", tmp_path / "configs")

    assert states["upsert"] == "failed"
    found = sagemaker.describe_pipeline(PipelineName="Harvest")["PipelineDefinition"]
    assert json.loads(found) == changed


def test_all_that_stands_beside_the_definition_is_imported(harvest, import_pipeline, tmp_path):
    code, said = import_pipeline("Harvest")

    conf = (tmp_path / "configs/Harvest/conf/conf.yaml").read_text()
    assert code == 0
    assert f"role: {VALUES['SMP_ROLE']}" in conf
    assert "description: From seed to wheat" in conf
    assert "parallelism: 2" in conf
    assert conf.count("tag") == 31  # the key, and every tag of however many pages
    assert "step dry is of type Condition" in said
    assert "Its first run only marks the definition" in said


def test_a_pipeline_is_found_by_its_arn_and_through_an_airflow_connection(harvest, import_pipeline, tmp_path):
    code, _ = import_pipeline(harvest, "--conn", "aws_default")

    assert code == 0
    assert (tmp_path / "configs/Harvest/conf/definition.json").is_file()


def test_a_pipeline_that_is_not_there_is_guessed(create, import_pipeline):
    for number in range(110):
        create(f"Field{number:03}", processing("sow"))
    create("Harvest", processing("sow"))

    code, said = import_pipeline("harvset")

    assert code == 1
    # Airflow 3.0 has botocore's log above it.
    assert said.splitlines()[-1] == (
        "sagemaker-mirror: there is no pipeline 'harvset' in us-east-1; did you mean 'Harvest'?"
    )


def test_without_sagemaker_the_command_says_so(import_pipeline, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

        code, said = import_pipeline("Harvest")

    assert code == 1
    assert "Could not connect" in said


def test_a_pipeline_of_a_conf_is_a_conf_again_with_its_scripts(import_pipeline, local, tmp_path, monkeypatch, capsys):
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    compiled = compile_folder(REPOSITORY / "configs/digits-pca-classifier", VALUES).compiled
    upload_missing(local.client("s3"), compiled.uploads)
    write_pipeline(local.client("sagemaker"), compiled)

    code, said = import_pipeline("digits-pca-classifier")

    folder = tmp_path / "configs/digits-pca-classifier"
    assert code == 0
    assert "it compiles to the same definition" in said
    trained = REPOSITORY / "configs/digits-pca-classifier/pca/scripts/train.py"
    assert (folder / "scripts/pca/train.py").read_bytes() == trained.read_bytes()
    assert main(["plan", str(folder)]) == 0
    assert "No changes: SageMaker has this pipeline" in capsys.readouterr().out


def test_where_the_scripts_are_gone_the_definition_is_kept(import_pipeline, local):
    compiled = compile_folder(REPOSITORY / "configs/breast-cancer", VALUES).compiled
    write_pipeline(local.client("sagemaker"), compiled)

    code, said = import_pipeline("breast-cancer")

    assert code == 0
    assert "its scripts can't be read" in said
