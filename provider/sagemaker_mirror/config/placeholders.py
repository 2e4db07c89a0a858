"""Names in a conf's text that stand for values known when a task runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sagemaker_mirror.config.fields import PLACEHOLDER
from sagemaker_mirror.config.places import KeyPath

OPTIONAL = frozenset({"SMP_SUBNETS", "SMP_SECURITYGROUPS", "SMP_KMS_KEY", "SMP_MODEL_CONFIGPATH"})
"""Placeholders without which a setting is absent; all others need a value. The last is named by the framework's own
conf only, in a key that has no effect here."""


def name_pattern(variables: Iterable[str]) -> re.Pattern[str]:
    """Give the pattern that finds placeholders, and names that the conf declares itself, as whole words.

    :param variables: the names that the conf declares.
    """
    words = "|".join(sorted(map(re.escape, variables), key=len, reverse=True))
    if not words:
        return PLACEHOLDER
    return re.compile(rf"{PLACEHOLDER.pattern}|(?<![A-Za-z0-9_])(?:{words})(?![A-Za-z0-9_])")


def strings(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Give every text of a conf with the way to it; keys are no such text.

    :param value: the conf, or a part of it.
    :param path: the way to it.
    """
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from strings(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, (*path, index))


class Substitution:
    """Puts values in the place of names.

    :param values: the values of placeholders, and of variables where they differ from the conf's; an empty value
        counts as none.
    :param variables: the conf's variables and their defaults, None for those without.
    """

    def __init__(self, values: Mapping[str, str], variables: Mapping[str, Any]) -> None:
        self._values = values
        self._variables = variables
        self._pattern = name_pattern(variables)
        self._underway: list[str] = []
        self.unresolved: list[tuple[KeyPath, str]] = []

    def apply(self, value: Any, path: KeyPath) -> Any:
        """Give a conf with values in the place of names; what has no value is noted in ``unresolved``.

        :param value: the conf, or a part of it.
        :param path: the way to it.
        :return: the same with values, without settings whose optional placeholder has none.
        """
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, dict):
            values = [(name, item, self.apply(item, (*path, name))) for name, item in value.items()]
            return {name: new for name, item, new in values if new is not None or item is None}
        if isinstance(value, list):
            items = [(item, self.apply(item, (*path, index))) for index, item in enumerate(value)]
            return [new for item, new in items if new is not None or item is None]
        return value

    def _text(self, text: str, path: KeyPath) -> Any:
        whole = self._pattern.fullmatch(text)
        if whole:
            return self._value(text, path)
        absent = False

        def replace(match: re.Match[str]) -> str:
            nonlocal absent
            value = self._value(match[0], path)
            absent = absent or value is None
            return str(value).lower() if isinstance(value, bool) else str(value)

        result = self._pattern.sub(replace, text)
        return None if absent else result

    def _value(self, name: str, path: KeyPath) -> Any:
        if self._values.get(name):
            return self._values[name]
        if name in OPTIONAL:
            return None
        default = self._variables.get(name)
        if default is None or name in self._underway:
            self.unresolved.append((path, name))
            return name
        self._underway.append(name)
        try:
            return self.apply(default, path)
        finally:
            self._underway.pop()
