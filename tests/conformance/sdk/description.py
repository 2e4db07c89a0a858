"""What is to be built: the conf as plain data, and what is built of it already."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.functions import Join
from sagemaker.workflow.parameters import Parameter
from sagemaker.workflow.pipeline_context import PipelineSession

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"
REPORT = "model_evaluation_metrics"
# The section that a step reads where it names none.
SECTIONS = {
    "Training": "train",
    "CreateModel": "registry",
    "Transform": "transform",
    "Metrics": "evaluate",
    "RegisterModel": "registry",
}
PARAMETER = re.compile(r"\$\{params\.([A-Za-z0-9_-]+)\}")


@dataclass
class Project:
    """One pipeline under construction.

    ``built`` has the SDK's steps by the conf's names.
    """

    description: dict[str, Any]
    session: PipelineSession
    parameters: dict[str, Parameter]
    built: dict[str, Any] = field(default_factory=dict)

    @property
    def pipeline(self) -> str:
        return self.description["name"]

    @property
    def target(self) -> dict[str, Any]:
        return self.description["target"]

    @property
    def steps(self) -> list[dict[str, Any]]:
        return self.description["steps"]

    def model(self, step: dict[str, Any]) -> dict[str, Any]:
        return self.description["models"][step["model"]]

    def section(self, step: dict[str, Any]) -> dict[str, Any]:
        """The section that a step reads, parameters in place of their names."""
        name = step.get("step_type") or SECTIONS[step["step_class"]]
        return self.with_parameters(self.model(step)["sections"][name])

    def channels(self, step: dict[str, Any]) -> dict[str, Any]:
        return self.section(step).get("channels") or {"train": {}}

    def step(self, name: str) -> dict[str, Any]:
        return next(step for step in self.steps if step["step_name"] == name)

    def last_above(self, step: dict[str, Any], step_class: str) -> dict[str, Any] | None:
        """The last step of a class above a step, in its model."""
        above = self.steps[: self.steps.index(step)]
        found = [other for other in above if (other["model"], other["step_class"]) == (step["model"], step_class)]
        return found[-1] if found else None

    def tags(self, step: dict[str, Any]) -> list[dict[str, str]] | None:
        """The tags of folder, model and section; the nearest wins."""
        own = self.section(step).get("tags", {})
        merged = {**self.description["tags"], **self.model(step)["tags"], **own}
        return [{"Key": key, "Value": merged[key]} for key in sorted(merged)] or None

    def execution_uri(self, *rest: str, bucket: str | None = None, prefix: str | None = None) -> Join:
        """A place in S3 that belongs to one execution."""
        above = [prefix] if prefix else []
        start = ["s3:/", bucket or self.target["bucket"], *above, self.pipeline]
        return Join(on="/", values=[*start, ExecutionVariables.PIPELINE_EXECUTION_ID, *rest])

    def with_parameters(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.with_parameters(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.with_parameters(item) for item in value]
        if not isinstance(value, str) or not PARAMETER.search(value):
            return value
        if whole := PARAMETER.fullmatch(value):
            return self.parameters[whole[1]]
        parts = PARAMETER.split(value)
        values = [self.parameters[part] if index % 2 else part for index, part in enumerate(parts)]
        return Join(on="", values=[part for part in values if part != ""])
