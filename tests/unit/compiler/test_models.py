from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from sagemaker_mirror.compiler import repack_program
from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.config.names import PACKAGE_GROUP_LENGTH, package_group_name
from sagemaker_mirror.graph import Edge, build_graph
from sagemaker_mirror.graph.repacking import repack_name
from tests.unit.compiler.project import (
    GUARDED,
    IMAGE,
    VALUES,
    arguments_of,
    compile_conf,
    conf,
    execution_uri,
    messages_of,
    step_of,
    steps_of,
    upload_uri,
    write_project,
)

CONTAINER = {
    "Image": f"{IMAGE}-serving",
    "Environment": {
        "SAGEMAKER_PROGRAM": "inference",
        "SAGEMAKER_REQUIREMENTS": "requirements.txt",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    },
    "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
}


def test_create_model(tmp_path):
    assert steps_of(compile_conf(tmp_path, conf()))["Create"] == {
        "Name": "Create",
        "Type": "Model",
        "Arguments": {
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/Vintner",
            "PrimaryContainer": CONTAINER,
        },
    }


def test_create_model_with_network_name_and_tags(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["name"] = "Merlot"
    wanted["models"]["red"]["registry"]["tags"] = {"cost": "7"}

    step = steps_of(compile_conf(tmp_path, wanted, target=GUARDED))["Create"]

    assert step["DisplayName"] == "Merlot"
    assert step["Arguments"]["Tags"] == [{"Key": "cost", "Value": "7"}]
    assert step["Arguments"]["VpcConfig"]["Subnets"] == ["subnet-0a", "subnet-0b"]


def test_the_serving_script_is_a_module(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["transform"]["entry_point"] = "serve/online/inference.py"

    container = arguments_of(compile_conf(tmp_path, wanted), "Create")["PrimaryContainer"]

    assert container["Environment"]["SAGEMAKER_PROGRAM"] == "serve.online.inference"


def test_a_model_comes_from_the_last_training_above(tmp_path):
    wanted = conf()
    steps = wanted["sagemakerPipeline"]["models"]["red"]["steps"]
    steps.insert(2, {"step_name": "TrainAgain", "step_class": "Training"})

    compiled = compile_conf(tmp_path, wanted)

    data = {"Get": "Steps.TrainAgain.ModelArtifacts.S3ModelArtifacts"}
    assert arguments_of(compiled, "Create")["PrimaryContainer"]["ModelDataUrl"] == data
    [container] = arguments_of(compiled, "Register")["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == data


def test_register_model(tmp_path):
    assert steps_of(compile_conf(tmp_path, conf()))["Register"] == {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "wine-red",
            "CustomerMetadataProperties": {"PIPELINE_ARN": {"Get": "Execution.PipelineExecutionArn"}},
            "InferenceSpecification": {
                "Containers": [CONTAINER],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["application/json"],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.2xlarge"],
                "SupportedTransformInstanceTypes": ["ml.m5.2xlarge"],
            },
            "ModelApprovalStatus": "PendingManualApproval",
            "ModelMetrics": {
                "ModelQuality": {
                    "Statistics": {
                        "ContentType": "application/json",
                        "S3Uri": {
                            "Std:Join": {
                                "On": "/",
                                "Values": [
                                    {
                                        "Get": "Steps.Judge.ProcessingOutputConfig"
                                        ".Outputs['model_evaluation_metrics'].S3Output.S3Uri"
                                    },
                                    "model_evaluation_metrics.json",
                                ],
                            }
                        },
                    }
                }
            },
            "SkipModelValidation": "None",
        },
    }


def test_every_key_of_the_registry_reaches_the_request(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["evaluate"]["content_type"] = "application/x-report"
    wanted["models"]["red"]["registry"] |= {
        "ModelPackageGroupName": "cellar-reds",
        "ModelPackageDescription": "Dry.",
        "ModelApprovalStatus": "Approved",
    }
    wanted["models"]["red"]["registry"]["InferenceSpecification"] |= {
        "SupportedRealtimeInferenceInstanceTypes": ["ml.c5.large", "ml.c5.xlarge"],
        "SupportedTransformInstanceTypes": ["ml.m5.large"],
    }

    arguments = arguments_of(compile_conf(tmp_path, wanted, target=GUARDED), "Register")

    assert arguments["ModelPackageGroupName"] == "cellar-reds"
    assert arguments["ModelPackageDescription"] == "Dry."
    assert arguments["ModelApprovalStatus"] == "Approved"
    serving = arguments["InferenceSpecification"]
    assert serving["SupportedRealtimeInferenceInstanceTypes"] == ["ml.c5.large", "ml.c5.xlarge"]
    assert serving["SupportedTransformInstanceTypes"] == ["ml.m5.large"]
    assert arguments["ModelMetrics"]["ModelQuality"]["Statistics"]["ContentType"] == "application/x-report"
    assert arguments["SecurityConfig"] == {"KmsKeyId": GUARDED.kms_key}
    assert "Tags" not in arguments


def test_without_metrics_a_package_has_none(tmp_path):
    wanted = conf()
    wanted["sagemakerPipeline"]["models"]["red"]["steps"] = [
        step for step in wanted["sagemakerPipeline"]["models"]["red"]["steps"] if step["step_name"] != "Judge"
    ]

    assert "ModelMetrics" not in arguments_of(compile_conf(tmp_path, wanted), "Register")


def sha8(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@pytest.mark.parametrize(
    ("pipeline", "model", "name"),
    [
        ("wine", "red", "wine-red"),
        ("wine", "red_2026", f"wine-red-2026-{sha8('wine-red_2026')}"),
        ("w" * 40, "r" * 40, f"{'w' * 40}-{'r' * 13}-{sha8('w' * 40 + '-' + 'r' * 40)}"),
        ("wine", "__", f"wine-{sha8('wine-__')}"),
        ("w" * 59, "red", f"{'w' * 59}-red"),
        ("w" * 53, "r" * 60, f"{'w' * 53}-{sha8('w' * 53 + '-' + 'r' * 60)}"),
    ],
)
def test_names_of_package_groups(pipeline, model, name):
    assert package_group_name(pipeline, model) == name
    assert len(name) <= PACKAGE_GROUP_LENGTH


def test_names_that_differ_only_in_what_was_changed_stay_two():
    assert package_group_name("wine", "red_1") != package_group_name("wine", "red.1")


def repacked():
    wanted = conf()
    wanted["models"]["red"]["registry"]["ModelRepack"] = True
    return wanted


def test_repacking(tmp_path):
    compiled = compile_conf(tmp_path, repacked(), target=GUARDED)

    steps = steps_of(compiled)
    step = steps["Train-Repack"]
    assert list(steps)[1:4] == ["Train", "Train-Repack", "Create"]
    assert step["Type"] == "Training"
    assert step["CacheConfig"] == {"Enabled": True, "ExpireAfter": "10d"}
    arguments = step["Arguments"]
    assert arguments["AlgorithmSpecification"] == {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    program = upload_uri(compiled, "sourcedir.tar.gz", "repacks")
    assert arguments["HyperParameters"]["sagemaker_submit_directory"] == f'"{program}"'
    assert arguments["HyperParameters"]["sagemaker_program"] == '"repack.py"'
    uris = {item["ChannelName"]: item["DataSource"]["S3DataSource"]["S3Uri"] for item in arguments["InputDataConfig"]}
    assert uris == {
        "model": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
        "source": upload_uri(compiled, "sourcedir.tar.gz", "scripts"),
    }
    assert arguments["OutputDataConfig"]["S3OutputPath"] == execution_uri("Train-Repack")
    assert arguments["OutputDataConfig"]["KmsKeyId"] == GUARDED.kms_key
    assert arguments["VpcConfig"]["SecurityGroupIds"] == ["sg-01"]
    data = {"Get": "Steps.Train-Repack.ModelArtifacts.S3ModelArtifacts"}
    assert arguments_of(compiled, "Create")["PrimaryContainer"]["ModelDataUrl"] == data
    [container] = arguments_of(compiled, "Register")["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == data


def test_repacking_in_another_image(tmp_path):
    wanted = repacked()
    wanted["models"]["red"]["registry"]["ModelRepackImageUri"] = f"{IMAGE}-toolkit"

    arguments = arguments_of(compile_conf(tmp_path, wanted), "Train-Repack")

    assert arguments["AlgorithmSpecification"]["TrainingImage"] == f"{IMAGE}-toolkit"


def test_repacking_needs_the_serving_script(tmp_path):
    wanted = repacked()
    wanted["models"]["red"]["transform"]["entry_point"] = "serve.py"

    [message] = messages_of(tmp_path, wanted)

    assert message.startswith("'serve.py' is not in the source folder ")


def test_repacking_leaves_the_source_folder_as_it_is(tmp_path):
    folder = write_project(tmp_path, repacked())
    before = sorted(path for path in folder.rglob("*"))

    compile_conf(tmp_path, repacked())

    assert sorted(path for path in folder.rglob("*")) == before


def test_the_graph_with_repacking(tmp_path):
    config = load_folder(write_project(tmp_path, repacked())).resolve(VALUES)

    graph = build_graph(config)

    assert graph.steps["Train-Repack"].model == "red"
    assert Edge("Train", "Train-Repack", "implicit") in graph.edges
    assert graph.upstream("Create") == ("Train-Repack",)


def test_a_step_with_the_name_of_a_repack_step(tmp_path):
    wanted = repacked()
    step_of(wanted, "Prepare")["step_name"] = "Train-Repack"
    for name in ("Train", "Score", "Judge"):
        step_of(wanted, name)["chain_input_source_step"] = ["Train-Repack"]

    assert messages_of(tmp_path, wanted) == ["'Train-Repack' is the name of the step that repacks 'Train'"]


def test_the_name_of_a_repack_step_fits():
    assert len(repack_name("T" * 64)) == 64


def tar(path: Path, files: dict[str, str]) -> None:
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


def test_the_repack_program(tmp_path, monkeypatch):
    tar(tmp_path / "in/model/model.tar.gz", {"model.json": "{}", "code/old.py": "", "weights/w.bin": "1"})
    tar(tmp_path / "in/source/sourcedir.tar.gz", {"inference.py": "def model_fn(): ...\n", "a/b.py": ""})
    monkeypatch.setattr(repack_program, "INPUT", tmp_path / "in")
    monkeypatch.setattr(repack_program, "MODEL", tmp_path / "model")

    repack_program.main()

    made = {str(path.relative_to(tmp_path / "model")) for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert made == {"model.json", "weights/w.bin", "code/inference.py", "code/a/b.py"}


@pytest.mark.parametrize("filters", [True, False])
def test_the_repack_program_keeps_archives_inside(tmp_path, monkeypatch, filters):
    tar(tmp_path / "in/model.tar.gz", {"../../escaped.txt": "x"})
    if not filters:
        monkeypatch.delattr(tarfile, "data_filter")

    with pytest.raises((ValueError, tarfile.TarError)):
        repack_program.unpack(tmp_path / "in/model.tar.gz", tmp_path / "model")

    assert not list(tmp_path.parent.glob("escaped.txt"))


def test_whether_a_model_is_repacked_must_be_known_when_the_graph_is_made(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["registry"]["ModelRepack"] = "SMP_REPACK"
    folder = write_project(tmp_path, wanted)

    with pytest.raises(ConfigError, match="ModelRepack"):
        config = load_folder(folder)
        build_graph(config)
