"""What needs more than the provider's own dependencies."""

from __future__ import annotations

from importlib.util import find_spec

from sagemaker_mirror.cli.errors import CommandError


def need_local_extra() -> None:
    """End with a hint where the extra ``local`` is not installed.

    :raises CommandError: it isn't.
    """
    if find_spec("moto") is None:
        raise CommandError(
            "the embedded SageMaker needs an extra: pip install 'airflow-provider-sagemaker-mirror[local]'"
        )
