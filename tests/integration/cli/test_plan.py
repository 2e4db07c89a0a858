"""``plan`` against the embedded SageMaker, over HTTP, with boto3's usual environment."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sagemaker_mirror.cli import main
from sagemaker_mirror.cli.folders import collect_values, compile_folder
from sagemaker_mirror.hooks.pipelines import write_pipeline
from sagemaker_mirror.hooks.uploads import upload_missing
from sagemaker_mirror.local import LocalSageMaker
from tests.conftest import REPOSITORY
from tests.integration.local.scripted_runner import ScriptedRunner

VALUES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "us-east-1",
    "SMP_S3BUCKETNAME": "plan-tests",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
}
FOLDER = Path("configs/breast-cancer")
CONF = FOLDER / "diagnosis/conf/conf.yaml"
WRITES = {"CreatePipeline", "UpdatePipeline", "s3:PUT", "s3:POST"}


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSageMaker]:
    """The embedded SageMaker, where boto3 finds it; a copy of a shipped folder in the current one."""
    shutil.copytree(REPOSITORY / FOLDER, tmp_path / FOLDER)
    monkeypatch.chdir(tmp_path)
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    with LocalSageMaker(make_runner=lambda clients, work_dir: ScriptedRunner()) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint_url)
        server.client("s3").create_bucket(Bucket=VALUES["SMP_S3BUCKETNAME"])
        yield server


@pytest.fixture
def plan(local: LocalSageMaker, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    """Runs the command: its exit code, and what it says. It writes nothing, whatever it finds."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        before = max((call.number for call in local.calls.after(0)), default=0)
        code = main(["plan", str(FOLDER), *arguments])
        assert not WRITES & set(dict(local.calls.counts(before)))
        return code, capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def write(local: LocalSageMaker) -> Callable[[], None]:
    """Writes the pipeline, as the upsert operator does."""

    def run() -> None:
        compiled = compile_folder(FOLDER, collect_values(())).compiled
        upload_missing(local.client("s3"), compiled.uploads)
        write_pipeline(local.client("sagemaker"), compiled)

    return run


def test_a_new_pipeline(plan):
    code, lines = plan()

    assert code == 2
    assert lines[0] == "Pipeline breast-cancer in us-east-1: new"
    assert "  + step train (Training)" in lines
    assert any(line.startswith("  + scripts in diagnosis/scripts: s3://plan-tests/") for line in lines)
    assert lines[-1] == "Steps: 6 to add, 0 to change, 0 to remove. Uploads: 3."


def test_an_unchanged_pipeline(plan, write, local):
    write()
    before = local.calls.after(0)[-1].number
    code, lines = plan()

    assert (code, lines) == (
        0,
        [
            "Pipeline breast-cancer in us-east-1: version 1",
            "No changes: SageMaker has this pipeline, and S3 all of its 3 objects.",
        ],
    )
    assert dict(local.calls.counts(before)) == {"ListPipelineVersions": 1, "DescribePipeline": 1, "s3:HEAD": 3}


def test_a_changed_step(plan, write):
    write()
    CONF.write_text(CONF.read_text().replace("ml.m5.large", "ml.m5.xlarge", 1))
    code, lines = plan()

    assert code == 2
    assert lines[2:] == [
        "  ~ step prepare (Processing)",
        "      ~ ProcessingResources.ClusterConfig.InstanceType: ml.m5.large → ml.m5.xlarge",
        "",
        "Steps: 0 to add, 1 to change, 0 to remove. Uploads: 0.",
    ]


def test_changed_code(plan, write):
    write()
    with (FOLDER / "diagnosis/scripts/train.py").open("a") as script:
        script.write("# another line\n")
    code, lines = plan()

    changed = "      ~ sourcedir.tar.gz (scripts in diagnosis/scripts) has changed: "
    assert code == 2
    assert sum(line.startswith(changed) for line in lines) == 3
    assert sum(line.startswith("  + scripts in diagnosis/scripts: s3://plan-tests/") for line in lines) == 1
    assert lines[-1] == "Steps: 0 to add, 3 to change, 0 to remove. Uploads: 1."


def test_code_that_somebody_removed_from_s3(plan, write, local):
    write()
    s3 = local.client("s3")
    for found in s3.list_objects_v2(Bucket="plan-tests")["Contents"]:
        s3.delete_object(Bucket="plan-tests", Key=found["Key"])
    code, lines = plan()

    assert code == 2
    assert lines[-1] == "Steps: 0 to add, 0 to change, 0 to remove. Uploads: 3."


def test_a_pipeline_that_somebody_changed_in_sagemaker(plan, write, local):
    write()
    sagemaker = local.client("sagemaker")
    definition = sagemaker.describe_pipeline(PipelineName="breast-cancer")["PipelineDefinition"]
    sagemaker.update_pipeline(
        PipelineName="breast-cancer", PipelineDefinition=definition.replace("ml.m5.large", "ml.m5.4xlarge")
    )
    code, lines = plan()

    assert code == 2
    assert lines[0].endswith("version 2; somebody has changed it there since it was written from a conf")
    assert "      ~ ResourceConfig.InstanceType: ml.m5.4xlarge → ml.m5.large" in lines


def test_another_region_is_asked(plan, write):
    write()
    code, lines = plan("--region", "eu-west-1")

    assert (code, lines[0]) == (2, "Pipeline breast-cancer in eu-west-1: new")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "Could not connect"),
        ("AWS_PROFILE", "nobody", "The config profile (nobody) could not be found"),
    ],
)
def test_what_aws_refuses_is_said_without_traceback(local, monkeypatch, capsys, name, value, message):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv(name, value)

    assert main(["plan", str(FOLDER)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith(f"sagemaker-mirror: {message}")
