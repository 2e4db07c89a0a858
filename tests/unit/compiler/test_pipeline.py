from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sagemaker_mirror.compiler import SHA256_KEY, Target, TargetError, compile_pipeline
from sagemaker_mirror.compiler.canonical import canonical_json, digest
from sagemaker_mirror.compiler.pipeline import SETTINGS_SHA256_KEY, settings_sha256
from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.config.model import BaseConfig
from sagemaker_mirror.graph import build_graph
from tests.conftest import REPOSITORY
from tests.unit.compiler.project import (
    IMAGE,
    TARGET,
    VALUES,
    arguments_of,
    compile_conf,
    compile_folder,
    conf,
    edges_of,
    messages_of,
    step_of,
    steps_of,
    write_project,
)


def test_what_comes_out(tmp_path):
    wanted = conf()
    wanted["tags"] = {"team": "cellar"}
    wanted["sagemakerPipeline"] |= {"description": "Reds.", "parallelism": 3}

    compiled = compile_conf(tmp_path, wanted)

    assert (compiled.name, compiled.role_arn) == ("wine", TARGET.role_arn)
    assert (compiled.description, compiled.parallelism) == ("Reds.", 3)
    assert compiled.tags == {"team": "cellar"}
    assert compiled.definition_upload is None
    assert compiled.definition_json == canonical_json(compiled.definition)
    assert json.loads(compiled.definition_json) == compiled.definition
    rest = {key: value for key, value in compiled.definition.items() if key != "Metadata"}
    assert compiled.sha256 == digest(rest)
    assert compiled.definition["Metadata"] == {
        SHA256_KEY: compiled.sha256,
        SETTINGS_SHA256_KEY: settings_sha256(TARGET.role_arn, "Reds.", 3),
    }
    assert [step["Name"] for step in rest["Steps"]] == ["Prepare", "Train", "Create", "Score", "Judge", "Register"]
    assert rest.keys() == {"Version", "Parameters", "Steps"}


def test_one_bundle_however_many_steps_use_it(tmp_path):
    compiled = compile_conf(tmp_path, conf())

    keys = [upload.key for upload in compiled.uploads]
    assert len(keys) == len(set(keys)) == 3
    assert keys == sorted(keys)
    assert {key.split("/")[-1] for key in keys} == {"sourcedir.tar.gz", "runproc.sh"}
    assert all(upload.key == f"wine/code/{upload.sha256}/{upload.key.split('/')[-1]}" for upload in compiled.uploads)
    assert {upload.bucket for upload in compiled.uploads} == {"cellar"}


PROGRAM = """\
import pathlib, sys
sys.path.insert(0, sys.argv[2])
from tests.unit.compiler.project import compile_folder
compiled = compile_folder(pathlib.Path(sys.argv[1]))
print(compiled.definition_json)
import hashlib, io
for upload in compiled.uploads:
    file = io.BytesIO()
    upload.write(file)
    print(upload.uri, hashlib.sha256(file.getvalue()).hexdigest())
"""


def test_the_same_conf_gives_the_same_bytes_anywhere(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["registry"]["ModelRepack"] = True
    wanted["models"]["red"]["train"]["hyperparams"] = {"b": 1, "a": {"d": 1, "c": 2}}
    files = {f"scripts/part{number}.py": f"PART = {number}\n" for number in range(20)}
    outputs = []
    for number, place in enumerate(("first", "second")):
        names = sorted(files, reverse=bool(number))
        folder = write_project(tmp_path / place, wanted, {name: files[name] for name in names})
        for path in folder.rglob("*"):
            path.touch()
        repository = str(Path(__file__).resolve().parents[3])
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder), repository],
            env={"PYTHONHASHSEED": str(number), "TZ": ["UTC", "Asia/Tokyo"][number], "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(done.stdout)

    assert outputs[0] == outputs[1]
    assert str(tmp_path) not in outputs[0]


# What SageMaker compares when it looks for a run to reuse, by type of step.
COMPARED = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
}


