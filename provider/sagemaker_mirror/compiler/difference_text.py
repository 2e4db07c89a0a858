"""A difference between pipelines as people read it: in a terminal, in a task's log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from sagemaker_mirror.compiler.difference import Missing, PipelineDifference, StepChange, ValueChange
from sagemaker_mirror.compiler.references import Value

# Characters of a value on one line, and of what is shown before the place where two long values begin to differ.
_LONGEST = 100
_BEFORE = 20

_SIGNS: Mapping[str, Literal["+", "-", "~"]] = {"added": "+", "removed": "-", "changed": "~"}


class Line(NamedTuple):
    """A line about a change.

    :param sign: ``+`` something is added, ``-`` removed, ``~`` changed; empty for a heading.
    :param text: what there is to say.
    :param level: how deep it lies, from 0.
    """

    sign: Literal["+", "-", "~", ""]
    text: str
    level: int = 0

    def __str__(self) -> str:
        return f"{'    ' * self.level}{self.sign}{' ' if self.sign else ''}{self.text}"


def difference_lines(difference: PipelineDifference, names: Mapping[str, str] | None = None) -> Iterator[Line]:
    """Describe a difference, step by step.

    :param difference: what changes.
    :param names: what the objects in S3 are, by address, such as ``scripts in model/scripts``.
    """
    for change in (*difference.settings, *difference.values):
        yield _value_line(change, level=0)
    for step in difference.steps:
        yield Line(_SIGNS[step.change], f"step {step.name} ({step.type})")
        yield from _inside(step, names or {})
    if difference.order:
        yield Line("~", f"order of the steps: {', '.join(difference.order)}")


def _inside(step: StepChange, names: Mapping[str, str]) -> Iterator[Line]:
    for content in step.contents:
        name = f" ({names[content.uri]})" if content.uri in names else ""
        yield Line("~", f"{content.name}{name} has changed: {content.old[:12]} → {content.new[:12]}", 1)
    for change in step.values:
        yield _value_line(change, level=1)


def _value_line(change: ValueChange, level: int) -> Line:
    if isinstance(change.old, Missing):
        return Line("+", f"{change.path}: {_short(value_text(change.new))}", level)
    if isinstance(change.new, Missing):
        return Line("-", f"{change.path}: {_short(value_text(change.old))}", level)
    old, new = value_text(change.old), value_text(change.new)
    if old == new:  # a number and the same as text
        old, new = (json.dumps(side, ensure_ascii=False) for side in (change.old, change.new))
    return Line("~", f"{change.path}: {' → '.join(_shorten(old, new))}", level)


def value_text(value: Value) -> str:
    """Write a value of a definition as people would: text bare, what SageMaker fills in as ``${…}``.

    :param value: the value.
    """
    plain = _plain(value)
    if isinstance(plain, str) and plain == plain.strip() and plain.isprintable() and plain:
        return plain
    return json.dumps(plain, ensure_ascii=False)


def _plain(value: Value) -> Value:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Get"}:
        return f"${{{value['Get']}}}"
    joined = value.get("Std:Join")
    if set(value) == {"Std:Join"} and isinstance(joined, dict) and isinstance(joined.get("Values"), list):
        return str(joined.get("On", "")).join(str(_plain(item)) for item in joined["Values"])
    return {name: _plain(item) for name, item in value.items()}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _shorten(old: str, new: str) -> tuple[str, str]:
    """Cut two long texts around the place where they begin to differ."""
    if max(len(old), len(new)) <= _LONGEST:
        return old, new
    same = next((index for index, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), None)
    start = max(0, (min(len(old), len(new)) if same is None else same) - _BEFORE)
    lead = "…" if start else ""
    return lead + _short(old[start:]), lead + _short(new[start:])
