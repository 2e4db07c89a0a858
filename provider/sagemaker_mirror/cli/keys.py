"""``keys``: the reference of all keys of a conf."""

from __future__ import annotations

import argparse

from sagemaker_mirror.cli.output import write
from sagemaker_mirror.config.reference_page import reference_page


def run(options: argparse.Namespace) -> int:
    """Write the reference page."""
    write(reference_page(), options.output)
    return 0