def test_nothing_of_the_execution_is_in_what_the_step_cache_compares(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["registry"]["ModelRepack"] = True

    for step in compile_conf(tmp_path, wanted).definition["Steps"]:
        compared = [step["Arguments"].get(key) for key in COMPARED.get(step["Type"], ())]
        assert "Execution." not in json.dumps(compared)


def test_caching_is_off_unless_the_conf_asks_for_it(tmp_path):
    wanted = conf()
    for name in ("Prepare", "Train", "Judge"):
        step_of(wanted, name)["enable_cache"] = True
    step_of(wanted, "Train")["cache_expire_after"] = "P1DT12H"

    steps = steps_of(compile_conf(tmp_path, wanted))

    assert {name: step["CacheConfig"] for name, step in steps.items() if "CacheConfig" in step} == {
        "Prepare": {"Enabled": True, "ExpireAfter": "10d"},
        "Train": {"Enabled": True, "ExpireAfter": "P1DT12H"},
        "Score": {"Enabled": False, "ExpireAfter": "10d"},
        "Judge": {"Enabled": True, "ExpireAfter": "10d"},
    }


def test_what_stands_beside_the_arguments(tmp_path):
    wanted = conf()
    step_of(wanted, "Train").update(
        display_name="Fit",
        description="Fits.",
        retry_policies=[
            {"exception_types": ["SageMaker.CAPACITY_ERROR"], "expire_after_mins": 30, "backoff_rate": 1.5},
            {"exception_types": ["Step.THROTTLING"], "max_attempts": 4, "interval_seconds": 9},
        ],
    )
    wanted["sagemakerPipeline"]["dependencies"] = ["Train >> [Judge, Score]"]
    step_of(wanted, "Register")["depends_on"] = ["Score"]
    handler = {
        "step_name": "Mend",
        "step_class": "Processing",
        "step_type": "prepare",
        "depends_on": [{"step": "Train", "on": "failed"}, {"step": "Score", "on": "stopped"}, "Prepare"],
    }
    wanted["sagemakerPipeline"]["models"]["red"]["steps"].append(handler)

    steps = steps_of(compile_conf(tmp_path, wanted))

    assert (steps["Train"]["DisplayName"], steps["Train"]["Description"]) == ("Fit", "Fits.")
    assert steps["Train"]["RetryPolicies"] == [
        {
            "ExceptionType": ["SageMaker.CAPACITY_ERROR"],
            "IntervalSeconds": 1,
            "BackoffRate": 1.5,
            "ExpireAfterMin": 30,
        },
        {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 9, "BackoffRate": 2.0, "MaxAttempts": 4},
    ]
    assert {name: step["DependsOn"] for name, step in steps.items() if "DependsOn" in step} == {
        "Score": ["Train"],
        "Judge": ["Train"],
        "Register": ["Score"],
        "Mend": [{"Step": "Train", "Trigger": "Failed"}, {"Step": "Score", "Trigger": "Stopped"}, "Prepare"],
    }


@pytest.mark.parametrize("repack", [False, True])
@pytest.mark.parametrize("dependencies", [None, "Prepare >> Judge >> Register\nTrain >> Score\nTrain >> Create"])
def test_the_definition_has_the_edges_of_the_graph(tmp_path, dependencies, repack):
    wanted = conf()
    wanted["sagemakerPipeline"]["dependencies"] = dependencies
    wanted["models"]["red"]["registry"]["ModelRepack"] = repack
    folder = write_project(tmp_path, wanted)

    config = load_folder(folder)
    graph = build_graph(config)

    assert set(edges_of(compile_folder(folder).definition)) == {(edge.source, edge.target) for edge in graph.edges}


def test_tags_of_folder_model_and_section_are_merged(tmp_path):
    wanted = conf()
    wanted["tags"] = {"team": "cellar", "cost": "1", "root": "yes"}
    wanted["models"]["red"]["tags"] = {"cost": "2", "model": "red"}
    wanted["models"]["red"]["train"]["tags"] = {"model": "fit"}

    compiled = compile_conf(tmp_path, wanted)

    def tags(step):
        return {tag["Key"]: tag["Value"] for tag in arguments_of(compiled, step)["Tags"]}

    assert tags("Train") == {"team": "cellar", "cost": "2", "root": "yes", "model": "fit"}
    assert tags("Create") == tags("Score") == {"team": "cellar", "cost": "2", "root": "yes", "model": "red"}
    assert "Tags" not in arguments_of(compiled, "Register")
    assert compiled.tags == wanted["tags"]


def test_the_folder_s_settings_go_before_the_target(tmp_path):
    wanted = conf()
    wanted["s3Bucket"] = "vault"
    wanted["sagemakerNetworkSecurity"] = {
        "role": "arn:aws:iam::123456789012:role/Other",
        "subnets": "subnet-1, subnet-2",
        "security_groups_id": ["sg-1"],
        "kms_key": "key-1",
        "enable_network_isolation": True,
        "encrypt_inter_container_traffic": False,
    }

    compiled = compile_conf(tmp_path, wanted)

    assert compiled.role_arn == "arn:aws:iam::123456789012:role/Other"
    assert {upload.bucket for upload in compiled.uploads} == {"vault"}
    arguments = arguments_of(compiled, "Train")
    assert arguments["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}
    assert arguments["OutputDataConfig"]["KmsKeyId"] == "key-1"
    assert arguments["EnableNetworkIsolation"] is True
    assert arguments["EnableInterContainerTrafficEncryption"] is False


def test_half_a_network(tmp_path):
    wanted = conf()
    wanted["sagemakerNetworkSecurity"] = {"subnets": "subnet-1"}

    assert messages_of(tmp_path, wanted) == [
        "a network needs subnets and security groups, or neither; there are no security groups"
    ]


def test_a_target_from_values():
    values = {**VALUES, "SMP_SUBNETS": "subnet-1, subnet-2,", "SMP_SECURITYGROUPS": "sg-1", "SMP_KMS_KEY": ""}

    assert Target.from_values(values) == replace(
        TARGET, subnets=("subnet-1", "subnet-2"), security_group_ids=("sg-1",)
    )


def test_a_target_from_a_folder_s_settings():
    base = BaseConfig.model_validate({"s3Bucket": "vault", "sagemakerNetworkSecurity": {"role": "arn"}})

    target = Target.from_values({"SMP_REGION": "eu-central-1", "SMP_ACCOUNTID": "1"}, base)

    assert target == Target("eu-central-1", "1", "vault", "arn")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({**VALUES, "SMP_ROLE": ""}, "no value for SMP_ROLE: set a param"),
        ({}, "no value for SMP_REGION, SMP_ACCOUNTID, SMP_S3BUCKETNAME, SMP_ROLE: "),
        ({**VALUES, "SMP_SECURITYGROUPS": "sg-1"}, "there are no subnets"),
    ],
)
def test_a_target_that_lacks_something(values, message):
    with pytest.raises(TargetError, match=message):
        Target.from_values(values)


