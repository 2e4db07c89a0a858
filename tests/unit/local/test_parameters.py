from __future__ import annotations

import json
from typing import Any

import pytest

from sagemaker_mirror.local.definition import Definition, parse_definition
from sagemaker_mirror.local.errors import ServiceError
from sagemaker_mirror.local.parameters import read_parameters


def with_parameters(*parameters: dict[str, Any]) -> Definition:
    return parse_definition(
        json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": [{"Name": "A", "Type": "Fail"}]})
    )


DEFINITION = with_parameters(
    {"Name": "Uri", "Type": "String"},
    {"Name": "Rows", "Type": "Integer", "DefaultValue": 10},
    {"Name": "Rate", "Type": "Float", "DefaultValue": 0.5},
    {"Name": "Dry", "Type": "Boolean", "DefaultValue": False},
    {"Name": "Size", "Type": "String", "DefaultValue": "small", "EnumValues": ["small", "large"]},
)


def assigned(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def test_assigned_values_have_the_type_of_their_parameter() -> None:
    values = read_parameters(DEFINITION, assigned(Uri="s3://b", Rows="3", Rate="1", Dry="true", Size="large"))
    assert values == {"Uri": "s3://b", "Rows": 3, "Rate": 1.0, "Dry": True, "Size": "large"}


def test_defaults_fill_in() -> None:
    values = read_parameters(DEFINITION, assigned(Uri="s3://b"))
    assert values == {"Uri": "s3://b", "Rows": 10, "Rate": 0.5, "Dry": False, "Size": "small"}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "Parameter [Uri] has no default"),
        ({"Uri": "x", "Odd": "1"}, "Assigned parameter [Odd] is not defined"),
        ({"Uri": "x", "Rows": "many"}, "Parameter [Rows] must be Integer"),
        ({"Uri": "x", "Dry": "perhaps"}, "Parameter [Dry] must be Boolean"),
        ({"Uri": "x", "Size": "huge"}, "Parameter [Size] must be one of"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, str], reason: str) -> None:
    with pytest.raises(ServiceError) as refused:
        read_parameters(DEFINITION, assigned(**given))
    assert reason in refused.value.message
