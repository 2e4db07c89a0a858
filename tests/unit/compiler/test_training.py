from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from tests.unit.compiler.project import (
    GUARDED,
    IMAGE,
    TARGET,
    arguments_of,
    compile_conf,
    conf,
    execution_uri,
    messages_of,
    step_of,
    steps_of,
    upload_uri,
)


def channel(name, uri, data_type="S3Prefix", **changes):
    source = {"S3DataType": data_type, "S3DataDistributionType": "FullyReplicated", "S3Uri": uri}
    return {"ChannelName": name, "InputMode": "File", "DataSource": {"S3DataSource": source}, **changes}


def channels_of(compiled, step="Train"):
    return {item["ChannelName"]: item for item in arguments_of(compiled, step)["InputDataConfig"]}


def unchained(channels=None):
    wanted = conf()
    del step_of(wanted, "Train")["chain_input_source_step"]
    if channels is not None:
        wanted["models"]["red"]["train"]["channels"] = channels
    return wanted


def test_a_minimal_step(tmp_path):
    compiled = compile_conf(tmp_path, conf())

    assert steps_of(compiled)["Train"] == {
        "Name": "Train",
        "Type": "Training",
        "CacheConfig": {"Enabled": False, "ExpireAfter": "10d"},
        "Arguments": {
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {
                "sagemaker_container_log_level": "20",
                "sagemaker_program": '"train.py"',
                "sagemaker_region": '"eu-central-1"',
                "sagemaker_submit_directory": f'"{upload_uri(compiled, "sourcedir.tar.gz")}"',
            },
            "InputDataConfig": [
                channel(
                    "Prepare-train",
                    {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"},
                )
            ],
            "OutputDataConfig": {"S3OutputPath": execution_uri("Train")},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.2xlarge", "VolumeSizeInGB": 32},
            "RoleArn": "arn:aws:iam::123456789012:role/Vintner",
            "StoppingCondition": {"MaxRuntimeInSeconds": 3000},
            "DebugHookConfig": {"CollectionConfigurations": [], "S3OutputPath": "s3://cellar/"},
            "ProfilerConfig": {"DisableProfiler": False, "S3OutputPath": execution_uri("Train")},
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": False,
        },
    }


def test_every_key_reaches_the_request(tmp_path):
    wanted = unchained({"train": {"dataFiles": [{"fileName": "s3://cellar/train.csv"}]}})
    wanted["models"]["red"]["train"] |= {
        "instance_count": 2,
        "instance_type": "ml.c5.xlarge",
        "volume_size_in_gb": 64,
        "max_runtime_seconds": 600,
        "tags": {"cost": "7"},
        "env": {"SEED": 3},
        "hyperparams": {"depth": 3, "rate": 0.1, "kind": "tree", "fast": True, "grid": {"a": [1, 2]}},
        "model_data_uri": "s3://cellar/model.tar.gz",
        "output_path": "s3://models/red",
        "input_mode": "FastFile",
        "distribution": "ShardedByS3Key",
        "content_type": "text/csv",
    }

    arguments = arguments_of(compile_conf(tmp_path, wanted), "Train")

    source = {
        "S3DataType": "S3Prefix",
        "S3DataDistributionType": "ShardedByS3Key",
        "S3Uri": "s3://cellar/train.csv",
    }
    assert arguments["InputDataConfig"] == [
        {
            "ChannelName": "train",
            "InputMode": "FastFile",
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
        },
        channel("model", "s3://cellar/model.tar.gz", ContentType="application/x-sagemaker-model"),
    ]
    own = {name: value for name, value in arguments["HyperParameters"].items() if "sagemaker" not in name}
    assert own == {"depth": "3", "rate": "0.1", "kind": '"tree"', "fast": "true", "grid": '{"a": [1, 2]}'}
    assert arguments["AlgorithmSpecification"]["TrainingInputMode"] == "FastFile"
    assert arguments["ResourceConfig"] == {
        "InstanceCount": 2,
        "InstanceType": "ml.c5.xlarge",
        "VolumeSizeInGB": 64,
    }
    assert arguments["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    assert arguments["Tags"] == [{"Key": "cost", "Value": "7"}]
    assert arguments["Environment"] == {"SEED": "3"}
    assert arguments["OutputDataConfig"] == {"S3OutputPath": "s3://models/red"}
    assert arguments["DebugHookConfig"]["S3OutputPath"] == "s3://models/red"


def test_each_channel_has_its_own_files(tmp_path):
    wanted = unchained(
        {
            "train": {"dataFiles": [{"sourceName": "a", "fileName": "s3://cellar/train"}]},
            "test": {"dataFiles": [{"sourceName": "b", "fileName": "s3://cellar/test"}]},
        }
    )

    assert arguments_of(compile_conf(tmp_path, wanted), "Train")["InputDataConfig"] == [
        channel("train", "s3://cellar/train"),
        channel("test", "s3://cellar/test"),
    ]


def test_without_any_channel_there_is_no_input(tmp_path):
    assert "InputDataConfig" not in arguments_of(compile_conf(tmp_path, unchained()), "Train")


def test_an_entry_without_a_file_names_none(tmp_path):
    wanted = unchained({"train": {"dataFiles": [{"sourceName": "a"}]}, "test": None})

    assert "InputDataConfig" not in arguments_of(compile_conf(tmp_path, wanted), "Train")


def test_several_files_of_a_channel_are_named_by_a_manifest(tmp_path):
    files = ["s3://cellar/2025/a.csv", "s3://cellar/2025/b/b.csv", "s3://cellar/2026/c.csv"]
    wanted = unchained({"train": {"dataFiles": [{"fileName": file} for file in files]}})

    compiled = compile_conf(tmp_path, wanted)

    uri = upload_uri(compiled, "/train.manifest")
    assert channels_of(compiled)["train"] == channel("train", uri, "ManifestFile")
    written = io.BytesIO()
    next(upload for upload in compiled.uploads if upload.uri == uri).write(written)
    assert json.loads(written.getvalue()) == [
        {"prefix": "s3://cellar/"},
        "2025/a.csv",
        "2025/b/b.csv",
        "2026/c.csv",
    ]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("s3://cellar/folder/", "can't be read together with other files"),
        ("${params.Data}", "can't be read together with other files"),
        ("s3://attic/b.csv", "lie in several buckets"),
    ],
)
def test_what_a_manifest_can_not_name(tmp_path, other, message):
    wanted = unchained({"train": {"dataFiles": [{"fileName": "s3://cellar/a.csv"}, {"fileName": other}]}})
    wanted["sagemakerPipeline"]["parameters"] = {"Data": {"type": "String"}}

    [found] = messages_of(tmp_path, wanted)

    assert message in found


