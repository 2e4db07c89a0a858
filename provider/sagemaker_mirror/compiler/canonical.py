"""One way to write JSON, so that equal values are equal bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Write a value as JSON with sorted keys, no blanks, and characters as they are.

    :param value: what the ``json`` module can write; keys are strings.
    :raises ValueError: a number is NaN or infinite, which JSON has no way to write.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """Give the SHA-256, in hex, of a value's canonical JSON in UTF-8."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