PARAMETERS = {
    "Data": {"type": "String", "default": "s3://cellar/raw.csv", "description": "The grapes."},
    "Count": {"type": "Integer", "default": 2},
    "Rate": {"type": "Float", "default": 0.5, "enum": [0.5, 1.5]},
}


def test_parameters(tmp_path):
    wanted = conf()
    wanted["sagemakerPipeline"]["parameters"] = PARAMETERS
    wanted["models"]["red"]["prepare"]["channels"] = {
        "train": {"dataFiles": [{"sourceName": "raw", "fileName": "${params.Data}"}]}
    }
    wanted["models"]["red"]["train"] |= {
        "instance_count": "${params.Count}",
        "hyperparams": {"rate": "${params.Rate}", "data": "${params.Data}", "label": "r=${params.Rate}"},
        "env": {"COUNT": "${params.Count}", "DATA": "${params.Data}"},
    }

    compiled = compile_conf(tmp_path, wanted)

    assert compiled.definition["Parameters"] == [
        {"Name": "Data", "Type": "String", "DefaultValue": "s3://cellar/raw.csv"},
        {"Name": "Count", "Type": "Integer", "DefaultValue": 2},
        {"Name": "Rate", "Type": "Float", "DefaultValue": 0.5, "EnumValues": [0.5, 1.5]},
    ]
    [raw, *_] = arguments_of(compiled, "Prepare")["ProcessingInputs"]
    assert raw["S3Input"]["S3Uri"] == {"Get": "Parameters.Data"}
    arguments = arguments_of(compiled, "Train")
    assert arguments["ResourceConfig"]["InstanceCount"] == {"Get": "Parameters.Count"}
    assert arguments["Environment"] == {
        "COUNT": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Count"}]}},
        "DATA": {"Get": "Parameters.Data"},
    }
    own = {name: value for name, value in arguments["HyperParameters"].items() if "sagemaker" not in name}
    assert own == {
        "rate": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Rate"}]}},
        "data": {"Std:Join": {"On": "", "Values": ['"', {"Get": "Parameters.Data"}, '"']}},
        "label": {"Std:Join": {"On": "", "Values": ['"r=', {"Get": "Parameters.Rate"}, '"']}},
    }


def test_parameters_stand_in_arguments_only(tmp_path):
    wanted = conf()
    wanted["sagemakerPipeline"]["parameters"] = PARAMETERS
    step_of(wanted, "Train")["description"] = "From ${params.Data}."

    assert messages_of(tmp_path, wanted) == [
        "Description can't hold a parameter; the service takes them in the step's arguments only"
    ]


