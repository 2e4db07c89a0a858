"""``python -m tests.conformance.sdk``: from descriptions (a JSON list on stdin) to definitions (on stdout)."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout


def _tell_nobody(*args: object, **kwargs: object) -> None:
    """In place of the SDK's telemetry."""


def main() -> None:
    """Build all pipelines in one process, since the SDK takes seconds to load."""
    # The SDK writes its log to stdout.
    with redirect_stdout(sys.stderr):
        from sagemaker.telemetry import telemetry_logging

        from tests.conformance.sdk.pipeline import definition

        # The way out that the SDK documents is a file of defaults, which it then checks anew at each look-up: that
        # would triple its time, and it is timed.
        telemetry_logging._send_telemetry_request = _tell_nobody
        definitions = [definition(description) for description in json.load(sys.stdin)]
    json.dump(definitions, sys.stdout)


if __name__ == "__main__":
    main()
