"""A sandbox for the commands of the docs: a checkout's configs and DAGs, and an embedded SageMaker."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sagemaker_mirror.local import LocalSageMaker
from sagemaker_mirror.local.demo.environment import REGION, VARIABLES, upload_data
from tests.conftest import REPOSITORY
from tests.docs.commands import Sandbox
from tests.docs.files import write_files

# A pipeline that was built otherwise, with a step that no conf has words for.
ABALONE = {
    "Version": "2020-12-01",
    "Parameters": [{"Name": "Threshold", "Type": "Float", "DefaultValue": 0.5}],
    "Steps": [
        {
            "Name": "good-enough",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [
                    {"Type": "GreaterThan", "LeftValue": {"Get": "Parameters.Threshold"}, "RightValue": 0.9}
                ],
                "IfSteps": [],
                "ElseSteps": [{"Name": "give-up", "Type": "Fail", "Arguments": {"ErrorMessage": "not good enough"}}],
            },
        }
    ],
}


# Not for longer: whichever embedded SageMaker of this process starts next empties what all of them share.
@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("configs", "dags"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "docs/reference").mkdir(parents=True)
    write_files(folder)
    with LocalSageMaker() as sagemaker:
        upload_data(sagemaker)
        sagemaker.client("sagemaker", REGION).create_pipeline(
            PipelineName="abalone",
            PipelineDefinition=json.dumps(ABALONE),
            RoleArn=VARIABLES["SMP_ROLE"],
            ClientRequestToken="a" * 32,
        )
        environment = {
            **os.environ,
            **VARIABLES,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "AWS_ENDPOINT_URL": sagemaker.endpoint_url,
        }
        yield Sandbox(folder, environment, sagemaker)