def test_a_large_definition_goes_to_s3(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["train"]["hyperparams"] = {f"p{number}": "x" * 2400 for number in range(60)}

    compiled = compile_conf(tmp_path, wanted)

    assert compiled.definition_upload in compiled.uploads
    assert compiled.definition_upload.key == f"wine/definition/{compiled.definition_upload.sha256}/definition.json"
    written = io.BytesIO()
    compiled.definition_upload.write(written)
    assert written.getvalue().decode() == compiled.definition_json


def change_env(wanted):
    wanted["models"]["red"]["transform"]["env"] = {f"V{number}": "x" for number in range(17)}


def change_hyperparameter(wanted):
    wanted["models"]["red"]["train"]["hyperparams"] = {"grid": "x" * 2500}


def change_instance_type(wanted):
    wanted["models"]["red"]["evaluate"]["instance_type"] = "ml.m5.2xlarg"


def change_name(wanted):
    wanted["sagemakerPipeline"]["pipelineName"] = "red_wine"


def change_group(wanted):
    wanted["models"]["red"]["registry"]["ModelPackageGroupName"] = "red wine"


def change_channels(wanted):
    files = [{"fileName": "s3://cellar/a.csv"}]
    wanted["models"]["red"]["train"]["channels"] = {f"c{number}": {"dataFiles": files} for number in range(20)}


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (change_env, "      env:", "env: step 'Score': Arguments.Environment: 17 entries, more than the most, 16"),
        (
            change_hyperparameter,
            "grid: xxx",
            "grid: step 'Train': Arguments.HyperParameters.grid: 2502 characters, more than the most, 2500",
        ),
        (
            change_instance_type,
            "ml.m5.2xlarg",
            "instance_type: step 'Judge': Arguments.ProcessingResources.ClusterConfig.InstanceType: "
            "'ml.m5.2xlarg' is not known; did you mean ml.m5.2xlarge?",
        ),
        (change_name, "pipelineName: red_wine", "pipelineName: 'red_wine' does not match "),
        (
            change_group,
            "ModelPackageGroupName: red wine",
            "ModelPackageGroupName: step 'Register': Arguments.ModelPack",
        ),
        (
            change_channels,
            "channels:",
            "channels: step 'Train': Arguments.InputDataConfig: 21 entries, more than the",
        ),
    ],
)
def test_limits_of_the_api_are_errors_at_their_place(tmp_path, change, line, message):
    wanted = conf()
    change(wanted)
    folder = write_project(tmp_path, wanted)

    with pytest.raises(ConfigError) as caught:
        compile_folder(folder)

    [problem] = caught.value.problems
    assert problem.message.startswith(message)
    assert line in problem.path.read_text().splitlines()[problem.line - 1]


def test_a_definition_that_is_too_large(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["train"]["hyperparams"] = {f"p{number}": "x" * 2400 for number in range(90)}
    steps = wanted["sagemakerPipeline"]["models"]["red"]["steps"]
    steps += [{"step_name": f"Train{number}", "step_class": "Training"} for number in range(4)]

    [message] = messages_of(tmp_path, wanted)

    assert message.startswith("the definition has ")


def test_all_steps_are_checked_at_once(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["entry_point"] = "a.py"
    wanted["models"]["red"]["evaluate"]["entry_point"] = "b.py"

    messages = messages_of(tmp_path, wanted)

    assert [message.split(" is ")[0] for message in messages] == ["'a.py'", "'b.py'"]


def test_a_source_folder_that_is_not_there(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["source_directory"] = "nowhere"

    [message] = messages_of(tmp_path, wanted)

    assert message.startswith("there is no folder 'nowhere'; tried ")


def test_a_source_folder_that_can_not_be_packed(tmp_path):
    folder = write_project(tmp_path, conf())
    (folder / "red" / "scripts" / "out").symlink_to("/usr")

    with pytest.raises(ConfigError, match=r"can't be packed: .* leaves the source folder"):
        compile_folder(folder)


def test_the_source_folder_of_the_values(tmp_path):
    wanted = conf()
    del wanted["models"]["red"]["source_directory"]
    folder = write_project(tmp_path, wanted)
    values = {**VALUES, "SMP_SOURCE_DIR_PATH": str(folder / "red" / "scripts")}
    config = load_folder(folder).resolve(values)

    compiled = compile_pipeline(config, build_graph(config), TARGET, values)

    assert compiled.uploads == compile_conf(tmp_path / "other", conf()).uploads


def test_a_conf_with_placeholders_is_not_compiled(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["train"]["image_uri"] = f"SMP_ACCOUNTID.{IMAGE}"
    config = load_folder(write_project(tmp_path, wanted))

    with pytest.raises(ValueError, match="SMP_ACCOUNTID"):
        compile_pipeline(config, build_graph(config), TARGET, VALUES)


def test_the_compiler_needs_neither_airflow_nor_a_client():
    program = (
        "import sys, sagemaker_mirror.compiler.pipeline as module\n"
        "print(sorted({'airflow', 'boto3', 'botocore', 'moto', 'sagemaker'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_canonical_json():
    assert canonical_json({"b": [1, 2.5], "a": {"ü": None}}) == '{"a":{"ü":null},"b":[1,2.5]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


SHIPPED = sorted(path for path in (REPOSITORY / "configs").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_the_definitions_of_the_shipped_confs_have_the_edges_of_their_graphs(folder):
    graph = build_graph(load_folder(folder))

    assert set(edges_of(compile_folder(folder).definition)) == {(edge.source, edge.target) for edge in graph.edges}
