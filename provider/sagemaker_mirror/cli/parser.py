"""The commands and their arguments. Imports nothing else of the package, so that ``--help`` is there at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from sagemaker_mirror import __version__

CONFIGS = Path("configs")
MWAA_VERSIONS = ("2.11.2", "3.0.6", "3.2.1", "3.3.1")  # Airflow versions that Amazon MWAA has and we run on


class Parser(argparse.ArgumentParser):
    """A parser whose exit code for a wrong call is 1: that of argparse, 2, is what ``plan`` says of changes."""

    def error(self, message: str) -> NoReturn:
        """End with a message."""
        self.exit(1, f"{self.format_usage()}{self.prog}: {message}\n")


def make_parser() -> Parser:
    """Make the parser; its ``command`` is the name of the module that runs the command."""
    parser = Parser(
        prog="sagemaker-mirror",
        description="Config folders become SageMaker Pipelines; each execution is mirrored in Airflow.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    _add_validate(commands)
    _add_compile(commands)
    _add_plan(commands)
    _add_import(commands)
    _add_graph(commands)
    _add_schema(commands)
    _add_keys(commands)
    _add_bundle(commands)
    _add_local(commands)
    _add_demo(commands)
    return parser


def _add_validate(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "validate",
        "Report every problem of the config folders; the exit code is 1 if there are any.",
        "validate",
        "validate configs/breast-cancer --compile --value SMP_REGION=us-east-1",
        "validate --format github",
    )
    sub.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="config folders; all by default")
    sub.add_argument("--configs", type=Path, default=CONFIGS, help="root of the config folders (%(default)s)")
    sub.add_argument("--format", choices=("text", "github", "json"), default="text", help="of problems (%(default)s)")
    sub.add_argument("--compile", action="store_true", help="compile too, which needs the values of the placeholders")
    _add_values(sub)


def _add_compile(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "compile",
        "Print a folder's pipeline definition, byte for byte as SageMaker would get it. Uploads nothing.",
        "compile configs/breast-cancer | python -m json.tool",
        "compile configs/breast-cancer -o definition.json --value SMP_REGION=eu-central-1",
    )
    _add_folder(sub)
    _add_output(sub)
    _add_values(sub)


def _add_plan(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "plan",
        "Show what would change in SageMaker and S3 if a folder's pipeline were written. Writes nothing.\n"
        "The exit code is 2 if something would change, 0 if nothing would.",
        "plan configs/breast-cancer",
        "plan configs/breast-cancer --profile staging --region eu-central-1",
    )
    _add_folder(sub)
    sub.add_argument("--region", help="of the pipeline; the value of SMP_REGION by default")
    sub.add_argument("--profile", help="of the AWS configuration; boto3's own search for credentials by default")
    _add_values(sub)


def _add_import(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "import",
        "Write a config folder for a pipeline that was made otherwise, so that Airflow mirrors it.\n"
        "Where a conf can say all that the pipeline does, it is written as one; else its definition is kept beside "
        "the conf.\n"
        "Changes nothing in SageMaker.",
        "import abalone-pipeline",
        "import abalone-pipeline -o configs/abalone --profile staging --region eu-central-1",
        "import definition.json --name abalone-pipeline",
    )
    sub.set_defaults(command="import_pipeline")  # as a module, `import` is a word of the language
    sub.add_argument(
        "source",
        metavar="PIPELINE",
        help="name or ARN of a pipeline in SageMaker; or a .json file with a definition, or with what "
        "`aws sagemaker describe-pipeline` answers",
    )
    sub.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help="config folder to write; named like the pipeline by default",
    )
    sub.add_argument("--configs", type=Path, default=CONFIGS, help="root of the config folders (%(default)s)")
    sub.add_argument("--name", help="name of the pipeline in the conf; its own by default")
    sub.add_argument("--force", action="store_true", help="overwrite the files of a folder that is there already")
    sub.add_argument(
        "--region", help="of the pipeline; that of the ARN, SMP_REGION or the AWS configuration by default"
    )
    access = sub.add_mutually_exclusive_group()
    access.add_argument("--profile", help="of the AWS configuration; boto3's own search for credentials by default")
    access.add_argument("--conn", metavar="AWS_CONN_ID", help="Airflow connection to use in place of a profile")


def _add_graph(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands, "graph", "Print a folder's steps and edges as a Mermaid diagram.", "graph configs/breast-cancer"
    )
    _add_folder(sub)


def _add_schema(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "schema",
        "Print the JSON schema of a conf, for editors.",
        "schema -o configs/conf.schema.json",
    )
    _add_output(sub)


def _add_keys(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "keys",
        "Print the reference of all keys of a conf as Markdown.",
        "keys | less",
        "keys -o docs/reference/conf.md",
    )
    _add_output(sub)


def _add_bundle(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "bundle",
        "Write what goes into the S3 bucket of an Amazon MWAA environment: DAGs, requirements, policy.",
        "bundle mwaa --version 3.3.1 --configs configs -o build/mwaa",
        "bundle mwaa --version 2.11.2 -o build/mwaa --offline --value SMP_REGION=us-east-1",
    )
    sub.add_argument("target", choices=("mwaa",), help="where it is to go")
    sub.add_argument("--version", choices=MWAA_VERSIONS, required=True, help="Airflow's, in that environment")
    sub.add_argument("--configs", type=Path, default=CONFIGS, help="root of the config folders (%(default)s)")
    sub.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where to write it; new, or empty"
    )
    sub.add_argument("--offline", action="store_true", help="for an environment without a way to the internet")
    _add_values(sub)


def _add_local(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "local",
        "Serve the embedded SageMaker on 127.0.0.1.",
        "local --port 5055",
        "local --demo-data sagemaker-mirror-demo",
    )
    sub.add_argument("--port", type=int, default=5055, help="where to listen; 0 for any free port (%(default)s)")
    sub.add_argument("--data-dir", type=Path, help="where jobs work; a temporary folder by default")
    sub.add_argument("--control", action="store_true", help="open the control endpoint for faults and variants")
    sub.add_argument("--demo-data", metavar="BUCKET", help="make this bucket, with the data of the shipped configs")


def _add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    sub = _add(
        commands,
        "demo",
        "Run everything on this machine: SageMaker, Airflow, a training run.",
        "demo",
        "demo breast-cancer digits-pca-classifier --exit",
    )
    sub.add_argument("pipelines", nargs="*", metavar="FOLDER", help="which to run; the first by default")
    sub.add_argument("--configs", type=Path, default=CONFIGS, help="root of the config folders (%(default)s)")
    sub.add_argument("--dags", type=Path, default=Path("dags"), help="folder of the loader (%(default)s)")
    sub.add_argument("--home", type=Path, default=Path(".demo"), help="where Airflow and the logs go (%(default)s)")
    sub.add_argument("--runs", type=int, default=1, help="how often to run each (%(default)s)")
    sub.add_argument("--exit", action="store_true", help="end with the runs; 1 if one did not succeed")
    sub.add_argument("--port", type=int, default=8080, help="of the UI; another one if it is taken (%(default)s)")
    sub.add_argument("--sagemaker-port", type=int, default=5055, help="the same for SageMaker (%(default)s)")


def _add(commands: argparse._SubParsersAction[Parser], name: str, text: str, *examples: str) -> Parser:
    lines = "\n".join(f"  sagemaker-mirror {example}" for example in examples)
    sub = commands.add_parser(
        name,
        help=text.partition("\n")[0],
        description=text,
        epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sub.set_defaults(command=name)
    return sub


def _add_folder(sub: Parser) -> None:
    sub.add_argument("folder", type=Path, metavar="FOLDER", help="a config folder")


def _add_output(sub: Parser) -> None:
    sub.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file instead")


def _add_values(sub: Parser) -> None:
    sub.add_argument(
        "--value",
        dest="values",
        type=_value,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a placeholder, before that of the environment; may be given several times",
    )


def _value(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, is {text!r}")
    return name, value
