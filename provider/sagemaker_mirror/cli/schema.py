"""``schema``: the JSON schema of a conf."""

from __future__ import annotations

import argparse

from sagemaker_mirror.cli.output import write
from sagemaker_mirror.config.schema import json_schema_text


def run(options: argparse.Namespace) -> int:
    """Write the schema."""
    write(json_schema_text(), options.output)
    return 0
