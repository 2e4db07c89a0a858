"""Writes a config folder's pipeline to SageMaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sagemaker_mirror.compat import AirflowFailException, Context
from sagemaker_mirror.operators.base import AWS_TEMPLATE_FIELDS, SageMakerPipelineBaseOperator
from sagemaker_mirror.operators.values import TARGET_NAMES, resolve_values

if TYPE_CHECKING:
    from sagemaker_mirror.compiler import CompiledPipeline
    from sagemaker_mirror.hooks.pipelines import OnDrift


class SageMakerPipelineUpsertOperator(SageMakerPipelineBaseOperator):
    """Compile a config folder and have SageMaker know the pipeline: create or update it only when it differs.

    Code that S3 has already is not uploaded again, and a definition that SageMaker has already is not written again.

    :param config_folder: the config folder: a name below ``configs_root``, or a path. (templated)
    :param configs_root: the folder that config folders lie in; None: ``config_folder`` is a path
    :param values: values of placeholders, before those of the run's conf and params, of Airflow Variables and of the
        environment. (templated)
    :param on_drift: what to do where somebody else has changed the pipeline in SageMaker: ``fail`` with the
        difference, ``overwrite`` it, or ``adopt`` it, which runs what is there. None is what the conf says.

    Return (XCom) ``pipeline_name``, ``pipeline_arn``, ``pipeline_version_id``, ``definition_sha256``, ``changed`` and
    ``uploaded`` (a count).
    """

    template_fields: Sequence[str] = (*AWS_TEMPLATE_FIELDS, "config_folder", "values")
    template_fields_renderers: ClassVar[dict[str, str]] = {"values": "json"}
    ui_color = "#d9e8d4"

    def __init__(
        self,
        *,
        config_folder: str,
        configs_root: str | None = None,
        values: Mapping[str, Any] | None = None,
        on_drift: OnDrift | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config_folder = config_folder
        self.configs_root = configs_root
        self.values = values
        self.on_drift = on_drift

    def execute(self, context: Context) -> dict[str, Any]:
        """Compile, upload what is missing, write what differs."""
        from sagemaker_mirror.hooks.pipelines import PipelineDriftError

        compiled, region, on_drift = self._compile(context)
        for warning in compiled.warnings:
            self.log.warning("%s", warning)
        hook = replace(self.connection, region_name=self.connection.region_name or region).hook()
        uploaded = hook.upload_missing(compiled.uploads)
        for upload in uploaded:
            self.log.info("Uploaded %s to %s.", upload.description, upload.uri)
        if not uploaded:
            self.log.info("S3 has all of the pipeline's %d objects already.", len(compiled.uploads))
        try:
            written = hook.write_pipeline(compiled, self.on_drift or on_drift)
        except PipelineDriftError as error:
            raise AirflowFailException(str(error)) from error
        self.log.info(
            "Pipeline %s: %s (version %s, definition %s).",
            written.arn,
            written.change,
            written.version_id,
            compiled.sha256,
        )
        return {
            "pipeline_name": written.name,
            "pipeline_arn": written.arn,
            "pipeline_version_id": written.version_id,
            "definition_sha256": compiled.sha256,
            "changed": written.change in ("created", "updated"),
            "uploaded": len(uploaded),
        }

    def _compile(self, context: Context) -> tuple[CompiledPipeline, str, OnDrift]:
        from sagemaker_mirror.compiler import Target, compile_pipeline
        from sagemaker_mirror.config import load_folder
        from sagemaker_mirror.graph import build_graph

        folder = Path(self.configs_root or "", self.config_folder)
        try:
            config = load_folder(folder)
            for notice in config.notices():
                self.log.warning("%s", notice)
            values = resolve_values(sorted({*config.placeholders, *TARGET_NAMES}), self.values, context)
            self.log.info("Compiling %s (%s).", folder, ", ".join(file.name for file in config.files))
            resolved = config.resolve(values)
            target = Target.from_values(values, resolved.base)
            compiled = compile_pipeline(resolved, build_graph(resolved), target, values)
            return compiled, target.region, resolved.base.airflow.on_drift
        except ValueError as error:  # ConfigError and what the compiler raises: no retry mends a conf
            raise AirflowFailException(f"{folder} does not make a pipeline:\n{error}") from error
