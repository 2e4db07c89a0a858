"""What the execution role of an MWAA environment has to be allowed, beyond what MWAA itself needs.

Which resource an action takes: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.exceptions import UnknownRegionError

from sagemaker_mirror.cli.bundle.scope import PipelineScope
from sagemaker_mirror.config import PipelineConfig
from sagemaker_mirror.mirror.jobs import JOB_KINDS

# Sids, which are the only place for a comment that a policy has. Each stands for one kind of resource.
PIPELINES = "WriteAndStartPipelines"
EXECUTIONS = "FollowRetryAndStopExecutions"
JOBS = "DescribeWhatStepsMade"
ROLES = "PassTheRolesOfPipelines"
LOGS = "ShowTheEndOfFailedJobsLogs"
UPLOADS = "UploadCodeAndDataThatAreMissing"
OUTPUTS = "ReadTheMetricsThatStepsReport"
KEYS = "UseTheKeysOfTheBuckets"


@dataclass(frozen=True)
class Grant:
    """An action that is allowed.

    :param statement: the Sid of its statement, which has the resources.
    :param action: the action, with its service.
    :param why: what for.
    """

    statement: str
    action: str
    why: str


def _describe(method: str) -> str:
    return "sagemaker:" + "".join(word.title() for word in method.split("_"))


# One row for each call that a task or trigger makes; tests/unit/cli/bundle compares them with the source.
GRANTS: tuple[Grant, ...] = (
    Grant(PIPELINES, "sagemaker:ListPipelineVersions", "Which version of the pipeline is the newest?"),
    Grant(PIPELINES, "sagemaker:DescribePipeline", "Is its definition that of the conf? Then nothing is written."),
    Grant(PIPELINES, "sagemaker:CreatePipeline", "The first run of a folder."),
    Grant(PIPELINES, "sagemaker:UpdatePipeline", "The first run after a conf or a script has changed."),
    Grant(PIPELINES, "sagemaker:ListTags", "Which of the conf's tags are missing?"),
    Grant(PIPELINES, "sagemaker:AddTags", "To add those."),
    Grant(PIPELINES, "sagemaker:ListPipelineExecutions", "Has an earlier try of this run started one already?"),
    Grant(PIPELINES, "sagemaker:StartPipelineExecution", "Each run is an execution."),
    Grant(EXECUTIONS, "sagemaker:DescribePipelineExecution", "Where is it? Asked every poll_interval."),
    Grant(EXECUTIONS, "sagemaker:ListPipelineExecutionSteps", "Where are its steps? Asked together with that."),
    Grant(
        EXECUTIONS,
        "sagemaker:DescribePipelineDefinitionForExecution",
        "Which steps can it no longer reach? Their tasks are skipped.",
    ),
    Grant(
        EXECUTIONS,
        "sagemaker:ListPipelineParametersForExecution",
        "With which parameters did somebody else begin it? Its run has the same.",
    ),
    Grant(EXECUTIONS, "sagemaker:RetryPipelineExecution", "A failed step's task is cleared or retried."),
    Grant(EXECUTIONS, "sagemaker:StopPipelineExecution", "The run, or its task `execution`, is marked failed."),
    *(
        Grant(JOBS, _describe(kind.describe), f"What came of a step that made a {resource.replace('-', ' ')}.")
        for resource, kind in JOB_KINDS.items()
        if kind.describe is not None
    ),
    Grant(ROLES, "iam:PassRole", "CreatePipeline and UpdatePipeline give the pipeline its role."),
    Grant(LOGS, "logs:DescribeLogStreams", "Which containers did a failed job have?"),
    Grant(LOGS, "logs:GetLogEvents", "Its last lines, for the task's log."),
    Grant(UPLOADS, "s3:GetObject", "Is it there already? (HeadObject.) SageMaker reads large definitions with it."),
    Grant(UPLOADS, "s3:PutObject", "Code, data files and large definitions, each under its hash."),
    Grant(UPLOADS, "s3:AbortMultipartUpload", "Nothing is left of an upload that fails halfway."),
    Grant(OUTPUTS, "s3:GetObject", "The report of a step with metrics becomes its task's XCom."),
    Grant(KEYS, "kms:GenerateDataKey", "Uploads to a bucket that is encrypted with a key of yours."),
    Grant(KEYS, "kms:Decrypt", "To read there, and to put large files together."),
)


def resources_of(configs: Iterable[PipelineConfig], values: Mapping[str, str]) -> dict[str, list[str]]:
    """Give the ARNs of each statement. Placeholders without value stay in them by their names.

    They are the pipelines of these configs, what they upload, and the roles they pass on. Of jobs all are readable,
    because SageMaker makes up their names.

    :param configs: the confs, placeholders in place.
    :param values: the values of the placeholders.
    """
    scopes = [PipelineScope.of(config, values) for config in configs]
    region = values.get("SMP_REGION", "SMP_REGION")
    partition = _partition(region)
    owner = f"{region}:{values.get('SMP_ACCOUNTID', 'SMP_ACCOUNTID')}"
    sagemaker, s3 = f"arn:{partition}:sagemaker:{owner}", f"arn:{partition}:s3:::"
    # SageMaker writes names in lower case in ARNs, whatever the pipeline's own case is.
    names = _distinct(spelling for scope in scopes for spelling in (scope.name, scope.name.lower()))
    groups = [kind.log_group for kind in JOB_KINDS.values() if kind.log_group]
    keys = _distinct(scope.kms_key for scope in scopes if scope.kms_key)
    return {
        PIPELINES: [f"{sagemaker}:pipeline/{name}" for name in names],
        EXECUTIONS: [f"{sagemaker}:pipeline/{name}/execution/*" for name in names],
        JOBS: [f"{sagemaker}:{resource}/*" for resource, kind in JOB_KINDS.items() if kind.describe],
        ROLES: _distinct(scope.role for scope in scopes),
        LOGS: [f"arn:{partition}:logs:{owner}:log-group:{group}:*" for group in groups],  # their streams too
        UPLOADS: [f"{s3}{place}/*" for place in _distinct(place for scope in scopes for place in scope.uploads)],
        OUTPUTS: [f"{s3}{bucket}/*" for bucket in _distinct(scope.bucket for scope in scopes)],
        KEYS: [key if key.startswith("arn:") else f"arn:{partition}:kms:{owner}:{_key_id(key)}" for key in keys],
    }


def policy_document(resources: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Give the policy; a statement without resources is left out.

    :param resources: the ARNs of each statement.
    """
    statements = []
    for sid, arns in resources.items():
        if not arns:
            continue
        statement: dict[str, Any] = {
            "Sid": sid,
            "Effect": "Allow",
            "Action": [grant.action for grant in GRANTS if grant.statement == sid],
            "Resource": list(arns),
        }
        if sid == ROLES:
            statement["Condition"] = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def _key_id(key: str) -> str:
    return key if key.startswith("alias/") else f"key/{key}"


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _partition(region: str) -> str:
    try:
        return str(botocore.session.get_session().get_partition_for_region(region))
    except UnknownRegionError:
        return "aws"  # the name SMP_REGION stands there still
