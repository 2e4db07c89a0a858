"""What one step gives to another: ``chain_input_source_step``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.conformance.sdk.description import REPORT, Project


def chained_outputs(project: Project, step: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """All outputs of the steps that a step is chained to: the step's name, the channel, where it lies."""
    for name in step.get("chain_input_source_step", ()):
        for channel, uri in _outputs(project, project.step(name)).items():
            yield name, channel, uri


def chained_channel(project: Project, step: dict[str, Any], channel: str) -> Iterator[tuple[str, Any]]:
    """One output of each step that a step is chained to: the only one, or that of the step's own channel."""
    for name in step.get("chain_input_source_step", ()):
        source = project.step(name)
        outputs = _outputs(project, source)
        yield name, outputs[channel] if source["step_class"] == "Processing" else next(iter(outputs.values()))


def _outputs(project: Project, source: dict[str, Any]) -> dict[str, Any]:
    properties = getattr(project.built[source["step_name"]], "properties", None)
    first = next(iter(project.channels(source)))
    if source["step_class"] == "Processing":
        outputs = properties.ProcessingOutputConfig.Outputs
        return {channel: outputs[channel].S3Output.S3Uri for channel in project.channels(source)}
    if source["step_class"] == "Metrics":
        return {REPORT: properties.ProcessingOutputConfig.Outputs[REPORT].S3Output.S3Uri}
    if source["step_class"] == "Training":
        return {first: properties.ModelArtifacts.S3ModelArtifacts}
    return {first: properties.TransformOutput.S3OutputPath}
