"""A definition that was compiled from a conf, as a conf again.

What is written here is a proposal: it counts only once it has been compiled, and has given the same definition.
"""

from __future__ import annotations

from sagemaker_mirror.importer.rewriting.code import Code, read_code
from sagemaker_mirror.importer.rewriting.conf import rewrite

__all__ = ["Code", "read_code", "rewrite"]
