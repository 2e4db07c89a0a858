"""The confs of a folder as one, and the conf of the configs root below them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sagemaker_mirror.config.discovery import SourceFile
from sagemaker_mirror.config.fields import describe
from sagemaker_mirror.config.model import BaseConfig
from sagemaker_mirror.config.nodes import YamlError, compose, construct
from sagemaker_mirror.config.places import KeyPath, Places
from sagemaker_mirror.config.problems import ConfigError, Problem, did_you_mean

BASE_KEYS = tuple(field.alias or name for name, field in BaseConfig.model_fields.items())
"""Keys that a conf for all folders may have too."""

FOLDER_KEYS = ("models", "sagemakerPipeline", *BASE_KEYS)
"""Keys that a conf of a folder may have."""

Tree = dict[str, Any]


def read_conf(source: SourceFile, allowed: Sequence[str]) -> tuple[Tree, list[Problem]]:
    """Read what a file has below ``conf``.

    :param source: the file.
    :param allowed: the keys that may stand there.
    :return: those keys and their values, without empty ones; and what is wrong with the others.
    :raises ConfigError: the file is no YAML, or has nothing below ``conf``.
    """
    try:
        document = construct(compose(source.text))
    except YamlError as error:
        raise ConfigError([Problem(source.path, error.line, error.column, error.message)]) from error
    places = Places([source])
    if not isinstance(document, dict):
        raise ConfigError([places.key((), f"must be a mapping with the key 'conf', is {describe(document)}")])
    problems = [places.key((name,), _stray_key(name)) for name in document if name != "conf"]
    conf = document.get("conf")
    if not isinstance(conf, dict):
        message = f"'conf' must be a mapping, is {describe(conf)}" if "conf" in document else "needs the key 'conf'"
        raise ConfigError([*problems, places.value(("conf",), message)])
    problems.extend(places.key(("conf", name), _unknown_key(name, allowed)) for name in conf if name not in allowed)
    return {name: value for name, value in conf.items() if name in allowed and value is not None}, problems


def _stray_key(name: str) -> str:
    if name in FOLDER_KEYS:
        return f"{name!r} belongs below 'conf'"
    return f"unknown key {name!r}; all keys stand below 'conf'"


def _unknown_key(name: str, allowed: Sequence[str]) -> str:
    if name in FOLDER_KEYS:
        return f"{name!r} belongs into a folder's conf, not into the one for all folders"
    return f"unknown key {name!r}{did_you_mean(name, allowed)}"


def unite(confs: Iterable[tuple[SourceFile, Tree]]) -> tuple[Tree, list[Problem]]:
    """Put the confs of one folder together.

    :param confs: the files and what they have below ``conf``.
    :return: all of it; and what is wrong: keys that two files give, ``sagemakerPipeline`` among them.
    """
    whole: Tree = {}
    problems: list[Problem] = []
    before: list[SourceFile] = []
    for source, conf in confs:
        twice: list[KeyPath] = []
        whole = _merged(whole, conf, twice)
        for path in twice:
            first = Places(before).key(("conf", *path), "")
            where = f"{first.path}:{first.line}:{first.column}"
            message = f"{path[-1]!r} is given twice in this folder; the first is in {where}"
            problems.append(Places([source]).key(("conf", *path), message))
        before.append(source)
    return whole, problems


def override(base: Tree, conf: Tree) -> Tree:
    """Put a conf over one that holds for all folders: mappings are merged, all else is replaced.

    :param base: what holds for all.
    :param conf: what holds for one.
    """
    return _merged(base, conf, [])


def _merged(first: Tree, second: Tree, twice: list[KeyPath], path: KeyPath = ()) -> Tree:
    """Merge mappings, however deep; what both give is taken from the second, and noted in ``twice``."""
    result = dict(first)
    for name, value in second.items():
        here = (*path, name)
        value = _by_name(value) if name == "tags" else value
        known = result.get(name)
        if isinstance(known, dict) and isinstance(value, dict) and here != ("sagemakerPipeline",):
            value = _merged(known, value, twice, here)
        elif name in result:
            twice.append(here)
        result[name] = value
    return result


def _by_name(tags: Any) -> Any:
    """Tags written as a list, as the mapping that can be merged; what isn't of that form is left to validation."""
    if isinstance(tags, list) and all(isinstance(tag, dict) and set(tag) == {"Key", "Value"} for tag in tags):
        names = [tag["Key"] for tag in tags]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {tag["Key"]: tag["Value"] for tag in tags}
    return tags
