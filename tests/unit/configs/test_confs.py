"""What can be said of the shipped folders without running them."""

from __future__ import annotations

import ast
import re

import pytest

from sagemaker_mirror.config import discover, load_folder
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.local.demo.datasets import datasets
from tests.unit.configs.conftest import CONFIGS

FOLDERS = ["breast-cancer", "digits-pca-classifier"]
SCRIPTS = sorted(CONFIGS.glob("*/*/scripts/*.py"))
VALUES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "us-east-1",
    "SMP_S3BUCKETNAME": "sagemaker-mirror-demo",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
}


def test_these_folders_are_shipped():
    assert [folder.name for folder in discover(CONFIGS)] == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_valid_and_needs_nothing_but_a_bucket(folder):
    config = load_folder(CONFIGS / folder)

    assert config.name == config.pipeline.pipeline_name == folder
    assert config.placeholders == {"SMP_S3BUCKETNAME"}
    assert config.resolve(VALUES).placeholders == frozenset()


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_sources_are_those_of_the_model_folder(folder):
    config = load_folder(CONFIGS / folder)

    for model in config.models:
        assert config.source_directory(model, VALUES) == CONFIGS / folder / model / "scripts"


@pytest.mark.parametrize(
    ("folder", "edges"),
    [
        (
            "breast-cancer",
            "prepare>train train>create-model create-model>score score>evaluate evaluate>register",
        ),
        (
            "digits-pca-classifier",
            "pca-prepare>pca-train pca-train>pca-register pca-train>project project>train train>create-model "
            "create-model>score score>evaluate evaluate>register pca-register>register",
        ),
    ],
)
def test_the_graph_is_the_one_in_the_conf_s_comment(folder, edges):
    graph = build_graph(load_folder(CONFIGS / folder))

    assert {f"{edge.source}>{edge.target}" for edge in graph.reduced_edges()} == set(edges.split())


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_s3_object_that_is_read_is_one_that_the_demo_uploads(folder):
    text = "".join(path.read_text() for path in (CONFIGS / folder).rglob("conf.yaml"))
    keys = set(re.findall(r"s3://SMP_S3BUCKETNAME/(\S+)", text))

    assert keys
    assert keys <= set(datasets())


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: "/".join(path.parts[-3:]))
def test_scripts_have_the_syntax_of_the_image_s_python(path):
    """AWS's scikit-learn 1.2 image runs Python 3.9, older than anything that the tests run on."""
    tree = ast.parse(path.read_text(), feature_version=(3, 9))

    assert any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    strict = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "strict"]
    assert not strict, "zip(strict=…), which ruff asks for, came with Python 3.10"


def test_the_readme_lists_what_is_here():
    text = (CONFIGS / "README.md").read_text()

    for folder in FOLDERS:
        assert f"[`{folder}`]" in text
    for key in datasets():
        assert f"`{key.removeprefix('datasets/')}`" in text
