"""What a valid folder gives."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from sagemaker_mirror.config import (
    ConfigError,
    ProcessingSection,
    RegistrySection,
    TrainingSection,
    discover,
    find_folder,
    load_folder,
)
from tests.conftest import REPOSITORY
from tests.unit.config.folders import CONF, VALUES, changed, load, write

REFERENCE = REPOSITORY.parent / "shared/reference/confs"


def test_a_conf_becomes_data(tmp_path):
    config = load(tmp_path)

    iris = config.models["iris"]
    assert config.name == "iris"
    assert config.path == tmp_path / "iris"
    assert config.files == (tmp_path / "iris/conf/conf.yaml",)
    assert config.pipeline.pipeline_name == "iris"
    assert iris.source_directory == "scripts"
    assert iris.train.instance_count == 2
    assert iris.train.hyperparams == {"depth": 3, "criterion": "gini"}
    assert iris.train.env == {"VERBOSE": "true"}
    assert iris.registry.model_repack is False
    assert iris.transform.entry_point == "inference.py"
    assert iris.evaluate.volume_size_in_gb == 50
    assert list(iris.sections) == ["prepare", "train", "registry", "transform", "evaluate"]
    assert [(model, step.name) for model, step in config.steps] == [
        ("iris", name) for name in ("prepare", "train", "create", "score", "evaluate", "register")
    ]


def test_defaults_are_the_documented_ones(tmp_path):
    section = load(tmp_path).models["iris"].sections["prepare"]

    assert section.model_dump(exclude={"image_uri", "entry_point", "channels"}) == {
        "base_job_name": None,
        "tags": {},
        "env": {},
        "instance_count": 1,
        "instance_type": "ml.m5.2xlarge",
        "s3_data_distribution_type": "FullyReplicated",
        "s3_data_type": "S3Prefix",
        "s3_input_mode": "File",
        "volume_size_in_gb": 32,
        "max_runtime_seconds": 3000,
        "framework_version": "0",
        "s3_upload_mode": "EndOfJob",
        "location": {"output_local_filepath": None},
    }


def test_channels_come_as_mapping_or_text_and_may_be_empty(tmp_path):
    sections = load(tmp_path).models["iris"].sections

    assert list(sections["prepare"].channels) == ["train", "test"]
    assert sections["prepare"].channels["test"].data_files == ()
    assert [file.file_name for file in sections["prepare"].channels["train"].data_files] == [
        "s3://SMP_S3BUCKETNAME/iris/raw.csv"
    ]
    assert list(sections["transform"].channels) == ["test"]
    assert sections["train"].channels == {}


def test_each_step_reads_its_section(tmp_path):
    config = load(tmp_path)

    kinds = {step.name: type(config.section(model, step)) for model, step in config.steps}
    assert kinds["prepare"] is ProcessingSection
    assert kinds["train"] is TrainingSection
    assert kinds["create"] is kinds["register"] is RegistrySection


def test_step_type_names_the_section_on_every_class(tmp_path):
    conf = changed(
        ("      train:\n        image_uri", "      fit:\n        image_uri"),
        ("step_class: Training\n", "step_class: Training\n            step_type: fit\n"),
        ("step_class: CreateModel", "step_class: CreateModel, step_type: create"),
        ("step_class: Metrics\n", "step_class: Metrics\n            step_type: metrics\n"),
    )
    config = load(tmp_path, conf)

    assert config.section(*config.step("train")).hyperparams["depth"] == 3
    assert config.section(*config.step("create")) is config.models["iris"].registry
    assert config.section(*config.step("evaluate")) is config.models["iris"].evaluate


def test_keys_without_value_are_absent(tmp_path):
    conf = changed(
        ("        env:\n          VERBOSE: true\n", "        env:\n        tags:\n        base_job_name:\n")
    )

    assert load(tmp_path, conf).models["iris"].train.env == {}


@pytest.mark.parametrize("repack", ["true", '"True"', "True", '"true"'])
def test_flags_are_booleans_or_text(tmp_path, repack):
    conf = changed(('ModelRepack: "False"', f"ModelRepack: {repack}"))

    assert load(tmp_path, conf).models["iris"].registry.model_repack is True


def test_text_may_stand_for_a_number_and_be_left_open(tmp_path):
    conf = changed(
        ("instance_count: 2", "instance_count: SMP_INSTANCES"),
        ("enable_cache: true", "enable_cache: SMP_CACHE"),
    )
    config = load(tmp_path, conf)
    resolved = config.resolve(VALUES | {"SMP_INSTANCES": "4", "SMP_CACHE": "False"})

    assert config.models["iris"].train.instance_count == "SMP_INSTANCES"
    assert resolved.models["iris"].train.instance_count == 4
    assert resolved.step("train")[1].enable_cache is False


def test_files_of_a_folder_are_merged(tmp_path):
    model, pipeline = CONF.split("  sagemakerPipeline:")
    folder = write(
        tmp_path,
        {
            "iris/model/conf/conf.yaml": model,
            "iris/deep/down/conf/anchor.yml": "conf:\n  sagemakerPipeline:" + pipeline,
            "iris/conf.yaml": "not: read",
            "iris/.hidden/conf/conf.yaml": "not: read",
        },
    )
    config = load_folder(folder)

    assert config.files == (folder / "deep/down/conf/anchor.yml", folder / "model/conf/conf.yaml")
    assert config.models == load(tmp_path / "other").models


def test_folders_are_found_by_what_they_hold(tmp_path):
    write(
        tmp_path,
        {
            "b/conf/conf.yaml": CONF,
            "a/x/y/conf/c.yml": CONF,
            "conf/base.yaml": "conf: {}",
            "none/conf/readme.md": "",
            ".git/conf/conf.yaml": "",
            "file.yaml": "",
        },
    )

    assert [folder.name for folder in discover(tmp_path)] == ["a", "b"]
    assert find_folder(tmp_path, "a").files == (tmp_path / "a/x/y/conf/c.yml",)
    for name in ("none", "conf", "nowhere", "..", "", ".git", "a/x", "file.yaml"):
        assert find_folder(tmp_path, name) is None


def test_a_folder_without_confs_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"empty:1:1: has no conf/\*\.yaml at any depth"):
        load_folder(tmp_path / "empty")


def test_errors_cross_process_borders(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "conf: {}")

    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems


@pytest.mark.parametrize(
    ("folder", "steps", "placeholders"),
    [
        ("lgbm", 5, {"SMP_ACCOUNTID", "SMP_REGION", "SMP_S3BUCKETNAME"}),
        ("tf", 6, {"SMP_S3BUCKETNAME"}),
        ("multi-model-example", 9, {"SMP_S3BUCKETNAME"}),
    ],
)
@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the existing framework's confs are not here")
def test_confs_of_the_existing_framework_load_unchanged(folder, steps, placeholders):
    config = load_folder(REFERENCE / folder)

    assert len(config.steps) == steps
    assert config.placeholders == placeholders
    assert config.resolve(VALUES).placeholders == frozenset()


def test_nothing_of_airflow_or_aws_is_imported():
    code = (
        "import sys, sagemaker_mirror.graph; "
        "print([name for name in ('airflow', 'boto3', 'botocore', 'pandas') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
