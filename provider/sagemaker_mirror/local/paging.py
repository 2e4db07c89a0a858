"""Pages of lists. A token names the last entry shown, so entries that come or go do not shift the next page."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar

from sagemaker_mirror.local.errors import validation

T = TypeVar("T")
MAX_RESULTS = 100


def page(
    entries: Iterable[T],
    request: Mapping[str, Any],
    key: Callable[[T], Any],
    *,
    default_order: str = "Descending",
) -> tuple[list[T], str | None]:
    """One page of a list, in the order that the request asks for.

    :param entries: all of them.
    :param request: with ``SortOrder``, ``MaxResults`` and ``NextToken`` where given.
    :param key: by which to sort: JSON can carry it, and no two entries have the same.
    :return: the entries and the token of the next page, None at the end.
    :raises ServiceError: ValidationException if the token is none of ours.
    """
    descending = request.get("SortOrder", default_order) == "Descending"
    in_order = sorted(entries, key=key, reverse=descending)
    if "NextToken" in request:
        last = _read_token(request["NextToken"])
        in_order = [entry for entry in in_order if (key(entry) < last if descending else key(entry) > last)]
    size = int(request.get("MaxResults", MAX_RESULTS))
    shown = in_order[:size]
    return shown, _write_token(key(shown[-1])) if len(in_order) > size else None


def created_between(moment: datetime, request: Mapping[str, Any]) -> bool:
    """Whether a creation time lies in ``CreatedAfter`` and ``CreatedBefore``."""
    after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
    return (after is None or moment > _moment(after)) and (before is None or moment < _moment(before))


def _moment(value: float | str) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return datetime.fromtimestamp(value, tz=timezone.utc)


def _write_token(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read_token(token: str) -> Any:
    try:
        key = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise validation("Invalid NextToken") from error
    return tuple(key) if isinstance(key, list) else key
