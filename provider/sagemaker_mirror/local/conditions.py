"""Conditions of condition steps."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


class ConditionError(ValueError):
    """A condition that can't be decided."""


def holds(condition: Mapping[str, Any], resolve: Callable[[Any], Any]) -> bool:
    """Decide one condition.

    :param condition: as in the definition, for instance
        ``{"Type": "LessThan", "LeftValue": {"Std:JsonGet": …}, "RightValue": 6.0}``.
    :param resolve: puts values in place of references.
    :raises ConditionError: if its type is unknown or its values can't be compared.
    """
    kind = condition.get("Type")
    if kind == "Not":
        return not holds(_part(condition, "Expression"), resolve)
    if kind == "Or":
        return any(holds(item, resolve) for item in _part(condition, "Conditions"))
    if kind == "In":
        return resolve(_part(condition, "QueryValue")) in resolve(_part(condition, "Values"))
    if not isinstance(kind, str) or kind not in _COMPARISONS:
        raise ConditionError(f"Condition type {kind!r} is not known")
    left, right = resolve(_part(condition, "LeftValue")), resolve(_part(condition, "RightValue"))
    if kind != "Equals" and not _comparable(left, right):
        raise ConditionError(f"{left!r} and {right!r} can't be compared ({kind})")
    return _COMPARISONS[kind](left, right)


def all_hold(conditions: list[Mapping[str, Any]], resolve: Callable[[Any], Any]) -> bool:
    """Whether all conditions of a step hold, as its ``IfSteps`` demand."""
    return all(holds(condition, resolve) for condition in conditions)


def _part(condition: Mapping[str, Any], name: str) -> Any:
    if name not in condition:
        raise ConditionError(f"A condition of type {condition['Type']} needs {name}")
    return condition[name]


def _comparable(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return True
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (left, right))
