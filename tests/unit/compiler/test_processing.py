from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from sagemaker_mirror.compiler.entrypoint import Link, entrypoint_script
from sagemaker_mirror.compiler.refused import Refused
from tests.unit.compiler.project import (
    GUARDED,
    IMAGE,
    arguments_of,
    compile_conf,
    conf,
    execution_uri,
    messages_of,
    s3_input,
    step_of,
    steps_of,
    upload_uri,
)

FOLDER = "/opt/ml/processing/input"


def inputs_of(compiled, step="Prepare"):
    return {item["InputName"]: item["S3Input"] for item in arguments_of(compiled, step)["ProcessingInputs"]}


def test_a_minimal_step(tmp_path):
    compiled = compile_conf(tmp_path, conf())

    assert steps_of(compiled)["Prepare"] == {
        "Name": "Prepare",
        "Type": "Processing",
        "CacheConfig": {"Enabled": False, "ExpireAfter": "10d"},
        "Arguments": {
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["/bin/bash", f"{FOLDER}/entrypoint/runproc.sh"],
            },
            "NetworkConfig": {"EnableInterContainerTrafficEncryption": True, "EnableNetworkIsolation": False},
            "ProcessingInputs": [
                s3_input("code", upload_uri(compiled, "sourcedir.tar.gz"), f"{FOLDER}/code/"),
                s3_input("entrypoint", upload_uri(compiled, "runproc.sh", "prepare.py"), f"{FOLDER}/entrypoint"),
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "train",
                        "AppManaged": False,
                        "S3Output": {
                            "S3Uri": execution_uri("Prepare", "output", "train"),
                            "LocalPath": "/opt/ml/processing/output/train",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.2xlarge", "VolumeSizeInGB": 32}
            },
            "RoleArn": "arn:aws:iam::123456789012:role/Vintner",
            "StoppingCondition": {"MaxRuntimeInSeconds": 3000},
        },
    }


