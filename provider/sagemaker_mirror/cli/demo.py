"""``demo``: both sides on this machine."""

from __future__ import annotations

import argparse

from sagemaker_mirror.cli.extras import need_local_extra


def run(options: argparse.Namespace) -> int:
    """Run the demo."""
    need_local_extra()
    from sagemaker_mirror.local.demo.run import DemoOptions, run_demo

    return run_demo(
        DemoOptions(
            configs=options.configs,
            dags=options.dags,
            home=options.home,
            pipelines=tuple(options.pipelines),
            runs=options.runs,
            exit=options.exit,
            port=options.port,
            sagemaker_port=options.sagemaker_port,
        )
    )
