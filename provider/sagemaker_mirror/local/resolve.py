"""References in a step's arguments: parameters, execution variables, other steps, Std:Join, Std:JsonGet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_PATH_PART = re.compile(r"""\.?([A-Za-z0-9_\-]+)|\[(\d+)\]|\[['"]([^'"]*)['"]\]""")
_STEP = re.compile(r"Steps\.([A-Za-z0-9\-_]+)\.(.+)", re.DOTALL)


class UnresolvedReference(ValueError):
    """A reference that leads nowhere."""


@dataclass(frozen=True)
class Resolver:
    """Puts values in place of references.

    :param parameters: the execution's parameters by name.
    :param variables: execution variables by name, for instance ``PipelineExecutionId``.
    :param properties: what a step, by name, offers: the response of its job's Describe call.
    :param property_file: reads a property file, by step and file name.
    :param json_at: reads the JSON document at an S3 URI.
    """

    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]
    properties: Callable[[str], Mapping[str, Any]]
    property_file: Callable[[str, str], Any]
    json_at: Callable[[str], Any]

    def resolve(self, value: Any) -> Any:
        """A value with all references in it replaced, at any depth.

        :raises UnresolvedReference: if one leads nowhere.
        """
        if isinstance(value, Mapping):
            if len(value) == 1:
                (key, argument), *_ = value.items()
                if key == "Get" and isinstance(argument, str):
                    return self._get(argument)
                if key == "Std:Join":
                    return self._join(argument)
                if key == "Std:JsonGet":
                    return self._json_get(argument)
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        return value

    def _get(self, reference: str) -> Any:
        kind, _, name = reference.partition(".")
        if kind == "Parameters":
            return _member(self.parameters, name, reference)
        if kind == "Execution":
            return _member(self.variables, name, reference)
        step = _STEP.fullmatch(reference)
        if step is None:
            raise UnresolvedReference(f"'{reference}' refers to no parameter, variable or step")
        return follow(self.properties(step[1]), step[2], reference)

    def _join(self, argument: Mapping[str, Any]) -> str:
        values = [self.resolve(value) for value in argument.get("Values") or ()]
        return str(argument.get("On", "")).join(_text(value) for value in values)

    def _json_get(self, argument: Mapping[str, Any]) -> Any:
        path = self.resolve(argument.get("Path"))
        if "S3Uri" in argument:
            uri = self.resolve(argument["S3Uri"])
            return follow(self.json_at(uri), path, f"{uri} {path}")
        source = argument.get("PropertyFile")
        reference = source.get("Get", "") if isinstance(source, Mapping) else str(source)
        step = _STEP.fullmatch(reference)
        if step is None or not step[2].startswith("PropertyFiles."):
            raise UnresolvedReference(f"'{reference}' refers to no property file")
        document = self.property_file(step[1], step[2].removeprefix("PropertyFiles."))
        return follow(document, path, f"{reference} {path}")


def follow(document: Any, path: str, shown: str) -> Any:
    """Follow a path such as ``Outputs['train'].S3Output.S3Uri`` or ``metrics.folds[0].mse``.

    A name in brackets that is applied to a list finds the entry that carries it as its name
    (``OutputName``, ``ChannelName`` and so on), as property references do.

    :param shown: what errors call the path.
    :raises UnresolvedReference: if there is nothing at the path.
    """
    found, position = document, 0
    while position < len(path):
        match = _PATH_PART.match(path, position)
        if match is None:
            raise UnresolvedReference(f"'{shown}' is no path at '{path[position:]}'")
        name, index, key = match.groups()
        if index is not None:
            found = _entry(found, int(index), shown)
        elif isinstance(found, list):
            found = _named(found, key if key is not None else name, shown)
        else:
            found = _member(found, key if key is not None else name, shown)
        position = match.end()
    return found


def _member(document: Any, name: str, shown: str) -> Any:
    if not isinstance(document, Mapping) or name not in document:
        raise UnresolvedReference(f"'{shown}' leads nowhere: there is no '{name}'")
    return document[name]


def _entry(document: Any, index: int, shown: str) -> Any:
    if not isinstance(document, list) or index >= len(document):
        raise UnresolvedReference(f"'{shown}' leads nowhere: there is no entry {index}")
    return document[index]


def _named(entries: list[Any], name: str, shown: str) -> Any:
    for entry in entries:
        if isinstance(entry, Mapping) and any(key.endswith("Name") and value == name for key, value in entry.items()):
            return entry
    raise UnresolvedReference(f"'{shown}' leads nowhere: nothing there is named '{name}'")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
