"""Starts an execution, once per run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from sagemaker_mirror.compat import AirflowFailException, Context, timezone
from sagemaker_mirror.links.sagemaker import SageMakerPipelineExecutionLink
from sagemaker_mirror.mirror.arns import Arn
from sagemaker_mirror.mirror.plan import Plan
from sagemaker_mirror.mirror.selection import selection_problems
from sagemaker_mirror.operators.base import AWS_TEMPLATE_FIELDS, SageMakerPipelineBaseOperator

# No execution is under way for longer: SageMaker ends training jobs after 28 days.
_LONGEST = timedelta(days=30)
_NAME_LENGTH = 82


class SageMakerPipelineStartOperator(SageMakerPipelineBaseOperator):
    """Start an execution of a pipeline; a retry adopts the execution that its earlier try started.

    The request carries a token made of the DAG, the run and the task's generation, so that a worker that dies between
    the start and its XCom, and every Airflow retry, lead to one execution. Clearing the task begins a new generation:
    it starts a new execution, unless one of the same run and version is still under way.

    :param pipeline_name: the pipeline's name or ARN. (templated)
    :param pipeline_version_id: the version to start; None starts the latest. (templated)
    :param parameters: values of the pipeline's parameters; those that are None are left to their defaults.
        (templated)
    :param param_names: params of the run that are parameters of the pipeline too; ``parameters`` come before them
    :param display_name: the execution's name in Studio; None makes one of the run's id. (templated)
    :param max_parallel_steps: how many steps run at once; None is the pipeline's own limit. (templated)
    :param selected_steps: run these steps alone, on the results of an earlier execution: a list, or names with commas
        between them; None or empty runs all. (templated)
    :param source_execution_arn: the execution whose results are reused. (templated)

    Return (XCom) the execution's ARN.
    """

    template_fields: Sequence[str] = (
        *AWS_TEMPLATE_FIELDS,
        "pipeline_name",
        "pipeline_version_id",
        "parameters",
        "display_name",
        "max_parallel_steps",
        "selected_steps",
        "source_execution_arn",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"parameters": "json"}
    operator_extra_links = (SageMakerPipelineExecutionLink(),)
    ui_color = "#d9e8d4"

    def __init__(
        self,
        *,
        pipeline_name: str,
        pipeline_version_id: int | str | None = None,
        parameters: Mapping[str, Any] | None = None,
        param_names: Sequence[str] = (),
        display_name: str | None = None,
        max_parallel_steps: int | str | None = None,
        selected_steps: Sequence[str] | str | None = None,
        source_execution_arn: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pipeline_name = pipeline_name
        self.pipeline_version_id = pipeline_version_id
        self.parameters = parameters
        self.param_names = tuple(param_names)
        self.display_name = display_name
        self.max_parallel_steps = max_parallel_steps
        self.selected_steps = selected_steps
        self.source_execution_arn = source_execution_arn

    def execute(self, context: Context) -> str:
        """Start an execution, or adopt the one that is under way."""
        from sagemaker_mirror.hooks.executions import ExecutionRequest

        version = _number(self.pipeline_version_id)
        task = context["ti"]
        description = f"Airflow DAG {task.dag_id}, run {task.run_id}, task {task.task_id}, version {version}"
        arn = self._under_way(description) if task.try_number > 1 else None
        if arn is not None:
            self.log.info("Execution %s of this run is under way: it is adopted.", arn)
        else:
            selected, source = names(self.selected_steps), text(self.source_execution_arn)
            if selected:
                self._check_selection(selected, source, version)
            arn = self.hook.start_execution(
                ExecutionRequest(
                    pipeline_name=self.pipeline_name,
                    token=start_token(context),
                    version_id=version,
                    parameters=parameter_texts({**self._params(context), **(self.parameters or {})}),
                    display_name=text(self.display_name) or display_name(task.run_id),
                    description=description,
                    max_parallel_steps=_number(self.max_parallel_steps),
                    selected_steps=selected,
                    source_execution_arn=source if selected else None,
                )
            )
            self.log.info("Started execution %s.", arn)
        link = SageMakerPipelineExecutionLink.persist(context, SageMakerPipelineExecutionLink.parts(arn))
        self.log.info("In the console: %s", link)
        return arn

    def _params(self, context: Context) -> dict[str, Any]:
        # Not by templates: those turn None, which is no value, and numbers into texts.
        params = context.get("params") or {}
        return {name: params[name] for name in self.param_names if name in params}

    def _check_selection(self, selected: Sequence[str], source: str | None, version: int | None) -> None:
        pipeline = self.hook.read_version(self.pipeline_name, version)
        problems = selection_problems(
            Plan.of(pipeline.definition),
            selected,
            Arn.parse(pipeline.arn).name,
            self.hook.read_execution(source) if source else None,
        )
        if problems:
            raise AirflowFailException(f"These steps cannot be run by themselves: {'; '.join(problems)}.")

    def _under_way(self, description: str) -> str | None:
        return self.hook.find_under_way(self.pipeline_name, description, timezone.utcnow() - _LONGEST)

    def _arn(self) -> Arn | None:
        return Arn.parse(self.pipeline_name) if self.pipeline_name.startswith("arn:") else None


def start_token(context: Context) -> str:
    """Return the ClientRequestToken of a run's start: the same for all tries of one generation.

    Airflow raises a task's max_tries when the task is cleared, and only then: it tells generations apart. The run's
    own start tells a run from a deleted one of the same id.

    :param context: the task's context
    """
    task, run = context["ti"], context["dag_run"]
    begun = run.start_date.isoformat() if run.start_date else None
    identity = [task.dag_id, task.run_id, begun, task.task_id, task.map_index, task.max_tries]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def display_name(run_id: str) -> str:
    """Return a run's id as SageMaker takes a display name: letters, digits and single hyphens, at most 82.

    :param run_id: the run's id
    """
    # A time zone at the end says least; the beginning tells runs apart.
    return re.sub(r"[^a-zA-Z0-9]+", "-", run_id).strip("-")[:_NAME_LENGTH].rstrip("-") or "airflow"


def parameter_texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as SageMaker takes them: texts, and none without value.

    :param parameters: values of any simple type
    """
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parameters.items()
        if value is not None
    }


def names(value: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return names as a list or as a text with commas between them, which a template renders to.

    :param value: the names; None, or the text of it, are none
    """
    if isinstance(value, str):
        value = (text(value) or "").strip("[]").split(",")
    return tuple(name for name in (item.strip(" '\"") for item in value or ()) if name)


def text(value: str | None) -> str | None:
    """Return what a template renders to, but None where it renders to nothing or to the text of None.

    :param value: the text
    """
    return None if value in (None, "", "None") else value


def _number(value: int | str | None) -> int | None:
    # A template renders to a text, that of None included.
    return None if value in (None, "", "None") else int(value)
