"""The confs of the framework that this one takes over from. tests/conformance compares what both make of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.compiler import Target, check_definition, compile_pipeline
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.graph import build_graph
from tests.unit.compiler.project import edges_of

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "reference"
pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference is not part of the repository")

NAMES = ("lgbm", "tf", "multi-model-example")


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


@pytest.mark.parametrize("name", NAMES)
def test_what_the_framework_makes_passes_the_check(name):
    assert check_definition(golden(name)) == ()


@pytest.mark.parametrize("name", NAMES)
def test_the_definition_has_the_edges_of_the_graph(name, configs):
    graph = build_graph(load_folder(configs / name))

    assert set(edges_of(compiled(configs / name))) == {(edge.source, edge.target) for edge in graph.edges}


@pytest.mark.parametrize("name", NAMES)
def test_the_confs_compile_with_a_key_too(name, configs):
    assert check_definition(compiled(configs / name, "arn:aws:kms:us-east-1:123456789012:key/9a")) == ()