def test_files_given_by_key(tmp_path):
    wanted = unchained({"test": {"s3Bucket": "s3://barrels", "dataFiles": [{"fileName": "a.csv"}]}})

    assert channels_of(compile_conf(tmp_path, wanted))["test"] == channel("test", "s3://barrels/data/test/a.csv")


def test_network_and_key_of_the_target(tmp_path):
    arguments = arguments_of(compile_conf(tmp_path, conf(), target=GUARDED), "Train")

    assert arguments["VpcConfig"] == {"SecurityGroupIds": ["sg-01"], "Subnets": ["subnet-0a", "subnet-0b"]}
    assert arguments["OutputDataConfig"]["KmsKeyId"] == GUARDED.kms_key
    assert arguments["ResourceConfig"]["VolumeKmsKeyId"] == GUARDED.kms_key


def test_scripts_come_through_a_channel_where_the_container_has_no_network(tmp_path):
    compiled = compile_conf(tmp_path, conf(), target=replace(TARGET, network_isolation=True))

    arguments = arguments_of(compiled, "Train")
    assert arguments["EnableNetworkIsolation"] is True
    assert channels_of(compiled)["code"] == channel("code", upload_uri(compiled, "sourcedir.tar.gz"))
    assert arguments["HyperParameters"]["sagemaker_submit_directory"] == (
        '"/opt/ml/input/data/code/sourcedir.tar.gz"'
    )
    assert arguments_of(compiled, "Prepare")["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert arguments_of(compiled, "Create")["EnableNetworkIsolation"] is True
    assert compiled.warnings == ()


def test_requirements_are_a_warning_where_the_container_has_no_network(tmp_path):
    compiled = compile_conf(
        tmp_path,
        conf(),
        {"scripts/requirements.txt": "pandas\n"},
        replace(TARGET, network_isolation=True),
    )

    assert {warning.message.split("scripts/")[1] for warning in compiled.warnings} == {
        "requirements.txt can't be installed in a container without network"
    }


def test_a_channel_can_not_have_the_name_of_another(tmp_path):
    wanted = unchained({"model": {"dataFiles": [{"fileName": "s3://cellar/a.csv"}]}})
    wanted["models"]["red"]["train"]["model_data_uri"] = "s3://cellar/model.tar.gz"

    assert messages_of(tmp_path, wanted) == [
        "two inputs of 'Train' are called 'model'; call your channel something else"
    ]


@pytest.mark.parametrize("name", ["sagemaker_program", "sagemaker_job_name"])
def test_hyperparameters_that_are_not_the_user_s(tmp_path, name):
    wanted = conf()
    wanted["models"]["red"]["train"]["hyperparams"] = {name: "x"}

    assert messages_of(tmp_path, wanted) == [f"{name!r} is set by the compiler or the service"]


def in_sub_folder():
    wanted = conf()
    wanted["models"]["red"]["train"]["entry_point"] = "fit/train.py"
    return wanted


def names_in_bundle(compiled, step="Train"):
    uri = json.loads(arguments_of(compiled, step)["HyperParameters"]["sagemaker_submit_directory"])
    upload = next(upload for upload in compiled.uploads if upload.uri == uri)
    written = io.BytesIO()
    upload.write(written)
    return names_in(written.getvalue())


def names_in(archive):
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {member.name: opened.extractfile(member).read().decode() for member in opened.getmembers()}


def test_an_entry_point_in_a_sub_folder_gets_the_whole_source_folder(tmp_path):
    files = {"scripts/fit/train.py": "print(1)\n", "scripts/fit/requirements.txt": "pandas\n"}

    compiled = compile_conf(tmp_path, in_sub_folder(), files)

    assert arguments_of(compiled, "Train")["HyperParameters"]["sagemaker_program"] == '"fit/train.py"'
    bundle = names_in_bundle(compiled)
    assert bundle.keys() >= {"fit/train.py", "prepare.py", "fit/requirements.txt"}
    assert bundle["requirements.txt"] == "pandas\n"


def test_two_requirements_that_differ(tmp_path):
    files = {
        "scripts/fit/train.py": "print(1)\n",
        "scripts/fit/requirements.txt": "pandas\n",
        "scripts/requirements.txt": "polars\n",
    }

    [message] = messages_of(tmp_path, in_sub_folder(), files)

    assert "differ, and the container installs only one of them" in message


def test_two_equal_requirements_are_one(tmp_path):
    files = {
        "scripts/fit/train.py": "print(1)\n",
        "scripts/fit/requirements.txt": "pandas\n",
        "scripts/requirements.txt": "pandas\n",
    }

    compiled = compile_conf(tmp_path, in_sub_folder(), files)

    assert len([upload for upload in compiled.uploads if upload.key.endswith("sourcedir.tar.gz")]) == 1


def test_a_package_beside_an_entry_point_in_a_sub_folder(tmp_path):
    files = {"scripts/fit/train.py": "print(1)\n", "scripts/setup.py": ""}

    [message] = messages_of(tmp_path, in_sub_folder(), files)

    assert "setup.py the container starts 'fit/train.py' as a module" in message


def test_a_chain_from_a_training_step_gives_one_archive_however_many_channels_it_has(tmp_path):
    wanted = conf()
    files = [{"fileName": "s3://cellar/a.csv"}]
    wanted["models"]["red"]["train"]["channels"] = {"grapes": {"dataFiles": files}, "must": {"dataFiles": files}}
    wanted["models"]["red"]["tune"] = {"image_uri": IMAGE, "entry_point": "train.py"}
    step = {
        "step_name": "Tune",
        "step_class": "Training",
        "step_type": "tune",
        "chain_input_source_step": ["Train"],
    }
    wanted["sagemakerPipeline"]["models"]["red"]["steps"].append(step)

    assert arguments_of(compile_conf(tmp_path, wanted), "Tune")["InputDataConfig"] == [
        channel("Train-grapes", {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"})
    ]
