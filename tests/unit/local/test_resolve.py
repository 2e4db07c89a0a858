from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sagemaker_mirror.local.resolve import Resolver, UnresolvedReference

STEPS: Mapping[str, Mapping[str, Any]] = {
    "Prepare": {
        "ProcessingOutputConfig": {
            "Outputs": [
                {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
                {"OutputName": "test", "S3Output": {"S3Uri": "s3://b/test"}},
            ]
        },
        "FinalMetricDataList": [{"MetricName": "auc", "Value": 0.5}],
    }
}


def resolver() -> Resolver:
    return Resolver(
        parameters={"Rows": 7, "Dry": True},
        variables={"PipelineExecutionId": "abc"},
        properties=STEPS.__getitem__,
        property_file=lambda step, name: {"mse": {"value": 1.5}, "folds": [{"r": 1}, {"r": 2}], "of": [step, name]},
        json_at=lambda uri: {"from": uri},
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Get": "Parameters.Rows"}, 7),
        ({"Get": "Execution.PipelineExecutionId"}, "abc"),
        ({"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"}, "s3://b/test"),
        ({"Get": 'Steps.Prepare.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri'}, "s3://b/train"),
        ({"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri"}, "s3://b/train"),
        ({"Get": "Steps.Prepare.FinalMetricDataList['auc'].Value"}, 0.5),
        ({"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.Rows"}]}}, "s3://7"),
        ({"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Dry"}]}}, "true"),
        (
            {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"}, "Path": "mse.value"}},
            1.5,
        ),
        (
            {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"}, "Path": "folds[1].r"}},
            2,
        ),
        (
            {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"}, "Path": "['mse'].value"}},
            1.5,
        ),
        (
            {"Std:JsonGet": {"S3Uri": {"Std:Join": {"On": "", "Values": ["s3://b/", "k"]}}, "Path": "from"}},
            "s3://b/k",
        ),
        ([{"Get": "Parameters.Rows"}, {"x": {"Get": "Parameters.Rows"}}], [7, {"x": 7}]),
        ({"Get": "Parameters.Rows", "More": 1}, {"Get": "Parameters.Rows", "More": 1}),
    ],
)
def test_references_are_replaced(value: Any, expected: Any) -> None:
    assert resolver().resolve(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"Get": "Parameters.Unknown"},
        {"Get": "Somewhere.Else"},
        {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['none'].S3Output.S3Uri"},
        {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs[9].S3Output.S3Uri"},
        {"Get": "Steps.Prepare.Odd"},
        {"Get": "Steps.Prepare.Outputs{x}"},
        {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"}, "Path": "no.such"}},
        {"Std:JsonGet": {"PropertyFile": {"Get": "Parameters.Rows"}, "Path": "x"}},
    ],
)
def test_what_leads_nowhere_is_an_error(value: Any) -> None:
    with pytest.raises(UnresolvedReference):
        resolver().resolve(value)
