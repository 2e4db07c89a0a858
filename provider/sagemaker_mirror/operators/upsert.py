"""Writes a config folder's pipeline to SageMaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sagemaker_mirror.compat import AirflowFailException, Context
from sagemaker_mirror.operators.base import AWS_TEMPLATE_FIELDS, SageMakerPipelineBaseOperator
from sagemaker_mirror.operators.run_settings import RunSettings
from sagemaker_mirror.operators.values import TARGET_NAMES, resolve_values

if TYPE_CHECKING:
    from sagemaker_mirror.compiler import CompiledPipeline, Target
    from sagemaker_mirror.config import PipelineConfig
    from sagemaker_mirror.hooks.pipelines import OnDrift
    from sagemaker_mirror.hooks.sagemaker_mirror import SageMakerMirrorHook


@dataclass(frozen=True)
class _Resolved:
    """A conf with the values of a run.

    :param config: the conf, its placeholders replaced
    :param values: the values
    :param target: where the pipeline is to run
    """

    config: PipelineConfig
    values: Mapping[str, str]
    target: Target

    @property
    def on_drift(self) -> OnDrift:
        """What the conf says about drift."""
        return self.config.base.airflow.on_drift


class SageMakerPipelineUpsertOperator(SageMakerPipelineBaseOperator):
    """Compile a config folder and have SageMaker know the pipeline: create or update it only when it differs.

    Code that S3 has already is not uploaded again, and a definition that SageMaker has already is not written again.

    :param config_folder: the config folder: a name below ``configs_root``, or a path. (templated)
    :param configs_root: the folder that config folders lie in; None: ``config_folder`` is a path
    :param values: values of placeholders, before those of the run's conf and params, of Airflow Variables and of the
        environment. (templated)
    :param run_settings: whether the run's conf and params, as the trigger form has them, may ask with
        ``force_recompile`` to upload and update even where nothing has changed, with ``disable_cache`` for a
        definition without step cache, and with ``execution_arn`` for an execution that is there: then nothing is
        written
    :param on_drift: what to do where somebody else has changed the pipeline in SageMaker: ``fail`` with the
        difference, ``overwrite`` it, or ``adopt`` it, which runs what is there. None is what the conf says.

    Return (XCom) ``pipeline_name``, ``pipeline_arn``, ``pipeline_version_id``, ``definition_sha256``, ``changed`` and
    ``uploaded`` (a count). Where the run adopts an execution, version and hash are None: they are those of the
    execution.
    """

    template_fields: Sequence[str] = (*AWS_TEMPLATE_FIELDS, "config_folder", "values")
    template_fields_renderers: ClassVar[dict[str, str]] = {"values": "json"}
    ui_color = "#d9e8d4"
    custom_operator_name = "Upsert pipeline"

    def __init__(
        self,
        *,
        config_folder: str,
        configs_root: str | None = None,
        values: Mapping[str, Any] | None = None,
        on_drift: OnDrift | None = None,
        run_settings: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config_folder = config_folder
        self.configs_root = configs_root
        self.values = values
        self.on_drift = on_drift
        self.run_settings = run_settings

    def execute(self, context: Context) -> dict[str, Any]:
        """Compile, upload what is missing, write what differs; nothing of it for a run that adopts an execution."""
        settings = RunSettings.of(context) if self.run_settings else RunSettings()
        resolved = self._resolve(context)
        hook = replace(self.connection, region_name=self.connection.region_name or resolved.target.region).hook()
        if settings.execution_arn is not None:
            self.log.info("The run adopts execution %s: nothing is written.", settings.execution_arn)
            return self._find(resolved.config.pipeline.pipeline_name, hook)
        return self._write(self._compile(resolved, settings), resolved.on_drift, settings, hook)

    def _find(self, pipeline_name: str, hook: SageMakerMirrorHook) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        from sagemaker_mirror.hooks.errors import NOT_FOUND, code_of

        try:
            arn = hook.read_version(pipeline_name, None).arn
        except ClientError as error:
            if code_of(error) not in NOT_FOUND:
                raise
            raise AirflowFailException(f"There is no pipeline {pipeline_name}, so it has no execution.") from error
        return {
            "pipeline_name": pipeline_name,
            "pipeline_arn": arn,
            "pipeline_version_id": None,
            "definition_sha256": None,
            "changed": False,
            "uploaded": 0,
        }

    def _write(
        self, compiled: CompiledPipeline, on_drift: OnDrift, settings: RunSettings, hook: SageMakerMirrorHook
    ) -> dict[str, Any]:
        from sagemaker_mirror.hooks.pipelines import PipelineDriftError

        for warning in compiled.warnings:
            self.log.warning("%s", warning)
        force = settings.force_recompile
        uploaded = hook.upload(compiled.uploads) if force else hook.upload_missing(compiled.uploads)
        for upload in uploaded:
            self.log.info("Uploaded %s to %s.", upload.description, upload.uri)
        if not uploaded:
            self.log.info("S3 has all of the pipeline's %d objects already.", len(compiled.uploads))
        try:
            written = hook.write_pipeline(compiled, self.on_drift or on_drift, force=force)
        except PipelineDriftError as error:
            raise AirflowFailException(str(error)) from error
        self.log.info(
            "Pipeline %s: %s (version %s, definition %s).",
            written.arn,
            written.change,
            written.version_id,
            compiled.sha256,
        )
        if settings.disable_cache and written.change == "adopted":
            self.log.warning("The definition is somebody else's, so its step cache is left as it is.")
        return {
            "pipeline_name": written.name,
            "pipeline_arn": written.arn,
            "pipeline_version_id": written.version_id,
            "definition_sha256": compiled.sha256,
            "changed": written.change in ("created", "updated"),
            "uploaded": len(uploaded),
        }

    def _resolve(self, context: Context) -> _Resolved:
        from sagemaker_mirror.compiler import Target
        from sagemaker_mirror.config import load_folder

        try:
            config = load_folder(self._folder)
            for notice in config.notices():
                self.log.warning("%s", notice)
            values = resolve_values(sorted({*config.placeholders, *TARGET_NAMES}), self.values, context)
            resolved = config.resolve(values)
            return _Resolved(resolved, values, Target.from_values(values, resolved.base))
        except ValueError as error:
            raise self._no_pipeline(error) from error

    def _compile(self, resolved: _Resolved, settings: RunSettings) -> CompiledPipeline:
        from sagemaker_mirror.compiler import compile_pipeline
        from sagemaker_mirror.graph import build_graph

        config = resolved.config
        self.log.info("Compiling %s (%s).", self._folder, ", ".join(file.name for file in config.files))
        try:
            return compile_pipeline(
                config,
                build_graph(config),
                resolved.target,
                resolved.values,
                with_cache=not settings.disable_cache,
            )
        except ValueError as error:
            raise self._no_pipeline(error) from error

    @property
    def _folder(self) -> Path:
        return Path(self.configs_root or "", self.config_folder)

    def _no_pipeline(self, error: ValueError) -> AirflowFailException:
        # ConfigError, and what the compiler raises: no retry mends a conf.
        return AirflowFailException(f"{self._folder} does not make a pipeline:\n{error}")
