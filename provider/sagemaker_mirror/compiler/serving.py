"""How a model is served, be it created or registered."""

from __future__ import annotations

from sagemaker_mirror.compiler.references import Request, Value
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.source import check_entry_point
from sagemaker_mirror.config.model import RegistrySection, TransformSection

#: The script that serves a model whose conf names none.
DEFAULT_PROGRAM = "inference.py"
MODEL_CODE = "/opt/ml/model/code"


def container(scope: Scope, section: RegistrySection, model_data: Value) -> Request:
    """Write how a model is served: image, archive, and what tells the inference toolkit which script to load.

    :param scope: the step that creates or registers the model.
    :param section: its section.
    :param model_data: where the model's archive lies in S3.
    :raises Refused: the script is none that could be loaded.
    """
    name, where = program(scope)
    check_entry_point(name, *where)
    return {
        "Image": section.inference_specification.image_uri,
        "Environment": {
            # The toolkits take a module: dots for slashes, and no ending.
            "SAGEMAKER_PROGRAM": name.removesuffix(".py").replace("/", "."),
            "SAGEMAKER_REQUIREMENTS": "requirements.txt",
            "SAGEMAKER_SUBMIT_DIRECTORY": MODEL_CODE,
        },
        "ModelDataUrl": model_data,
    }


def program(scope: Scope) -> tuple[str, tuple[str, ...]]:
    """Give the script that serves a model, and the conf's keys that lead to it.

    It is the ``entry_point`` of the section ``transform``, else that of another section that a Transform step reads.

    :param scope: a step of the model.
    """
    sections = scope.config.models[scope.model].sections
    for name in ("transform", *sections):
        section = sections.get(name)
        if isinstance(section, TransformSection):
            return section.entry_point, ("models", scope.model, name, "entry_point")
    return DEFAULT_PROGRAM, ("models", scope.model)
