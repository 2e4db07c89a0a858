"""A small project for the tests of this room: a conf as data, the scripts it names, and the way to compile it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from sagemaker_mirror.compiler import CompiledPipeline, Target, check_definition, compile_pipeline
from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.graph import build_graph

VALUES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "eu-central-1",
    "SMP_S3BUCKETNAME": "cellar",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/Vintner",
}
TARGET = Target.from_values(VALUES)
GUARDED = replace(
    TARGET,
    subnets=("subnet-0a", "subnet-0b"),
    security_group_ids=("sg-01",),
    kms_key="arn:aws:kms:eu-central-1:123456789012:key/9a",
)
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/vines:1"
SCRIPTS = {
    "prepare.py": "print('prepare')\n",
    "train.py": "print('train')\n",
    "inference.py": "def model_fn(folder): ...\n",
    "evaluate.py": "print('evaluate')\n",
}


def conf() -> dict[str, Any]:
    """A conf with one step of each class, and as few keys as possible."""
    return {
        "models": {
            "red": {
                "source_directory": "scripts",
                "prepare": {"image_uri": IMAGE, "entry_point": "prepare.py", "channels": {"train": None}},
                "train": {"image_uri": IMAGE, "entry_point": "train.py"},
                "registry": {
                    "ModelRepack": False,
                    "InferenceSpecification": {
                        "image_uri": f"{IMAGE}-serving",
                        "supported_content_types": ["text/csv"],
                        "supported_response_MIME_types": ["application/json"],
                    },
                },
                "transform": {"image_uri": IMAGE, "channels": "train"},
                "evaluate": {"image_uri": IMAGE, "entry_point": "evaluate.py", "channels": "train"},
            }
        },
        "sagemakerPipeline": {
            "pipelineName": "wine",
            "models": {
                "red": {
                    "steps": [
                        {"step_name": "Prepare", "step_class": "Processing", "step_type": "prepare"},
                        {"step_name": "Train", "step_class": "Training", "chain_input_source_step": ["Prepare"]},
                        {"step_name": "Create", "step_class": "CreateModel"},
                        {
                            "step_name": "Score",
                            "step_class": "Transform",
                            "chain_input_source_step": ["Prepare"],
                            "chain_input_additional_prefix": "test/rows.csv",
                        },
                        {
                            "step_name": "Judge",
                            "step_class": "Metrics",
                            "chain_input_source_step": ["Prepare", "Score"],
                        },
                        {"step_name": "Register", "step_class": "RegisterModel"},
                    ]
                }
            },
        },
    }


def step_of(wanted: dict[str, Any], name: str, model: str = "red") -> dict[str, Any]:
    """The step of a conf, to change it."""
    return next(step for step in wanted["sagemakerPipeline"]["models"][model]["steps"] if step["step_name"] == name)


def write_project(root: Path, wanted: dict[str, Any], files: dict[str, str] | None = None) -> Path:
    """Write a conf and its scripts; ``files`` lie beside the ``conf`` folder."""
    model = root / "configs" / "wine" / "red"
    (model / "conf").mkdir(parents=True, exist_ok=True)
    (model / "conf" / "conf.yaml").write_text(yaml.safe_dump({"conf": wanted}, sort_keys=False))
    scripts = {f"scripts/{name}": text for name, text in SCRIPTS.items()}
    for name, text in {**scripts, **(files or {})}.items():
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_text(text)
    return model.parent


def compile_folder(folder: Path, target: Target = TARGET) -> CompiledPipeline:
    """Compile a config folder; what comes out passes the check."""
    config = load_folder(folder).resolve(VALUES)
    compiled = compile_pipeline(config, build_graph(config), target, VALUES)
    assert check_definition(compiled.definition) == ()
    return compiled


def compile_conf(
    root: Path, wanted: dict[str, Any], files: dict[str, str] | None = None, target: Target = TARGET
) -> CompiledPipeline:
    """Write and compile a conf."""
    return compile_folder(write_project(root, wanted, files), target)


def steps_of(compiled: CompiledPipeline) -> dict[str, Any]:
    """The steps of a compiled pipeline, by name."""
    return {step["Name"]: step for step in compiled.definition["Steps"]}


def arguments_of(compiled: CompiledPipeline, step: str) -> dict[str, Any]:
    """The arguments of a step."""
    arguments: dict[str, Any] = steps_of(compiled)[step]["Arguments"]
    return arguments


def messages_of(root: Path, wanted: dict[str, Any], files: dict[str, str] | None = None, **changes: Any) -> list[str]:
    """The messages of a conf that is refused; none where it compiles."""
    try:
        compile_conf(root, wanted, files, replace(TARGET, **changes))
    except ConfigError as error:
        return [problem.message for problem in error.problems]
    return []


def upload_uri(compiled: CompiledPipeline, ending: str, description: str = "") -> str:
    """The address of the one upload whose key ends so and whose description has these words."""
    found = [u.uri for u in compiled.uploads if u.key.endswith(ending) and description in u.description]
    assert len(found) == 1, [(u.key, u.description) for u in compiled.uploads]
    return found[0]


def execution_uri(*rest: str, bucket: str = "cellar", prefix: tuple[str, ...] = ()) -> dict[str, Any]:
    """A place in S3 that belongs to an execution."""
    values = ["s3:/", bucket, *prefix, "wine", {"Get": "Execution.PipelineExecutionId"}, *rest]
    return {"Std:Join": {"On": "/", "Values": values}}


def s3_input(name: str, uri: Any, path: str, **changes: str) -> dict[str, Any]:
    """An input of a processing job."""
    source = {
        "S3Uri": uri,
        "LocalPath": path,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
        **changes,
    }
    return {"InputName": name, "AppManaged": False, "S3Input": source}


def edges_of(definition: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The edges of a definition: what steps wait for, and what their arguments refer to."""

    def referenced(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if set(value) == {"Get"} and value["Get"].startswith("Steps."):
                yield value["Get"].split(".")[1]
            for item in value.values():
                yield from referenced(item)
        elif isinstance(value, list):
            for item in value:
                yield from referenced(item)

    for step in definition["Steps"]:
        for name in step.get("DependsOn", []):
            yield (name if isinstance(name, str) else name["Step"]), step["Name"]
        for name in referenced(step["Arguments"]):
            yield name, step["Name"]
