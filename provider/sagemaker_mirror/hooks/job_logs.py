"""The end of a job's log in CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

_STREAMS = 10  # a job writes one stream per container; the first ten tell enough


def tail(client: CloudWatchLogsClient, log_group: str, job_name: str, lines: int) -> list[str]:
    """Return the last lines of a job's log, oldest first, over all its containers.

    :param client: a CloudWatch Logs client
    :param log_group: such as ``/aws/sagemaker/TrainingJobs``
    :param job_name: streams are called ``<job>/<container>…``
    :param lines: how many
    :raises botocore.exceptions.ClientError: CloudWatch refuses, or there is no such group yet
    """
    streams = client.describe_log_streams(logGroupName=log_group, logStreamNamePrefix=f"{job_name}/", limit=_STREAMS)[
        "logStreams"
    ]
    events: list[tuple[int, str]] = []
    for stream in streams:
        answer = client.get_log_events(
            logGroupName=log_group, logStreamName=stream["logStreamName"], limit=lines, startFromHead=False
        )
        events.extend((event["timestamp"], event["message"].rstrip()) for event in answer["events"])
    # Sorting is stable: lines of the same millisecond keep the order in which they were written.
    return [message for _, message in sorted(events, key=lambda event: event[0])[-lines:]]
