"""The definition that a conf keeps beside it, in place of models: read, and put into the conf's tree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sagemaker_mirror.config.definition_keys import DefinedParameter
from sagemaker_mirror.config.discovery import SourceFile, read_source
from sagemaker_mirror.config.merge import Tree
from sagemaker_mirror.config.nodes import YamlError, compose
from sagemaker_mirror.config.places import Places
from sagemaker_mirror.config.problems import ConfigError, Problem

DEFINITION = "definition"
"""Where a tree holds the definition itself; in the section ``sagemakerPipeline`` the key names its file."""

MAX_BYTES = 8 << 20
"""Largest definition that is read: SageMaker takes a million characters, written without blanks."""


def with_definition(tree: Tree, sources: Sequence[SourceFile], root: Path) -> tuple[Tree, tuple[SourceFile, ...]]:
    """Read the definition that a folder's conf names, if it does.

    :param tree: what the folder's confs have below ``conf``.
    :param sources: the confs.
    :param root: the configs root, which the definition may not leave.
    :return: the tree with the definition, and the pipeline's parameters as it declares them, the conf's own words for
        them first; and the confs with the definition among them.
    :raises ConfigError: it can't be read.
    """
    section = tree.get("sagemakerPipeline")
    named = section.get(DEFINITION) if isinstance(section, dict) else None
    if not isinstance(section, dict) or not isinstance(named, str):
        return tree, tuple(sources)
    source = _read(named, sources, root)
    document = _parse(source)
    written = section.get("parameters") or {}
    if isinstance(written, dict):
        section = {**section, "parameters": _parameters(document, written)}
    return {**tree, "sagemakerPipeline": section, DEFINITION: document}, (*sources, source)


def declared(document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the parameters that a definition declares, without those that are wrong: they are reported elsewhere.

    :param document: the definition.
    """
    entries = document.get("Parameters") if isinstance(document, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        with suppress(ValidationError):
            yield DefinedParameter.model_validate(entry).name, entry


def _parameters(document: Any, written: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name, entry in declared(document):
        said = {"type": entry.get("Type"), "default": entry.get("DefaultValue"), "enum": entry.get("EnumValues")}
        own = written.get(name)
        merged[name] = {**said, **own} if isinstance(own, dict) else said
    return {**written, **merged}


def _read(named: str, sources: Sequence[SourceFile], root: Path) -> SourceFile:
    places = Places(sources)
    key = ("conf", "sagemakerPipeline", DEFINITION)
    file = places.source(key).path.parent / named
    if not file.is_file():
        raise ConfigError([places.value(key, f"there is no file {named!r} beside this conf")])
    return replace(read_source(file, root, MAX_BYTES), below=("conf", DEFINITION))


def _parse(source: SourceFile) -> Any:
    try:
        return json.loads(source.text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        message = f"is no JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise ConfigError([Problem(source.path, error.lineno, error.colno, message)]) from error
    except RecursionError as error:
        raise ConfigError([Problem(source.path, 1, 1, "is nested too deeply")]) from error
    except ValueError as error:
        raise ConfigError([_place_of(error, source)]) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"has the key {twice!r} twice in one object")
    return found


def _constant(text: str) -> Any:
    raise ValueError(f"has the number {text}, which is none in JSON")


def _place_of(error: ValueError, source: SourceFile) -> Problem:
    """JSON's reader knows no places of keys; JSON is YAML, whose reader knows that of one given twice."""
    try:
        compose(source.text)
    except YamlError as mistake:
        return Problem(source.path, mistake.line, mistake.column, mistake.message)
    return Problem(source.path, 1, 1, str(error))
