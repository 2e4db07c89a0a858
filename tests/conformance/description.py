"""A conf as plain data, for a side that knows nothing of ours.

What the conf leaves out is left out here too: each side knows the documented defaults by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sagemaker_mirror.compiler import Target
from sagemaker_mirror.config import PipelineConfig
from sagemaker_mirror.config.fields import Keys


def describe(config: PipelineConfig, target: Target, values: Mapping[str, str]) -> dict[str, Any]:
    """Describe a pipeline.

    :param config: its conf, placeholders replaced.
    :param target: where it is to run.
    :param values: the values of the placeholders.
    """
    return {
        "name": config.pipeline.pipeline_name,
        "target": asdict(target.with_base(config.base)),
        "tags": dict(config.base.tags),
        "parameters": {name: _written(parameter) for name, parameter in config.pipeline.parameters.items()},
        "models": {
            name: {
                "name": model.name,
                "tags": dict(model.tags),
                "source_directory": str(config.source_directory(name, values)),
                "sections": {key: _written(section) for key, section in model.sections.items()},
            }
            for name, model in config.models.items()
        },
        "steps": [{"model": model, **_written(step)} for model, step in config.steps],
        "dependencies": [(edge.source, edge.target) for edge in config.edges if edge.kind == "explicit"],
    }


def _written(keys: Keys) -> dict[str, Any]:
    written = keys.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert isinstance(written, dict)
    return written
