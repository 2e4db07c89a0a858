"""What the compiler makes of a conf, and what the framework that it takes over from makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cases import REFERENCE, Case, cases, reference_folders
from tests.conformance.comparison import Found
from tests.conformance.difference import gone, unlisted
from tests.conformance.differences import AGAINST_FRAMEWORK

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the framework's confs are not part of the repository")

NAMES = [folder.name for folder in reference_folders()]


def golden(name: str) -> dict[str, Any]:
    definition = json.loads((REFERENCE / "golden" / f"{name}.json").read_text())
    assert isinstance(definition, dict)
    return definition


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, frozenset[Found]]:
    """What differs, by the conf's name."""
    compared = cases(reference_folders(), tmp_path_factory.mktemp("project"), {"golden": _values()})
    return {case.config.name: _found(case) for case in compared}


def _found(case: Case) -> frozenset[Found]:
    return case.compare(golden(case.config.name)).found


def _values() -> dict[str, str]:
    """The values that the framework was run with."""
    steps = golden("tf")["Steps"]
    processing, training = steps[0]["Arguments"], steps[1]["Arguments"]
    network = processing["NetworkConfig"]["VpcConfig"]
    return {
        "SMP_ACCOUNTID": processing["RoleArn"].split(":")[4],
        "SMP_REGION": json.loads(training["HyperParameters"]["sagemaker_region"]),
        "SMP_S3BUCKETNAME": Path(training["OutputDataConfig"]["S3OutputPath"]).name,
        "SMP_ROLE": processing["RoleArn"],
        "SMP_SUBNETS": ",".join(network["Subnets"]),
        "SMP_SECURITYGROUPS": ",".join(network["SecurityGroupIds"]),
    }


@pytest.mark.parametrize("name", NAMES)
def test_only_listed_values_differ(name, found):
    assert unlisted(found[name], AGAINST_FRAMEWORK) == []


def test_every_listed_difference_occurs(found):
    assert gone({item for items in found.values() for item in items}, AGAINST_FRAMEWORK) == []