def test_every_key_reaches_the_request(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"] |= {
        "instance_count": 2,
        "instance_type": "ml.c5.xlarge",
        "volume_size_in_gb": 64,
        "max_runtime_seconds": 600,
        "tags": {"cost": "7"},
        "env": {"SEED": 3, "LOUD": True},
        "s3_data_distribution_type": "ShardedByS3Key",
        "s3_data_type": "ManifestFile",
        "s3_input_mode": "Pipe",
        "s3_upload_mode": "Continuous",
        "location": {"outputLocalFilepath": "/opt/ml/processing/made"},
        "channels": {"grapes": {"dataFiles": [{"sourceName": "raw", "fileName": "s3://cellar/raw.manifest"}]}},
    }
    step_of(wanted, "Train").pop("chain_input_source_step")
    wanted["sagemakerPipeline"]["models"]["red"]["steps"] = wanted["sagemakerPipeline"]["models"]["red"]["steps"][:2]

    arguments = arguments_of(compile_conf(tmp_path, wanted), "Prepare")

    assert arguments["ProcessingResources"]["ClusterConfig"] == {
        "InstanceCount": 2,
        "InstanceType": "ml.c5.xlarge",
        "VolumeSizeInGB": 64,
    }
    assert arguments["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    assert arguments["Tags"] == [{"Key": "cost", "Value": "7"}]
    assert arguments["Environment"] == {"SEED": "3", "LOUD": "true"}
    assert arguments["ProcessingInputs"][0] == s3_input(
        "raw",
        "s3://cellar/raw.manifest",
        f"{FOLDER}/raw",
        S3DataType="ManifestFile",
        S3InputMode="Pipe",
        S3DataDistributionType="ShardedByS3Key",
    )
    assert [item["S3Input"]["S3InputMode"] for item in arguments["ProcessingInputs"][1:]] == ["File", "File"]
    [output] = arguments["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["LocalPath"] == "/opt/ml/processing/made/grapes"
    assert output["S3Output"]["S3UploadMode"] == "Continuous"


def test_network_and_key_of_the_target(tmp_path):
    arguments = arguments_of(compile_conf(tmp_path, conf(), target=GUARDED), "Prepare")

    assert arguments["NetworkConfig"]["VpcConfig"] == {
        "SecurityGroupIds": ["sg-01"],
        "Subnets": ["subnet-0a", "subnet-0b"],
    }
    assert arguments["ProcessingOutputConfig"]["KmsKeyId"] == GUARDED.kms_key
    assert arguments["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == GUARDED.kms_key


@pytest.mark.parametrize("instance_type", ["ml.m5d.xlarge", "ml.g5.xlarge", "ml.g4dn.2xlarge", "ml.p4d.24xlarge"])
def test_instances_with_disks_of_their_own_take_no_volume_key(tmp_path, instance_type):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["instance_type"] = instance_type

    arguments = arguments_of(compile_conf(tmp_path, wanted, target=GUARDED), "Prepare")

    assert "VolumeKmsKeyId" not in arguments["ProcessingResources"]["ClusterConfig"]


def test_all_files_of_all_channels_under_their_own_names(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["channels"] = {
        "train": {
            "dataFiles": [
                {"sourceName": "raw", "fileName": "s3://cellar/2024.csv"},
                {"sourceName": "raw", "fileName": "s3://cellar/2025.csv"},
                {"fileName": "s3://cellar/labels.csv"},
            ]
        },
        "extra": {"dataFiles": [{"sourceName": "weather", "fileName": "s3://elsewhere/weather/"}]},
    }

    inputs = inputs_of(compile_conf(tmp_path, wanted))

    static = {name: (item["S3Uri"], item["LocalPath"]) for name, item in inputs.items()}
    assert list(static.items())[:4] == [
        ("raw", ("s3://cellar/2024.csv", f"{FOLDER}/raw")),
        ("raw-2", ("s3://cellar/2025.csv", f"{FOLDER}/raw-2")),
        ("train", ("s3://cellar/labels.csv", f"{FOLDER}/train")),
        ("weather", ("s3://elsewhere/weather/", f"{FOLDER}/weather")),
    ]


def test_a_source_can_not_take_the_name_of_an_input_of_the_job(tmp_path):
    wanted = conf()
    files = [{"sourceName": "code", "fileName": "s3://cellar/a.csv"}]
    wanted["models"]["red"]["prepare"]["channels"] = {"train": {"dataFiles": files}}

    [message] = messages_of(tmp_path, wanted)

    assert message == "'code' is the name of another input of this step; choose another sourceName"


def test_a_file_needs_its_name(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["channels"] = {"train": {"dataFiles": [{"sourceName": "raw"}]}}

    assert messages_of(tmp_path, wanted) == ["'dataFiles' needs 'fileName'"]


def test_files_given_by_key(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["channels"] = {
        "train": {
            "s3Bucket": "barrels",
            "s3InputPrefix": "2025/",
            "dataFiles": [{"sourceName": "raw", "fileName": "raw.csv"}],
        }
    }

    assert inputs_of(compile_conf(tmp_path, wanted))["raw"]["S3Uri"] == "s3://barrels/2025/raw.csv"


def test_a_file_beside_the_model_is_staged_under_its_content(tmp_path):
    wanted = conf()
    files = [{"sourceName": "raw", "fileName": "data/raw.csv"}, {"sourceName": "more", "fileName": "data/more"}]
    wanted["models"]["red"]["prepare"]["channels"] = {"train": {"dataFiles": files}}
    beside = {"data/raw.csv": "a,b\n1,2\n", "data/more/x.csv": "x\n", "data/more/deep/y.csv": "y\n"}

    compiled = compile_conf(tmp_path, wanted, beside)

    inputs = inputs_of(compiled)
    staged = {upload.uri: upload for upload in compiled.uploads if "/data/" in upload.key}
    written = io.BytesIO()
    staged[inputs["raw"]["S3Uri"]].write(written)
    assert written.getvalue() == b"a,b\n1,2\n"
    folder = inputs["more"]["S3Uri"]
    assert folder.endswith("/")
    assert {uri.removeprefix(folder) for uri in staged if uri.startswith(folder)} == {"x.csv", "deep/y.csv"}


def test_a_file_that_is_nowhere(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["channels"] = {"train": {"dataFiles": [{"fileName": "raw.csv"}]}}

    [message] = messages_of(tmp_path, wanted)

    assert message.startswith("'raw.csv' is neither an S3 URI nor a file in ")


def test_a_file_may_not_lie_outside_of_the_model(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["channels"] = {"train": {"dataFiles": [{"fileName": "../../secret.csv"}]}}

    [message] = messages_of(tmp_path, wanted, {"../../secret.csv": "x"})

    assert message.startswith("'../../secret.csv' leaves the model's folder ")


def test_a_file_is_staged_to_a_place_that_is_known(tmp_path):
    wanted = conf()
    wanted["sagemakerPipeline"]["parameters"] = {"Bucket": {"type": "String"}}
    wanted["models"]["red"]["prepare"]["channels"] = {
        "train": {"s3BucketName": "${params.Bucket}", "dataFiles": [{"fileName": "raw.csv"}]}
    }

    [message] = messages_of(tmp_path, wanted, {"raw.csv": "x"})

    assert message == "'raw.csv' is staged before the pipeline runs, so the place can't be a parameter"


def chained(wanted, channels):
    wanted["models"]["red"]["blend"] = {"image_uri": IMAGE, "entry_point": "prepare.py"}
    wanted["models"]["red"]["prepare"]["channels"] = dict.fromkeys(channels)
    step = {
        "step_name": "Blend",
        "step_class": "Processing",
        "step_type": "blend",
        "chain_input_source_step": ["Prepare", "Train", "Score", "Judge"],
    }
    wanted["sagemakerPipeline"]["models"]["red"]["steps"].append(step)
    return wanted


def test_chained_inputs_of_every_source(tmp_path):
    compiled = compile_conf(tmp_path, chained(conf(), ["train", "test"]))

    assert arguments_of(compiled, "Blend")["ProcessingInputs"][:5] == [
        s3_input(name, {"Get": f"Steps.{source}"}, f"{FOLDER}/{name}")
        for name, source in (
            ("Prepare-input-train", "Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"),
            ("Prepare-input-test", "Prepare.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"),
            ("Train-input-train", "Train.ModelArtifacts.S3ModelArtifacts"),
            ("Score-input-train", "Score.TransformOutput.S3OutputPath"),
            (
                "Judge-input-model_evaluation_metrics",
                "Judge.ProcessingOutputConfig.Outputs['model_evaluation_metrics'].S3Output.S3Uri",
            ),
        )
    ]


def test_chained_inputs_across_models_use_the_channels_of_the_source(tmp_path):
    wanted = conf()
    wanted["models"]["white"] = {
        "source_directory": "scripts",
        "prepare": {"image_uri": IMAGE, "entry_point": "prepare.py", "channels": {"white": None}},
    }
    wanted["models"]["red"]["prepare"]["channels"] = {"train": None, "test": None}
    step = {
        "step_name": "PrepareWhite",
        "step_class": "Processing",
        "step_type": "prepare",
        "chain_input_source_step": ["Prepare"],
    }
    wanted["sagemakerPipeline"]["models"]["white"] = {"steps": [step]}

    inputs = inputs_of(compile_conf(tmp_path, wanted), "PrepareWhite")

    assert list(inputs)[:2] == ["Prepare-input-train", "Prepare-input-test"]


def many(count, name="s3://cellar/part-{}.csv"):
    return {"train": {"dataFiles": [{"sourceName": f"p{n}", "fileName": name.format(n)} for n in range(count)]}}


def test_eight_files_fit(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["channels"] = many(8)

    assert len(inputs_of(compile_conf(tmp_path, wanted))) == 10


def test_more_files_share_an_input_and_are_linked_to_their_own_folders(tmp_path):
    wanted = conf()
    channels = many(9, "s3://cellar/{}/part.csv")
    channels["train"]["dataFiles"].append({"sourceName": "folder", "fileName": "s3://cellar/all"})
    channels["train"]["dataFiles"].append({"sourceName": "other", "fileName": "s3://attic/old.csv"})
    wanted["models"]["red"]["prepare"]["channels"] = channels

    compiled = compile_conf(tmp_path, wanted)

    inputs = inputs_of(compiled)
    assert list(inputs) == ["files-1", "files-2", "folder", "code", "entrypoint"]
    assert inputs["files-1"]["S3DataType"] == "ManifestFile"
    assert inputs["files-1"]["LocalPath"] == f"{FOLDER}/files-1"
    manifest = next(upload for upload in compiled.uploads if upload.key.endswith("/files-1.manifest"))
    written = io.BytesIO()
    manifest.write(written)
    assert written.getvalue().decode() == (
        '[{"prefix":"s3://cellar/"},' + ",".join(f'"{n}/part.csv"' for n in range(9)) + "]"
    )
    script = io.BytesIO()
    next(upload for upload in compiled.uploads if upload.uri == inputs["entrypoint"]["S3Uri"]).write(script)
    assert f"ln -s {FOLDER}/files-1/4/part.csv {FOLDER}/p4/" in script.getvalue().decode()
    assert f"ln -s {FOLDER}/files-2/old.csv {FOLDER}/other/" in script.getvalue().decode()


def test_too_many_folders(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["channels"] = many(9, "s3://cellar/{}/")

    [message] = messages_of(tmp_path, wanted)

    assert message == (
        "9 files and 2 other inputs (scripts included) are more than the 10 inputs of a processing job, "
        "of which only files with an extension can share one; put them into a folder"
    )


def run_script(tmp_path: Path, entry_point: str, files: dict[str, str], links: tuple[Link, ...] = ()):
    code = tmp_path / "code"
    code.mkdir()
    with tarfile.open(code / "sourcedir.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    script = tmp_path / "runproc.sh"
    script.write_bytes(entrypoint_script(entry_point, str(code), links))
    return subprocess.run(["bash", str(script), "an argument"], capture_output=True, text=True)


def test_the_entrypoint_runs_a_script_that_imports_from_root_and_beside_it(tmp_path):
    done = run_script(
        tmp_path,
        "steps/judge.py",
        {
            "common.py": "A = 1\n",
            "steps/beside.py": "B = 2\n",
            "steps/judge.py": "import sys, common, beside, steps.beside\nprint(common.A, beside.B, sys.argv[1])\n",
        },
    )

    assert (done.returncode, done.stdout) == (0, "1 2 an argument\n")


def test_the_entrypoint_passes_the_exit_code_on(tmp_path):
    assert run_script(tmp_path, "a.py", {"a.py": "raise SystemExit(7)\n"}).returncode == 7


def test_the_entrypoint_ends_at_the_first_error(tmp_path):
    done = run_script(tmp_path, "a.py", {"a.py": "print('ran')\n", "requirements.txt": "./no-such-package\n"})

    assert done.returncode != 0
    assert "ran" not in done.stdout


def test_the_entrypoint_runs_shell_scripts(tmp_path):
    done = run_script(tmp_path, "a.sh", {"a.sh": 'echo "$1 from sh"\n'})

    assert (done.returncode, done.stdout) == (0, "an argument from sh\n")


def test_the_entrypoint_links_files_that_are_there(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a b.csv").write_text("1")
    links = (
        Link(f"{tmp_path}/shared/a b.csv", f"{tmp_path}/in/here"),
        Link(f"{tmp_path}/shared/gone.csv", f"{tmp_path}/in/there"),
    )

    done = run_script(tmp_path, "a.py", {"a.py": "print('ran')\n"}, links)

    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert (tmp_path / "in" / "here" / "a b.csv").read_text() == "1"
    assert list((tmp_path / "in" / "there").iterdir()) == []


def test_an_entry_point_must_be_a_script():
    with pytest.raises(Refused, match=r"'tool.exe' is neither a .py nor a .sh file"):
        entrypoint_script("tool.exe", "/code")


@pytest.mark.parametrize("entry_point", ["/prepare.py", "../prepare.py", "./prepare.py", "a//b.py"])
def test_an_entry_point_must_lie_in_the_source_folder(tmp_path, entry_point):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["entry_point"] = entry_point

    [message] = messages_of(tmp_path, wanted)

    assert message == f"{entry_point!r} is not a path inside the source folder, such as 'train.py' or 'a/train.py'"


def test_an_entry_point_must_be_there(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["entry_point"] = "gone.py"

    [message] = messages_of(tmp_path, wanted)

    assert message.startswith("'gone.py' is not in the source folder ")
