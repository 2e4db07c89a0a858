"""The command line: ``sagemaker-mirror COMMAND``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sagemaker_mirror import __version__
from sagemaker_mirror.config import ConfigError, discover, load_folder
from sagemaker_mirror.graph import build_graph


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    :param argv: arguments without the program's name; those of the process by default.
    :return: the exit code: 0 for success, 1 for a problem that was found, 2 for a wrong call.
    """
    options = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = options.command
    return command(options)


def validate(options: argparse.Namespace) -> int:
    """Print every problem of the folders; the exit code is 1 if there are any."""
    folders = [Path(folder) for folder in options.folders]
    found = 0
    for folder in folders or [folder.path for folder in discover(options.configs)]:
        try:
            build_graph(load_folder(folder))
        except ConfigError as error:
            found += len(error.problems)
            print(error)  # noqa: T201 - this is what the command is for
        else:
            print(f"{folder}: no problems")  # noqa: T201
    return 1 if found else 0


def local(options: argparse.Namespace) -> int:
    """Serve the embedded SageMaker until Ctrl-C."""
    _need_extra("moto")
    from sagemaker_mirror.local.server import serve

    serve(port=options.port, data_dir=options.data_dir, control=options.control)
    return 0


def demo(options: argparse.Namespace) -> int:
    """Run the demo."""
    _need_extra("moto")
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sagemaker-mirror",
        description="Config folders become SageMaker Pipelines; each execution is mirrored in Airflow.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        name: str, command: Callable[[argparse.Namespace], int], help_text: str, example: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=help_text,
            description=help_text,
            epilog=f"example:\n  sagemaker-mirror {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(command=command)
        return sub

    sub = add("validate", validate, "Report every problem of the config folders.", "validate configs/breast-cancer")
    sub.add_argument("folders", nargs="*", metavar="FOLDER", help="config folders; all of --configs by default")
    sub.add_argument("--configs", type=Path, default=Path("configs"), help="root of the config folders (%(default)s)")

    sub = add("local", local, "Serve the embedded SageMaker on 127.0.0.1.", "local --port 5055")
    sub.add_argument("--port", type=int, default=5055, help="where to listen; 0 for any free port (%(default)s)")
    sub.add_argument("--data-dir", type=Path, default=None, help="where jobs work; a temporary folder by default")
    sub.add_argument("--control", action="store_true", help="open the control endpoint for faults and variants")

    sub = add("demo", demo, "Run everything on this machine: SageMaker, Airflow, a training run.", "demo --exit")
    sub.add_argument("pipelines", nargs="*", metavar="FOLDER", help="which to run; the first by default")
    sub.add_argument("--configs", type=Path, default=Path("configs"), help="root of the config folders (%(default)s)")
    sub.add_argument("--dags", type=Path, default=Path("dags"), help="folder of the loader (%(default)s)")
    sub.add_argument("--home", type=Path, default=Path(".demo"), help="where Airflow and the logs go (%(default)s)")
    sub.add_argument("--runs", type=int, default=1, help="how often to run each (%(default)s)")
    sub.add_argument("--exit", action="store_true", help="end with the runs; 1 if one did not succeed")
    sub.add_argument("--port", type=int, default=8080, help="of the UI; another one if it is taken (%(default)s)")
    sub.add_argument("--sagemaker-port", type=int, default=5055, help="the same for SageMaker (%(default)s)")
    return parser


def _need_extra(module: str) -> None:
    """End with a hint when the extra ``local`` is not installed."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        sys.exit("The embedded SageMaker needs the extra: pip install 'airflow-provider-sagemaker-mirror[local]'")


if __name__ == "__main__":
    sys.exit(main())
