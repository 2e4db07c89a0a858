"""Docstrings as Markdown, for the reference of operators: they are written for Sphinx, as Airflow's are."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Docstrings(griffe.Extension):
    """Takes the words of reStructuredText out that Markdown would show."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(text: str) -> str:
    """Return a docstring without roles, directives and the second colon before an example.

    :param text: the docstring
    """
    text = re.sub(r"(?<=\S)::$", ":", text, flags=re.M)
    text = re.sub(r"^\.\. seealso::\n", "See also:\n\n", text, flags=re.M)
    return re.sub(r"(?::external\+\w+)?(?::\w+)?:\w+:`~?(?:[^`<]*<)?([^`>]*)>?`", r"`\1`", text)
