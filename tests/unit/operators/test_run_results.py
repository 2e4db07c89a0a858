from __future__ import annotations

import logging

from botocore.exceptions import ClientError

from sagemaker_mirror.operators.run_results import read_metrics, run_results
from tests.unit.mirror.snapshots import look, row

JOBS = "arn:aws:sagemaker:eu-central-1:123456789012:training-job/"
LOG = logging.getLogger(__name__)


class Hook:
    """Describes training jobs, and counts."""

    def __init__(self, *, refuses: bool = False, content: bytes | None = None) -> None:
        self.refuses = refuses
        self.content = content
        self.described: list[str] = []

    def describe_job(self, job):
        self.described.append(job.name)
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeTrainingJob")
        return {"BillableTimeInSeconds": 30, "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"}}

    def read_small(self, uri, limit):
        return self.content


def trained(name, status="Succeeded", job=None):
    return row(name, status, Metadata={"TrainingJob": {"Arn": f"{JOBS}{job or name}"}})


def test_a_job_that_a_task_has_described_is_not_described_again():
    snapshot = look("Failed", trained("grow"), trained("mow", "Failed"), row("choose", "Succeeded"))
    told = {"step_name": "grow", "job_arn": f"{JOBS}grow", "billable_seconds": 12}
    hook = Hook()
    results = run_results(hook, snapshot, [told, None, "of another task"], LOG)

    assert hook.described == ["mow"]
    assert results["grow"] == told
    assert results["mow"] == {
        "job_arn": f"{JOBS}mow",
        "model_artifact": "s3://b/model.tar.gz",
        "billable_seconds": 30,
    }
    assert "choose" not in results


def test_what_a_task_told_of_an_earlier_attempt_does_not_count():
    snapshot = look("Succeeded", trained("grow", job="second"))
    hook = Hook()
    results = run_results(hook, snapshot, [{"step_name": "grow", "job_arn": f"{JOBS}first"}], LOG)

    assert hook.described == ["second"]
    assert results["grow"]["job_arn"] == f"{JOBS}second"


def test_a_job_that_cannot_be_described_is_left_out(caplog):
    results = run_results(Hook(refuses=True), look("Succeeded", trained("grow")), [], LOG)

    assert results == {"grow": {"job_arn": f"{JOBS}grow"}}
    assert "cannot be described" in caplog.text


def test_metrics_are_what_the_report_says_and_nothing_where_it_cannot_be_read(caplog):
    assert read_metrics(Hook(content=b'{"accuracy": 1}'), "s3://b/k", LOG) == {"accuracy": 1}
    assert read_metrics(Hook(content=None), "s3://b/k", LOG) is None
    assert read_metrics(Hook(content=b"no JSON"), "s3://b/k", LOG) is None
    assert "cannot be read" in caplog.text
