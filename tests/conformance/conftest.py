"""Both sides' definitions, built once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sagemaker_mirror.local import LocalSageMaker
from tests.conformance import sdk_process
from tests.conformance.cases import GUARDED, PLAIN, Case, cases, reference_folders, shipped_folders
from tests.required import require

SETTINGS = {"plain": PLAIN, "guarded": GUARDED}
MISSING = "the SageMaker SDK is not set up; `make conformance` does it"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "sdk_case" in metafunc.fixturenames:
        folders = [*shipped_folders(), *reference_folders()]
        metafunc.parametrize("sdk_case", [f"{folder.name}-{setting}" for folder in folders for setting in SETTINGS])


@pytest.fixture(scope="session")
def sdk_cases(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    """All confs there are, by the cases' names."""
    folders = [*shipped_folders(), *reference_folders()]
    found = cases(folders, tmp_path_factory.mktemp("project"), SETTINGS)
    return {case.name: case for case in found}


@pytest.fixture(scope="session")
def sdk_definitions(
    sdk_cases: Mapping[str, Case], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, dict[str, Any]]:
    """What the SDK makes of them."""
    require(sdk_process.installed(), MISSING, "CONFORMANCE_REQUIRED")
    descriptions = [case.description() for case in sdk_cases.values()]
    with LocalSageMaker() as local:
        definitions = sdk_process.build(descriptions, local.endpoint_url, tmp_path_factory.mktemp("home"))
    return dict(zip(sdk_cases, definitions, strict=True))
