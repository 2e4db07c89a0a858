"""The confs of a folder as one, and the conf of the configs root below them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sagemaker_mirror.config.discovery import SourceFile
from sagemaker_mirror.config.fields import describe
from sagemaker_mirror.config.model import BaseConfig
from sagemaker_mirror.config.nodes import YamlError, compose, construct
from sagemaker_mirror.config.places import Path, Places
from sagemaker_mirror.config.problems import ConfigError, Problem, did_you_mean

BASE_KEYS = (*(field.alias or name for name, field in BaseConfig.model_fields.items()), "variables")
"""Keys that a conf for all folders may have too."""

FOLDER_KEYS = ("models", "sagemakerPipeline", *BASE_KEYS)
"""Keys that a conf of a folder may have."""

Tree = dict[str, Any]


def read_conf(source: SourceFile, allowed: Sequence[str]) -> Tree:
    """Read what a file has below ``conf``.

    :param source: the file.
    :param allowed: the keys that may stand there.
    :return: the keys and their values; keys without value are left out.
    :raises ConfigError: the file is no YAML, or doesn't have that form.
    """
    try:
        document = construct(compose(source.text))
    except YamlError as error:
        raise ConfigError([Problem(source.path, error.line, error.column, error.message)]) from error
    places = Places([source])
    if not isinstance(document, dict) or "conf" not in document:
        found = (
            f"is {describe(document)}" if not isinstance(document, dict) else f"has {', '.join(map(repr, document))}"
        )
        raise ConfigError([places.key((), f"needs the key 'conf' with all others below it, {found}")])
    problems = [
        places.key((name,), f"unknown key {name!r}; all keys stand below 'conf'")
        for name in document
        if name != "conf"
    ]
    conf = document["conf"]
    if not isinstance(conf, dict):
        raise ConfigError([*problems, places.value(("conf",), f"'conf' must be a mapping, is {describe(conf)}")])
    for name in conf:
        if name not in allowed:
            reason = (
                f"{name!r} belongs into a folder, not into the conf of all folders"
                if name in FOLDER_KEYS
                else f"unknown key {name!r}{did_you_mean(name, allowed)}"
            )
            problems.append(places.key(("conf", name), reason))
    if problems:
        raise ConfigError(problems)
    return {name: value for name, value in conf.items() if value is not None}


def unite(confs: Iterable[tuple[SourceFile, Tree]]) -> Tree:
    """Put the confs of one folder together; each value is given once.

    :param confs: the files and what they have below ``conf``.
    :return: all of it.
    :raises ConfigError: two files give the same key, or both hold ``sagemakerPipeline``.
    """
    whole: Tree = {}
    problems: list[Problem] = []
    before: list[SourceFile] = []
    for source, conf in confs:

        def clash(path: Path, source: SourceFile = source) -> None:
            first = Places(before).key(("conf", *path), "")
            where = f"{first.path}:{first.line}:{first.column}"
            problems.append(
                Places([source]).key(
                    ("conf", *path),
                    f"{path[-1]!r} is given twice in this folder; the first is in {where}",
                )
            )

        whole = _merged(whole, conf, clash)
        before.append(source)
    if problems:
        raise ConfigError(problems)
    return whole


def override(base: Tree, conf: Tree) -> Tree:
    """Put a conf over one that holds for all folders: mappings are merged, all else is replaced.

    :param base: what holds for all.
    :param conf: what holds for one.
    """
    return _merged(base, conf, lambda path: None)


def _merged(first: Tree, second: Tree, clash: Callable[[Path], None], path: Path = ()) -> Tree:
    result = dict(first)
    for name, value in second.items():
        here = (*path, name)
        value = _by_name(value) if name == "tags" else value
        known = result.get(name)
        if name not in result:
            result[name] = value
        elif isinstance(known, dict) and isinstance(value, dict) and here != ("sagemakerPipeline",):
            result[name] = _merged(known, value, clash, here)
        else:
            clash(here)
            result[name] = value
    return result


def _by_name(tags: Any) -> Any:
    """Tags written as a list, as the mapping that can be merged; what isn't of that form is left to validation."""
    if isinstance(tags, list) and all(isinstance(tag, dict) and set(tag) == {"Key", "Value"} for tag in tags):
        names = [tag["Key"] for tag in tags]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {tag["Key"]: tag["Value"] for tag in tags}
    return tags
