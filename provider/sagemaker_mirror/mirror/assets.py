"""The assets that a run has made anew: which events tell of them, and what each event says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sagemaker_mirror.mirror.arns import Arn, ExecutionArn
from sagemaker_mirror.mirror.snapshot import SUCCEEDED, StepSnapshot


@dataclass(frozen=True)
class AssetEvent:
    """An event of an asset.

    :param asset: the asset's name, or its URI in S3
    :param extra: what the event says, JSON-ready
    """

    asset: str
    extra: Mapping[str, Any] = field(default_factory=dict)


def asset_events(execution_arn: str, step: StepSnapshot, results: Mapping[str, Any]) -> Iterator[AssetEvent]:
    """Give the events of what a step has made: its outputs in S3, its model package. What a cache gave is no news.

    An output that lies at the same place in every execution is an asset of that ``s3://`` URI. Most lie below their
    execution: an asset of each such URI would have one event, and nobody could wait for it. Those are assets named
    ``<pipeline>/<step>/<output>`` (the pipeline's name in lower case, as in its ARN), and the event has the URI.

    :param execution_arn: the execution
    :param step: the step's latest attempt
    :param results: what its task returns: ``outputs``, ``model_artifact``, ``model_package_arn``…
    """
    if step.status != SUCCEEDED or step.cached_from or step.reused_from:
        return
    execution = ExecutionArn.parse(execution_arn)
    source = {"pipeline_execution_arn": execution_arn, "step_name": step.name, "job_arn": results.get("job_arn")}
    outputs = {**(results.get("outputs") or {}), "model": results.get("model_artifact")}
    for name, uri in outputs.items():
        if uri:
            of_the_run = (execution.execution_id, Arn.parse(results["job_arn"]).name)
            passing = any(part in uri for part in of_the_run)
            asset = f"{execution.pipeline_name}/{step.name}/{name}" if passing else uri
            yield AssetEvent(asset, {**source, "uri": uri})
    group = results.get("model_package_group")
    if group:
        package = {
            name: results.get(name)
            for name in ("model_package_arn", "model_package_group", "model_package_version", "approval_status")
        }
        yield AssetEvent(group, {**source, **package, "metrics_s3_uri": results.get("metrics_s3_uri")})
