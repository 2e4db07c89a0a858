from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.local.jobs.environment import (
    base_environment,
    decode_hyperparameters,
    input_data_config,
    job_arn,
    pip_environment,
    training_environment,
    user_arguments,
)

REQUEST: dict[str, Any] = {
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "HyperParameters": {
        "depth": "3",
        "name": '"x y"',
        "flag": "true",
        "layers": "[1, 2]",
        "bare": "not json",
        "_tuning_objective_metric": "loss",
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"s3://bucket/source.tar.gz"',
        "sagemaker_container_log_level": "10",
        "sagemaker_mpi_enabled": "false",
    },
    "InputDataConfig": [
        {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": {"S3Uri": "s3://b/k"}}},
        {
            "ChannelName": "preprocess-test",
            "InputMode": "FastFile",
            "DataSource": {"S3DataSource": {"S3Uri": "s3://b/k"}},
        },
    ],
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
}


def test_hyperparameters_are_json_or_text() -> None:
    decoded = decode_hyperparameters(REQUEST)
    assert (decoded["depth"], decoded["name"], decoded["flag"]) == (3, "x y", True)
    assert (decoded["layers"], decoded["bare"]) == ([1, 2], "not json")


def test_arguments_are_as_the_toolkit_passes_them() -> None:
    values = {"b": 1, "a-name": "x y", "flag": True, "nothing": None, "map": {"k": 1, "j": "2"}, "list": [1, 2]}
    assert user_arguments(values) == [
        *("--a-name", "x y"),
        *("-b", "1"),
        *("--flag", "True"),
        *("--list", "[1, 2]"),
        *("--map", "j=2,k=1"),
        *("--nothing", ""),
    ]


def test_variables_of_the_training_toolkit() -> None:
    variables = training_environment(REQUEST, program="train.py", job_name="job-1")
    expected = {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_CHANNELS": '["preprocess-test","train"]',
        "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
        "SM_CHANNEL_PREPROCESS-TEST": "/opt/ml/input/data/preprocess-test",
        "SM_HPS": '{"bare":"not json","depth":3,"flag":true,"layers":[1,2],"name":"x y"}',
        "SM_HP_DEPTH": "3",
        "SM_HP_NAME": "x y",
        "SM_HP_FLAG": "true",
        "SM_HP_LAYERS": "[1,2]",
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large",
        "SM_NUM_GPUS": "0",
        "SM_LOG_LEVEL": "10",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_MODULE_NAME": "train",
        "SM_MODULE_DIR": "s3://bucket/source.tar.gz",
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_mpi_enabled":false}',
        "SM_FRAMEWORK_MODULE": "",
    }
    assert {name: variables.get(name) for name in expected} == expected
    assert json.loads(variables["SM_USER_ARGS"])[:2] == ["--bare", "not json"]
    assert not [name for name in variables if "sagemaker" in name.lower() or "TUNING" in name]
    environment = json.loads(variables["SM_TRAINING_ENV"])
    assert environment["job_name"] == "job-1"
    assert environment["channel_input_dirs"]["train"] == "/opt/ml/input/data/train"
    assert environment["hyperparameters"] == json.loads(variables["SM_HPS"])


def test_channels_as_the_service_describes_them() -> None:
    assert input_data_config(REQUEST) == {
        "train": {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
            "ContentType": "text/csv",
        },
        "preprocess-test": {
            "TrainingInputMode": "FastFile",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        },
    }


def test_a_container_sees_nothing_of_the_servers_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "SMP_ROLE",
        "AIRFLOW_HOME",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "SECRET",
    ):
        monkeypatch.setenv(name, "the server's")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    variables = base_environment(
        binaries=tmp_path / "bin", home=tmp_path / "home", region="eu-west-1", endpoint_url="http://127.0.0.1:5000"
    )
    assert "the server's" not in variables.values()
    assert variables["PATH"].startswith(f"{tmp_path}/bin:")
    assert variables["HOME"] == str(tmp_path / "home")
    assert variables["AWS_REGION"] == "eu-west-1"
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    assert variables["AWS_SHARED_CREDENTIALS_FILE"] == variables["AWS_CONFIG_FILE"] == "/dev/null"
    assert variables["HTTPS_PROXY"] == "http://proxy.test:3128"


def test_pip_finds_what_the_servers_user_would_find(tmp_path: Path) -> None:
    tmp_path.joinpath(".config/pip").mkdir(parents=True)
    tmp_path.joinpath(".config/pip/pip.conf").touch()
    tmp_path.joinpath(".cache/pip").mkdir(parents=True)
    variables = pip_environment({"HOME": str(tmp_path), "PIP_INDEX_URL": "https://index.test", "OTHER": "x"})
    assert variables["PIP_CONFIG_FILE"] == str(tmp_path / ".config/pip/pip.conf")
    assert variables["PIP_CACHE_DIR"] == str(tmp_path / ".cache/pip")
    assert variables["PIP_INDEX_URL"] == "https://index.test"
    assert "OTHER" not in variables


def test_an_arn_has_the_account_of_its_role() -> None:
    role = "arn:aws:iam::210987654321:role/Execution"
    assert (
        job_arn("training-job", "j", "eu-west-1", role) == "arn:aws:sagemaker:eu-west-1:210987654321:training-job/j"
    )
    assert ":123456789012:" in job_arn("transform-job", "j", "eu-west-1", None)
