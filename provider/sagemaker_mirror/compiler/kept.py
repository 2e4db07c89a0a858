"""A definition that a conf keeps beside it: written as it is, for SageMaker has taken it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagemaker_mirror.compiler.parameters import declarations
from sagemaker_mirror.compiler.references import Request
from sagemaker_mirror.config.model import Parameter


def kept_definition(document: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> Request:
    """Give the definition, with what the conf says of its parameters.

    :param document: the definition, its placeholders replaced.
    :param parameters: the pipeline's parameters, by name.
    """
    if not document.get("Parameters"):
        return dict(document)
    return {**document, "Parameters": list(_parameters(document["Parameters"], parameters))}


def _parameters(declared: list[Request], parameters: Mapping[str, Parameter]) -> Iterator[Request]:
    wanted = {entry["Name"]: entry for entry in declarations(parameters)}
    for entry in declared:
        yield {**entry, **wanted[entry["Name"]]}
