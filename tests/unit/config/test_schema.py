"""The JSON schema and the table of keys say what validation does."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from sagemaker_mirror.config.schema import json_schema, json_schema_text, key_table
from tests.conftest import REPOSITORY
from tests.unit.config.folders import CONF
from tests.unit.config.test_problems import KEYS, VALUES

CONFS = [
    *sorted((REPOSITORY / "configs").rglob("conf/*.yaml")),
    *sorted((REPOSITORY.parent / "shared/reference/confs").rglob("*.yaml")),
]


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_valid_confs_are_valid(validator):
    validator.validate(yaml.safe_load(CONF))


@pytest.mark.parametrize("path", CONFS, ids=lambda path: "/".join(path.parts[-4:]))
def test_shipped_and_reference_confs_are_valid(validator, path):
    validator.validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case[2])
def test_keys_that_validation_refuses_are_refused(validator, case):
    old, new = case[0], case[1].replace("▶", "")
    if "is empty" in case[2]:
        return

    assert not validator.is_valid(yaml.safe_load(CONF.replace(old, new)))


@pytest.mark.parametrize("case", [case for case in VALUES if "'instance_count'" in case[2]], ids=lambda case: case[1])
def test_values_that_validation_refuses_are_refused(validator, case):
    assert not validator.is_valid(yaml.safe_load(CONF.replace(case[0], case[1].replace("▶", ""))))


def test_every_key_is_described():
    rows = key_table()
    paths = [row.path for row in rows]

    assert len(paths) == len(set(paths))
    assert all(row.description.endswith(".") for row in rows)
    assert all(row.type for row in rows)
    by_path = {row.path: row for row in rows}
    count = by_path["models.<model>.train.instance_count"]
    assert (count.type, count.default, count.steps) == ("whole number", "1", ("Training",))
    assert count.api == "ResourceConfig.InstanceCount"
    assert by_path["models.<model>.train.image_uri"].default == "required"
    assert by_path["models.<model>.transform.volume_size"].no_effect
    assert by_path["models.<model>.registry.ModelRepack"].type == "true or false"
    assert by_path["models.<model>.evaluate.channels.<channel>.dataFiles[].fileName"].steps == ("Metrics",)
    assert "sagemakerPipeline.models.<model>.steps[].depends_on[].on" in by_path


def test_schema_is_the_same_each_time():
    assert json_schema() == json_schema()


def test_the_schema_for_editors_is_the_current_one():
    shipped = REPOSITORY / "configs/conf.schema.json"

    assert shipped.read_text() == json_schema_text(), "write sagemaker_mirror.config.schema.json_schema_text() to it"
