"""CreateModel steps: the request of CreateModel."""

from __future__ import annotations

from sagemaker_mirror.compiler.encryption import vpc_config
from sagemaker_mirror.compiler.references import Request
from sagemaker_mirror.compiler.repack import model_data
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.serving import container
from sagemaker_mirror.config.model import RegistrySection


def arguments(scope: Scope) -> Request:
    """Write the request of a CreateModel step.

    :param scope: the step.
    :raises Refused: the conf asks for something that can't be.
    """
    section = scope.section(RegistrySection)
    return {
        "ExecutionRoleArn": scope.target.role_arn,
        "PrimaryContainer": container(scope, section, model_data(scope, section)),
        **({"EnableNetworkIsolation": True} if scope.target.network_isolation else {}),
        **vpc_config(scope.target),
        **scope.tags(section.tags),
    }
