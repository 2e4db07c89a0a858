"""``local``: the embedded SageMaker."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sagemaker_mirror.cli.extras import need_local_extra

if TYPE_CHECKING:
    from sagemaker_mirror.local import LocalSageMaker


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    need_local_extra()
    from sagemaker_mirror.local.server import serve

    def ready(sagemaker: LocalSageMaker) -> None:
        if options.demo_data:
            from sagemaker_mirror.local.demo.environment import upload_data

            upload_data(sagemaker, options.demo_data)

    serve(port=options.port, data_dir=options.data_dir, control=options.control, ready=ready)
    return 0
