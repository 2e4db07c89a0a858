"""An embedded SageMaker for laptops and tests: real jobs, on this machine. Not for production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagemaker_mirror.local.server import LocalSageMaker

__all__ = ["LocalSageMaker"]


def __getattr__(name: str) -> Any:
    # moto comes with the extra "local" and takes a while to import.
    if name == "LocalSageMaker":
        from sagemaker_mirror.local.server import LocalSageMaker

        return LocalSageMaker
    raise AttributeError(name)
