"""The environment variables that containers see, as the SageMaker service and its toolkits set them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
"""The account that moto plays where a request names no role."""

FROM_HOST = (
    "LANG",
    "LC_ALL",
    "TZ",
    "LD_LIBRARY_PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
"""Variables that are about the machine and its network, and so hold for jobs on it; those of pip do, too."""

FRAMEWORK_HYPERPARAMETER = "sagemaker_"
"""Hyperparameters of the training toolkit begin so; they don't reach the script."""


def job_arn(kind: str, name: str, region: str, role_arn: str | None) -> str:
    """Return a job's ARN.

    :param kind: ``processing-job``, ``training-job`` or ``transform-job``
    :param name: the job's name
    :param region: where it runs
    :param role_arn: the role it runs as, whose account it has
    """
    account = role_arn.split(":")[4] if role_arn else ACCOUNT
    return f"arn:aws:sagemaker:{region}:{account}:{kind}/{name}"


def pip_environment(host: Mapping[str, str]) -> dict[str, str]:
    """Return what makes pip find what the server's user would find, though the job's home is another one.

    :param host: the server's environment
    """
    home = Path(host.get("HOME", "/"))
    config = Path(host.get("XDG_CONFIG_HOME", home / ".config"), "pip", "pip.conf")
    cache = Path(host.get("XDG_CACHE_HOME", home / ".cache"), "pip")
    variables = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    for candidate in (home / ".pip" / "pip.conf", config):
        if candidate.is_file():
            variables["PIP_CONFIG_FILE"] = str(candidate)
    if cache.is_dir():
        variables["PIP_CACHE_DIR"] = str(cache)
    return variables | {name: value for name, value in host.items() if name.startswith("PIP_")}


def base_environment(*, binaries: Path, home: Path, region: str, endpoint_url: str) -> dict[str, str]:
    """Return what every container has.

    :param binaries: the folder of the job's ``python``, first in its path
    :param home: the job's home, and where it puts temporary files
    :param region: AWS region
    :param endpoint_url: of the embedded SageMaker, so that boto3 in a script reaches it, and never AWS
    """
    host = {name: os.environ[name] for name in FROM_HOST if name in os.environ}
    return {
        **host,
        **pip_environment(os.environ),
        "PATH": f"{binaries}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONUNBUFFERED": "TRUE",
        "PYTHONIOENCODING": "UTF-8",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def decode_hyperparameters(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a training job's hyperparameters as the toolkit reads them: JSON where they are JSON, else the text."""
    decoded = {}
    for name, text in request.get("HyperParameters", {}).items():
        try:
            decoded[name] = json.loads(text)
        except ValueError:
            decoded[name] = text
    return decoded


def user_arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """Return hyperparameters as the toolkit passes them to a script: sorted, ``--name value`` or ``-n value``."""
    arguments = []
    for name, value in sorted(hyperparameters.items()):
        if isinstance(value, dict):
            text = ",".join(f"{key}={item}" for key, item in sorted(value.items()))
        else:
            text = "" if value is None else str(value)
        arguments += [f"--{name}" if len(name) > 1 else f"-{name}", text]
    return arguments


def resource_config(instance_type: str) -> dict[str, Any]:
    """Return the content of a training job's ``resourceconfig.json``: one host, whatever the request asks for."""
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": ["algo-1"]}
    return {
        "current_host": "algo-1",
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [group],
        "network_interface_name": "lo",
    }


def input_data_config(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a training job's ``inputdataconfig.json``."""
    channels = {}
    for channel in request.get("InputDataConfig", ()):
        source = channel.get("DataSource", {}).get("S3DataSource", {})
        config = {
            "TrainingInputMode": channel.get("InputMode")
            or request["AlgorithmSpecification"].get("TrainingInputMode", "File"),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        if "ContentType" in channel:
            config["ContentType"] = channel["ContentType"]
        channels[channel["ChannelName"]] = config
    return channels


def training_environment(request: Mapping[str, Any], *, program: str, job_name: str) -> dict[str, str]:
    """Return the ``SM_*`` variables of the training toolkit (its ``ENVIRONMENT_VARIABLES.md`` describes them).

    :param request: the CreateTrainingJob request
    :param program: the entry point
    :param job_name: name of the job
    """
    everything = decode_hyperparameters(request)
    own = {name: value for name, value in everything.items() if name.startswith(FRAMEWORK_HYPERPARAMETER)}
    users = {
        name: value for name, value in everything.items() if name not in own and name != "_tuning_objective_metric"
    }
    resources = resource_config(request.get("ResourceConfig", {}).get("InstanceType", "local"))
    channels = input_data_config(request)
    channel_folders = {name: f"/opt/ml/input/data/{name}" for name in channels}
    environment = {
        "additional_framework_parameters": {
            name: own[name]
            for name in own
            if name
            not in ("sagemaker_program", "sagemaker_submit_directory", "sagemaker_region", "sagemaker_job_name")
            and name != "sagemaker_container_log_level"
        },
        "channel_input_dirs": channel_folders,
        "current_host": "algo-1",
        "current_instance_group": resources["current_group_name"],
        "current_instance_group_hosts": ["algo-1"],
        "current_instance_type": resources["current_instance_type"],
        "distribution_hosts": [],
        "distribution_instance_groups": [],
        "framework_module": None,
        "hosts": ["algo-1"],
        "hyperparameters": users,
        "input_config_dir": "/opt/ml/input/config",
        "input_data_config": channels,
        "input_dir": "/opt/ml/input",
        "instance_groups": [group["instance_group_name"] for group in resources["instance_groups"]],
        "instance_groups_dict": {group["instance_group_name"]: group for group in resources["instance_groups"]},
        "is_hetero": False,
        "is_master": True,
        "job_name": job_name,
        "log_level": int(own.get("sagemaker_container_log_level", 20)),
        "master_hostname": "algo-1",
        "model_dir": "/opt/ml/model",
        "module_dir": own.get("sagemaker_submit_directory", "/opt/ml/code"),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": resources["network_interface_name"],
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": 0,
        "num_neurons": 0,
        "output_data_dir": "/opt/ml/output/data",
        "output_dir": "/opt/ml/output",
        "output_intermediate_dir": "/opt/ml/output/intermediate",
        "resource_config": resources,
        "user_entry_point": program,
    }
    not_variables = {
        "additional_framework_parameters",
        "channel_input_dirs",
        "distribution_hosts",
        "hyperparameters",
        "is_master",
        "job_name",
        "master_hostname",
    }
    values = {name: value for name, value in environment.items() if name not in not_variables}
    values |= {
        "channels": sorted(channels),
        "framework_params": environment["additional_framework_parameters"],
        "hps": users,
        "training_env": environment,
        "user_args": user_arguments(users),
    }
    values |= {f"channel_{name}": folder for name, folder in channel_folders.items()}
    values |= {f"hp_{name}": value for name, value in users.items()}
    return {f"SM_{name.upper()}": as_text(value) for name, value in values.items()}


def as_text(value: object) -> str:
    """Return a value as the toolkits put it into a variable: text as it is, nothing as nothing, all else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
