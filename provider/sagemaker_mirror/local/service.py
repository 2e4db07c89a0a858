"""What every operation is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sagemaker_mirror.local.engine import Engine
from sagemaker_mirror.local.records import Scope
from sagemaker_mirror.local.steps import StepWork
from sagemaker_mirror.local.store import Store
from sagemaker_mirror.local.variants import Variants


@dataclass(frozen=True)
class Limits:
    """Quotas of the account.

    :param running_executions: executions that run at once, over all pipelines; AWS's default is 200.
    """

    running_executions: int = 200


@dataclass(frozen=True)
class Caller:
    """Who calls, and from where.

    :param user: the ``UserContext`` of the API: for users of Studio with their profile.
    """

    scope: Scope
    user: Mapping[str, Any]


@dataclass
class Service:
    """The parts that operations work with.

    :param clients: makes boto3 clients on the embedded SageMaker, by service and region.
    :param variants: those in force; replaced as a whole.
    :param studio_users: Studio user profile names by access key; whose calls are to look like Studio's.
    """

    store: Store
    engine: Engine
    work: StepWork
    clients: Callable[[str, str], Any]
    variants: Variants
    limits: Limits = field(default_factory=Limits)
    studio_users: Mapping[str, str] = field(default_factory=dict)


Operation = Callable[[Service, Caller, Mapping[str, Any]], dict[str, Any]]
