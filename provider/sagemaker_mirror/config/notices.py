"""What is accepted in a conf although it does nothing, or probably isn't what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sagemaker_mirror.config.fields import Keys
from sagemaker_mirror.config.model import JOB_STEP_CLASSES
from sagemaker_mirror.config.places import KeyPath

if TYPE_CHECKING:
    from sagemaker_mirror.config.pipeline_config import PipelineConfig


def find_notices(config: PipelineConfig) -> Iterator[tuple[KeyPath, str]]:
    """Find what a person should know about a valid conf.

    :param config: the conf.
    :return: ways to keys, below ``conf``, and what there is to say about each.
    """
    yield from _without_effect(config.base, ())
    for name, model in config.models.items():
        if name not in config.pipeline.models:
            yield ("models", name), f"no step belongs to model {name!r}"
        for section_name, section in model.sections.items():
            yield from _without_effect(section, ("models", name, section_name))
    for _, step in config.steps:
        path = config.step_path(step.name)
        if step.enable_cache and step.step_class not in JOB_STEP_CLASSES:
            yield (
                (*path, "enable_cache"),
                f"'enable_cache' has no effect: SageMaker caches no {step.step_class} steps",
            )


def _without_effect(keys: Keys, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    for name in sorted(keys.model_fields_set):
        field = type(keys).model_fields[name]
        extra = field.json_schema_extra
        reason = extra.get("x-no-effect") if isinstance(extra, dict) else None
        if reason and not field.is_required():  # nobody can leave out what has to be there
            written = field.alias or name
            yield (*path, written), f"{written!r} has no effect: {reason}"
