"""Two definitions of one pipeline, value by value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

ABSENT = "absent"
REFERENCES = ("Get", "Std:Join", "Std:JsonGet")
# What gives the members of a list their names; those of other lists are numbered.
NAMING = ("InputName", "OutputName", "ChannelName", "PropertyFileName", "Key", "Name")
REPACK = "Repack"
HASH = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Found:
    """A value that differs.

    :param where: the step's class and the way to the value in the step; or the way in the definition.
    :param ours: our value, written as text.
    :param theirs: the other side's.
    """

    where: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Comparison:
    """Two definitions, and what is needed to tell what belongs together.

    :param ours: our definition.
    :param theirs: the other one.
    :param classes: the classes of the conf's steps by name, in order.
    :param names: words that are written as a general one, such as a bucket's name; parts of paths only.
    """

    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]
    classes: Mapping[str, str]
    names: Mapping[str, str]

    @cached_property
    def found(self) -> frozenset[Found]:
        """All values that differ."""
        ours, theirs = _by_step(self.ours, self.classes), _by_step(self.theirs, self.classes)
        return frozenset(
            self._found(step, place, left, right)
            for step in {**ours, **theirs}
            for place, left, right in _differing(ours.get(step), theirs.get(step))
        )

    def _found(self, step: str, place: str, left: Any, right: Any) -> Found:
        where = ".".join(part for part in (self.classes.get(step, step), place) if part)
        return Found(where, self._text(step, left), self._text(step, right))

    def _text(self, step: str, value: Any) -> str:
        text = as_text(value)
        for name, general in {**self.names, step: "STEP"}.items():
            if name:
                text = re.sub(rf"(?<=/){re.escape(name)}(?=/|$)", general, text)
        return text


def as_text(value: Any) -> str:
    """Write a value for a reader: references in braces, joined strings as one."""
    if value == ABSENT:
        return ABSENT
    if isinstance(value, dict) and len(value) == 1:
        if "Get" in value:
            return f"{{{value['Get']}}}"
        if "Std:Join" in value:
            join = value["Std:Join"]
            return join["On"].join(as_text(item) for item in join["Values"])
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _by_step(definition: Mapping[str, Any], classes: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The steps by the names in the conf; the rest of the definition has the empty name."""
    parts: dict[str, Mapping[str, Any]] = {"": {key: part for key, part in definition.items() if key != "Steps"}}
    for step in definition["Steps"]:
        # The SDK's ModelStep ends the names of its parts with what they are.
        named = [name for name in classes if step["Name"] in (name, f"{name}-{classes[name]}")]
        # What only repacks a model is no step of the conf. The SDK does it once more for each use of the model.
        repack = REPACK if "-Repack" in step["Name"] and REPACK not in parts else step["Name"]
        parts[named[0] if named else repack] = step
    return parts


def _differing(ours: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    if ours is None or theirs is None:
        # A step that only one side has: its type says enough.
        left, right = (ABSENT if step is None else step["Type"] for step in (ours, theirs))
        yield "", left, right
        return
    left, right = dict(_leaves(ours, "")), dict(_leaves(theirs, ""))
    for place in {**left, **right}:
        pair = left.get(place, ABSENT), right.get(place, ABSENT)
        if pair[0] != pair[1]:
            yield place, *pair


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Every value by the way to it; a reference is a value. Hashes of contents are all the same."""
    if isinstance(value, dict) and value and not (len(value) == 1 and next(iter(value)) in REFERENCES):
        for key, item in value.items():
            yield from _leaves(item, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        # The order of steps to wait for means nothing.
        for number, item in enumerate(sorted(value, key=as_text) if place == "DependsOn" else value):
            yield from _leaves(item, f"{place}[{_name(item, number)}]")
    else:
        yield place, json.loads(HASH.sub("HASH", json.dumps(value)))


def _name(item: Any, number: int) -> str:
    names = [item[key] for key in NAMING if key in item] if isinstance(item, dict) else []
    return str(names[0]) if names else str(number)
