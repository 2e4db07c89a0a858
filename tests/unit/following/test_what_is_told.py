"""What steps that run no job have for XCom."""

from __future__ import annotations

import logging

import pytest

from sagemaker_mirror.following.results import collect_results
from sagemaker_mirror.mirror.snapshot import StepSnapshot
from tests.unit.mirror.snapshots import row

OUTPUTS = [{"Name": "weight", "Value": "3"}]


class Hook:
    """Describes nothing: SageMaker knows nothing of a function."""

    def describe_job(self, job):
        assert job.kind is None or job.kind.describe is None
        return {}


@pytest.mark.parametrize(
    ("metadata", "arn", "told"),
    [
        ({"Condition": {"Outcome": "True"}}, None, {"Outcome": "True"}),
        ({"Callback": {"CallbackToken": "t", "OutputParameters": OUTPUTS}}, None, None),
        ({"EMR": {"ClusterId": "j-12", "StepId": "s-1"}}, None, None),
        ({"Fail": {"ErrorMessage": "no"}}, None, None),
        (
            {
                "Lambda": {
                    "Arn": "arn:aws:lambda:eu-central-1:123456789012:function:weigh",
                    "OutputParameters": OUTPUTS,
                }
            },
            "arn:aws:lambda:eu-central-1:123456789012:function:weigh",
            {"OutputParameters": OUTPUTS},
        ),
        (
            {"SomethingNew": {"Arn": "arn:aws:new:eu-central-1:123456789012:thing/x"}},
            "arn:aws:new:eu-central-1:123456789012:thing/x",
            {},
        ),
    ],
)
def test_steps_of_any_type_have_what_sagemaker_tells_of_them(metadata, arn, told):
    step = StepSnapshot.of(row("weigh", "Succeeded", Metadata=metadata))

    results = collect_results(Hook(), step, None, succeeded=True, log=logging.getLogger("test"))

    [entry] = metadata.values()
    assert results.fields["job_arn"] == arn
    assert results.fields.get("metadata", {}) == (entry if told is None else told)
