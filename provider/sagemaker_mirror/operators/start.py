"""Starts an execution, once per run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from sagemaker_mirror.compat import AirflowFailException, Context, timezone
from sagemaker_mirror.links.sagemaker import SageMakerPipelineExecutionLink
from sagemaker_mirror.mirror.arns import Arn, ExecutionArn
from sagemaker_mirror.mirror.origin import Origin
from sagemaker_mirror.mirror.plan import Plan
from sagemaker_mirror.mirror.selection import selection_problems
from sagemaker_mirror.mirror.snapshot import ExecutionSnapshot
from sagemaker_mirror.operators.base import AWS_TEMPLATE_FIELDS, SageMakerPipelineBaseOperator
from sagemaker_mirror.operators.run_settings import RunSettings, given, step_names

if TYPE_CHECKING:
    from sagemaker_mirror.hooks.executions import ExecutionRequest

# No execution is under way for longer: SageMaker ends training jobs after 28 days.
_LONGEST = timedelta(days=30)
_NAME_LENGTH = 82


class SageMakerPipelineStartOperator(SageMakerPipelineBaseOperator):
    """Start an execution of a pipeline, or adopt one that is there.

    The request carries a token made of the DAG, the run and the task's generation, so that a worker that dies between
    the start and its XCom, and every Airflow retry, lead to one execution. Clearing the task begins a new generation:
    it starts a new execution, unless one of the same run and version is still under way.

    A run that names an execution to adopt (``execution_arn``, with ``run_settings``) starts none: whoever began it
    and whatever has become of it, the run follows it. It has to be one of this pipeline.

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
    :param run_settings: whether the run's conf and params, as the trigger form has them, come before
        ``display_name``, ``max_parallel_steps``, ``selected_steps`` and ``source_execution_arn``, and may name an
        ``execution_arn``

    Return (XCom) the execution's ARN. Where it was adopted, ``started_by`` is the Studio user profile that began it,
    if SageMaker tells.
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
    custom_operator_name = "Start execution"

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
        run_settings: bool = False,
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
        self.run_settings = run_settings

    def execute(self, context: Context) -> str:
        """Start an execution, or adopt the one that the run names or that is under way."""
        settings = RunSettings.of(context) if self.run_settings else RunSettings()
        if settings.execution_arn is not None:
            arn = self._adopt(context, settings.execution_arn, settings)
        else:
            arn = self._start_once(context, settings)
        link = SageMakerPipelineExecutionLink.persist(context, SageMakerPipelineExecutionLink.parts(arn))
        self.log.info("In the console: %s", link)
        return arn

    def _start_once(self, context: Context, settings: RunSettings) -> str:
        version = _number(self.pipeline_version_id)
        task = context["ti"]
        description = Origin(task.dag_id, task.run_id, task.task_id).description(version)
        under_way = self._under_way(description) if task.try_number > 1 else None
        if under_way is not None:
            self.log.info("Execution %s of this run is under way: it is adopted.", under_way)
            return under_way
        request = self._request(context, settings, version, description)
        if request.selected_steps or request.source_execution_arn:
            self._check_selection(request)
        arn = self.hook.start_execution(request)
        self.log.info("Started execution %s.", arn)
        return arn

    def _request(
        self, context: Context, settings: RunSettings, version: int | None, description: str
    ) -> ExecutionRequest:
        from sagemaker_mirror.hooks.executions import ExecutionRequest

        name = settings.display_name or given(self.display_name) or display_name(context["ti"].run_id)
        return ExecutionRequest(
            pipeline_name=self.pipeline_name,
            token=start_token(context),
            version_id=version,
            parameters=parameter_texts({**self._params(context), **(self.parameters or {})}),
            display_name=name,
            description=description,
            max_parallel_steps=settings.max_parallel_steps or _number(self.max_parallel_steps),
            selected_steps=settings.selected_steps or step_names(self.selected_steps),
            source_execution_arn=settings.source_execution_arn or given(self.source_execution_arn),
        )

    def _adopt(self, context: Context, arn: str, settings: RunSettings) -> str:
        try:
            pipeline = ExecutionArn.parse(arn).pipeline_arn
        except ValueError as error:
            raise AirflowFailException(f"There is nothing to adopt: {error}.") from error
        ours = self.pipeline_name if self._arn() else self.hook.read_version(self.pipeline_name, None).arn
        # SageMaker writes names in lower case into some ARNs and as they are into others.
        if pipeline.lower() != ours.lower():
            raise AirflowFailException(f"{arn} cannot be adopted: it is no execution of {ours}.")
        execution = self._read(arn)
        by = f" It was started by {execution.created_by}." if execution.created_by else ""
        self.log.info("Adopted execution %s, which is %s: none is started.%s", arn, execution.status, by)
        context["ti"].xcom_push(key="started_by", value=execution.created_by)
        if settings.beside_adoption():
            self.log.warning("It is as it was started: %s do nothing.", ", ".join(settings.beside_adoption()))
        return arn

    def _params(self, context: Context) -> dict[str, Any]:
        # Not by templates: those turn None, which is no value, and numbers into texts.
        params = context.get("params") or {}
        return {name: params[name] for name in self.param_names if name in params}

    def _check_selection(self, request: ExecutionRequest) -> None:
        pipeline = self.hook.read_version(request.pipeline_name, request.version_id)
        source = request.source_execution_arn
        problems = selection_problems(
            Plan.of(pipeline.definition),
            request.selected_steps,
            Arn.parse(pipeline.arn).name,
            self._read(source) if source else None,
        )
        if problems:
            raise AirflowFailException(f"These steps cannot be run by themselves: {'; '.join(problems)}.")

    def _read(self, arn: str) -> ExecutionSnapshot:
        from botocore.exceptions import ClientError

        from sagemaker_mirror.hooks.errors import NOT_FOUND, VALIDATION, code_of

        try:
            return self.hook.read_execution(arn)
        except ClientError as error:
            if code_of(error) not in NOT_FOUND | VALIDATION:
                raise
            raise AirflowFailException(f"SageMaker knows no execution {arn}: {error}") from error

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


def _number(value: int | str | None) -> int | None:
    # A template renders to a text, that of None included.
    return None if value in (None, "", "None") else int(value)
