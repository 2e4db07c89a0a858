"""The jobs, models and model packages that steps make: what they are called, where they log, what comes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_mirror.mirror.arns import Arn
from sagemaker_mirror.mirror.snapshot import StepSnapshot


@dataclass(frozen=True)
class JobKind:
    """A kind of thing that a step makes.

    :param describe: the SageMaker client's method that describes it; None: it is another service's
    :param name_argument: that method's argument
    :param console_page: where it lies in the console of its service, behind the ``#``
    :param log_group: its CloudWatch log group; None: it writes no log that is the step's alone
    :param service: the service whose console has it
    """

    describe: str | None
    name_argument: str
    console_page: str
    log_group: str | None = None
    service: str = "sagemaker"


# By the resource type in the ARN. Log groups:
# https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
JOB_KINDS: Mapping[str, JobKind] = {
    "processing-job": JobKind(
        "describe_processing_job", "ProcessingJobName", "processing-jobs", "/aws/sagemaker/ProcessingJobs"
    ),
    "training-job": JobKind("describe_training_job", "TrainingJobName", "jobs", "/aws/sagemaker/TrainingJobs"),
    "transform-job": JobKind(
        "describe_transform_job", "TransformJobName", "transform-jobs", "/aws/sagemaker/TransformJobs"
    ),
    "hyper-parameter-tuning-job": JobKind(
        "describe_hyper_parameter_tuning_job", "HyperParameterTuningJobName", "hyper-tuning-jobs"
    ),
    "model": JobKind("describe_model", "ModelName", "models"),
    "model-package": JobKind("describe_model_package", "ModelPackageName", "model-packages"),
    "endpoint": JobKind("describe_endpoint", "EndpointName", "endpoints"),
    "endpoint-config": JobKind("describe_endpoint_config", "EndpointConfigName", "endpointConfig"),
    "function": JobKind(None, "FunctionName", "functions", service="lambda"),
}


# Where a step's metadata names what it made; checks name their processing job.
_ARNS = ("Arn", "CheckJobArn")


@dataclass(frozen=True)
class Job:
    """The thing that a step made.

    :param arn: its ARN
    :param type: the resource type in it, such as ``training-job``
    :param name: its name; a model package is named by its whole ARN. SageMaker writes names in lower case in ARNs and
        finds them in any case, but CloudWatch does not: see :meth:`named`.
    """

    arn: str
    type: str
    name: str

    @property
    def kind(self) -> JobKind | None:
        """What we know of its kind; None: nothing."""
        return JOB_KINDS.get(self.type)

    def named(self, description: Mapping[str, Any]) -> Job:
        """Return the job under its name as it was given, where its description tells it.

        :param description: the answer of its Describe operation
        """
        name = description.get(self.kind.name_argument) if self.kind and self.type != "model-package" else None
        return replace(self, name=name) if name else self


def job_of(step: StepSnapshot) -> Job | None:
    """Return what a step made, or None where SageMaker names nothing with an ARN.

    Where a step's metadata is written is documented with PipelineExecutionStepMetadata. Whatever the type of the
    step, be it newer than this, what it made stands under ``Arn``.

    :param step: the step's latest attempt
    """
    for entry in _entries(step):
        text = next((entry[key] for key in _ARNS if entry.get(key)), None)
        if text is None:
            continue
        resource = Arn.parse(text).resource
        # Most services put a slash between type and name, Lambda a colon.
        resource_type, *name = re.split("[/:]", resource, maxsplit=1)
        return Job(text, resource_type, text if resource_type == "model-package" else (name or [resource])[0])
    return None


def told_of(step: StepSnapshot) -> dict[str, Any]:
    """Return what SageMaker tells of a step beside the ARN of what it made, for the XCom.

    Such as the outcome of a condition, what a Lambda function or a callback gave, the reports of a check, and the
    cluster of an EMR step.

    :param step: the step's latest attempt
    """
    told = {key: value for entry in _entries(step) for key, value in entry.items() if key not in _ARNS}
    return {"metadata": told} if told else {}


def _entries(step: StepSnapshot) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in step.metadata.values() if isinstance(entry, Mapping))


def outputs_of(job: Job, description: Mapping[str, Any]) -> dict[str, Any]:
    """Return what came of a job, for the XCom: S3 URIs, model artifact, model package.

    :param job: the job
    :param description: the answer of its Describe operation
    """
    if job.type == "processing-job":
        outputs = description.get("ProcessingOutputConfig", {}).get("Outputs", ())
        return {
            "outputs": {
                output["OutputName"]: output["S3Output"]["S3Uri"] for output in outputs if output.get("S3Output")
            }
        }
    if job.type == "training-job":
        return {"model_artifact": description.get("ModelArtifacts", {}).get("S3ModelArtifacts")}
    if job.type == "transform-job":
        return {"outputs": {"transform": description.get("TransformOutput", {}).get("S3OutputPath")}}
    if job.type == "hyper-parameter-tuning-job":
        best = description.get("BestTrainingJob", {})
        objective = best.get("FinalHyperParameterTuningJobObjectiveMetric", {})
        return {"best_training_job": best.get("TrainingJobName"), "best_objective": objective.get("Value")}
    if job.type == "endpoint":
        return {"endpoint_name": job.name}
    if job.type == "model":
        containers = [description.get("PrimaryContainer") or {}, *description.get("Containers", ())]
        container: Mapping[str, Any] = next(filter(None, containers), {})
        return {"model_name": job.name, "model_artifact": container.get("ModelDataUrl")}
    if job.type == "model-package":
        quality = description.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {})
        return {
            "model_package_arn": job.arn,
            "model_package_group": description.get("ModelPackageGroupName"),
            "model_package_version": description.get("ModelPackageVersion"),
            "approval_status": description.get("ModelApprovalStatus"),
            "metrics_s3_uri": quality.get("S3Uri"),
        }
    return {}


def billable_seconds(step: StepSnapshot, job: Job, description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the seconds that AWS bills for a job, over all its instances.

    Training tells them (BillableTimeInSeconds, per instance); for processing and transform it is the wall time of
    the instances, an estimate. A cached or reused step costs nothing.

    :param step: the step's latest attempt
    :param job: its job
    :param description: the answer of the job's Describe operation
    """
    if job.type not in {"processing-job", "training-job", "transform-job"}:
        return {}
    if step.cached_from or step.reused_from:
        return {"billable_seconds": 0}
    if job.type == "training-job":
        seconds = description.get("BillableTimeInSeconds")
        instances = description.get("ResourceConfig", {}).get("InstanceCount", 1)
        return {} if seconds is None else {"billable_seconds": seconds * instances}
    if job.type == "processing-job":
        instances = description.get("ProcessingResources", {}).get("ClusterConfig", {}).get("InstanceCount", 1)
        begin, end = description.get("ProcessingStartTime"), description.get("ProcessingEndTime")
    else:
        instances = description.get("TransformResources", {}).get("InstanceCount", 1)
        begin, end = description.get("TransformStartTime"), description.get("TransformEndTime")
    if begin is None or end is None:
        return {}
    return {
        "billable_seconds": round((end - begin).total_seconds() * instances),
        "billable_seconds_estimated": True,
    }
