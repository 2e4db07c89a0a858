"""A pipeline that a team has built with the SDK: imported, it is what it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sagemaker_mirror.cli import main
from sagemaker_mirror.cli.folders import compile_folder
from sagemaker_mirror.compiler.difference import without_mark
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.local import LocalSageMaker
from tests.conformance import sdk_process
from tests.conformance.conftest import MISSING
from tests.required import require

VALUES = {"SMP_REGION": "us-east-1", "SMP_ACCOUNTID": "123456789012", "SMP_S3BUCKETNAME": "fields"}
ROLE = "arn:aws:iam::123456789012:role/SageMaker"
UPSTREAM = {
    "Sow": set(),
    "Tune": {"Sow"},
    "Grow": {"Sow", "Tune"},
    "Inspect": {"Sow"},
    "Dry": {"Sow"},
    "Barn-CreateModel": {"Dry", "Tune"},
    "Score": {"Dry", "Sow", "Barn-CreateModel"},
    "Weigh": {"Dry", "Score"},
    "Heavy": {"Dry", "Weigh"},
    "Ask": {"Heavy", "Weigh"},
    "Market-RegisterModel": {"Heavy", "Tune", "Inspect"},
    "Thresh": {"Heavy", "Sow"},
    "Rot": {"Dry"},
    "Guess": {"Sow"},
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    require(sdk_process.installed(), MISSING, "CONFORMANCE_REQUIRED")
    with LocalSageMaker() as local:
        local.client("s3").create_bucket(Bucket="fields")
        return sdk_process.build_everything(local.endpoint_url, tmp_path_factory.mktemp("home"))


def test_a_pipeline_of_the_sdk_is_imported_from_sagemaker_as_it_is(
    everything: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalSageMaker() as local:
        monkeypatch.setenv("AWS_ENDPOINT_URL", local.endpoint_url)
        local.client("sagemaker").create_pipeline(
            PipelineName="Fields",
            PipelineDefinition=json.dumps(everything),
            RoleArn=ROLE,
            ClientRequestToken="t" * 32,
        )
        assert main(["import", "Fields", "-o", str(tmp_path / "configs/fields"), "--region", "us-east-1"]) == 0

    folder = tmp_path / "configs/fields"
    graph = build_graph(load_folder(folder))
    assert {name: set(graph.upstream(name)) for name in graph.steps} == UPSTREAM
    compiled = compile_folder(folder, VALUES).compiled
    assert without_mark(compiled.definition) == without_mark(everything)
    assert compiled.role_arn == ROLE
