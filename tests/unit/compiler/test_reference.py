"""The confs of the framework that this one takes over from, and what that framework makes of them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.compiler import Target, check_definition, compile_pipeline
from sagemaker_mirror.compiler.references import is_reference
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.graph import build_graph

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "reference"
pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference is not part of the repository")

NAMES = ("lgbm", "tf", "multi-model-example")
# Where ours is another, and why. A place is a pattern of the way to a value; each has to occur.
DIFFERENCES = {
    r"Metadata.*": "carries the hash over the rest",
    r"PipelineExperimentConfig": "an experiment is made only where somebody asks for one",
    r"Steps\[\d\]\.Name": "names are emitted as configured, without an ending",
    r"Steps\[\d\]\.DependsOn\[\d\]": "the same names",
    r"Steps\[\d\]\.Arguments\.ModelName": "the same names",
    r".*\.HyperParameters\.sagemaker_submit_directory": "one bundle per source folder, hashed in another way",
    r".*\.ProcessingInputs\[\d\]\.S3Input\.S3Uri": "bundle and entrypoint are hashed in another way",
    r".*\.HyperParameters\.sagemaker_program": "the whole source folder is shipped, not the script's folder alone",
    r".*\.InputDataConfig\[0\]\.DataSource\.S3DataSource\.S3Uri": "each channel has its own files",
    r".*\.OutputDataConfig\.S3OutputPath": "outputs belong to an execution",
    r".*\.ProfilerConfig\.S3OutputPath": "outputs belong to an execution",
    r".*\.TransformOutput\.S3OutputPath": "outputs belong to an execution, in the configured bucket",
    r".*\.Outputs\[0\]\.S3Output\.S3Uri": "the report belongs to an execution",
    r".*\.ModelQuality\.Statistics\.S3Uri": "the report's address follows from the Metrics step's output",
    r".*\.ModelMetrics\.(Bias|Explainability)": "empty members say nothing",
    r".*\.ModelPackageGroupName": "named after pipeline and model, not after None",
    r".*\.ModelPackageDescription": "there is none where the conf has none",
    r"Steps\[\d\]\.Arguments\.(VpcConfig|EnableNetworkIsolation|EnableInterContainerTrafficEncryption).*": (
        "network settings reach training jobs too"
    ),
}


def golden(name: str) -> dict[str, Any]:
    return json.loads((REFERENCE / "golden" / f"{name}.json").read_text())


def values() -> dict[str, str]:
    """The values that the framework was run with."""
    processing, training = (step["Arguments"] for step in golden("tf")["Steps"][:2])
    network = processing["NetworkConfig"]["VpcConfig"]
    return {
        "SMP_ACCOUNTID": processing["RoleArn"].split(":")[4],
        "SMP_REGION": json.loads(training["HyperParameters"]["sagemaker_region"]),
        "SMP_S3BUCKETNAME": training["OutputDataConfig"]["S3OutputPath"].split("/")[2],
        "SMP_ROLE": processing["RoleArn"],
        "SMP_SUBNETS": ",".join(network["Subnets"]),
        "SMP_SECURITYGROUPS": ",".join(network["SecurityGroupIds"]),
    }


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """The reference confs as config folders, with scripts where they name them."""
    for name in NAMES:
        shutil.copytree(REFERENCE / "confs" / name, tmp_path / "configs" / name)
        for model in load_folder(tmp_path / "configs" / name).models.values():
            for section in model.sections.values():
                if entry_point := getattr(section, "entry_point", None):
                    script = tmp_path / str(model.source_directory) / entry_point
                    script.parent.mkdir(parents=True, exist_ok=True)
                    script.write_text(f"print({entry_point!r})\n")
    return tmp_path / "configs"


def compiled(folder: Path, kms_key: str | None = None) -> dict[str, Any]:
    config = load_folder(folder).resolve(values())
    target = replace(Target.from_values(values()), kms_key=kms_key)
    return compile_pipeline(config, build_graph(config), target, values()).definition


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every value of a definition by the way to it; a reference is a value."""
    if isinstance(value, dict) and value and not is_reference(value):
        items = [(f"{path}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, list) and value:
        items = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    else:
        return {path: value}
    return {place: leaf for below, item in items for place, leaf in leaves(item, below).items()}


def differences(name: str, configs: Path) -> set[str]:
    ours, theirs = leaves(compiled(configs / name)), leaves(golden(name))
    return {place for place in ours.keys() | theirs.keys() if ours.get(place) != theirs.get(place)}


def listed(place: str) -> list[str]:
    return [pattern for pattern in DIFFERENCES if re.fullmatch(pattern, place) or place.startswith(f"{pattern}.")]


@pytest.mark.parametrize("name", NAMES)
def test_what_the_framework_makes_passes_the_check(name):
    assert check_definition(golden(name)) == ()


@pytest.mark.parametrize("name", NAMES)
def test_only_listed_places_differ(name, configs):
    assert {place for place in differences(name, configs) if not listed(place)} == set()


def test_every_listed_difference_occurs(configs):
    found = {pattern for name in NAMES for place in differences(name, configs) for pattern in listed(place)}

    assert set(DIFFERENCES) - found == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_confs_compile_with_a_key_too(name, configs):
    assert check_definition(compiled(configs / name, "arn:aws:kms:us-east-1:123456789012:key/9a")) == ()
