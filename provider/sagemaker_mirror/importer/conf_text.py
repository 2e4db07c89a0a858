"""The files of a config folder as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from sagemaker_mirror.compiler.difference import without_mark
from sagemaker_mirror.importer.reading import ImportedPipeline

# What people look for first, and what is long; all else stands between them, by the alphabet.
_FIRST = ("Version", "Metadata", "Parameters", "Name", "Type", "DisplayName", "Description", "DependsOn")
_LAST = ("Arguments", "Steps")


def definition_text(definition: Mapping[str, Any]) -> str:
    """Write a definition for people: indented, keys in one order, and without our hash over it.

    :param definition: the definition.
    """
    return json.dumps(_arranged(without_mark(definition)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def conf_text(head: Iterable[str], conf: Mapping[str, Any]) -> str:
    """Write a conf.

    :param head: the comment above it.
    :param conf: what it has below ``conf``; empty values are left out.
    """
    written = {key: value for key, value in conf.items() if value}
    body = yaml.dump({"conf": written}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"# {line}".rstrip() + "\n" for line in head) + body


def kept_conf(pipeline: ImportedPipeline, name: str, file: str) -> dict[str, Any]:
    """Give the conf of a pipeline whose definition is kept beside it.

    :param pipeline: the pipeline.
    :param name: its name.
    :param file: the file that holds the definition.
    """
    section = {"pipelineName": name, "definition": file}
    if pipeline.description:
        section["description"] = pipeline.description
    return {**envelope(pipeline), "sagemakerPipeline": {**section, **parallelism(pipeline)}}


def envelope(pipeline: ImportedPipeline) -> dict[str, Any]:
    """Give what stands beside a definition in the request that writes it: role and tags.

    :param pipeline: the pipeline.
    """
    # Those of AWS itself can't be set by anybody else.
    tags = {key: value for key, value in pipeline.tags.items() if not key.startswith("aws:")}
    role = {"role": pipeline.role_arn} if pipeline.role_arn else {}
    return {"sagemakerNetworkSecurity": role, "tags": tags}


def parallelism(pipeline: ImportedPipeline) -> dict[str, Any]:
    """Give the limit of steps that run at once, as a conf writes it."""
    return {} if pipeline.parallelism is None else {"parallelism": pipeline.parallelism}


def _arranged(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _arranged(value[key]) for key in sorted(value, key=_rank)}
    return [_arranged(item) for item in value] if isinstance(value, list) else value


def _rank(key: str) -> tuple[int, str]:
    if key in _FIRST:
        return _FIRST.index(key), key
    return len(_FIRST) + (key in _LAST), key


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # Lists below their keys, as the shipped confs have them.
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True
