"""``python -m tests.docs.pages``: writes the pages of docs/reference that the code itself says."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sagemaker_mirror.cli.parser import make_parser
from sagemaker_mirror.config.reference_page import reference_page
from sagemaker_mirror.get_provider_info import get_provider_info
from sagemaker_mirror.settings import SECTION
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "docs" / "reference"

COMMAND_LINE = """\
<!-- Written by `python -m tests.docs.pages` from sagemaker_mirror/cli/parser.py; edit that. -->

# Command line

`sagemaker-mirror COMMAND --help` says the same. A wrong call ends with exit code 1.
"""

OPTIONS = f"""\
<!-- Written by `python -m tests.docs.pages` from sagemaker_mirror/settings.py; edit that. -->

# Options

These belong into the section `[{SECTION}]` of `airflow.cfg`, or into the environment. In MWAA they are
*Airflow configuration options* of the environment, such as `{SECTION}.poll_interval`.
"""


def command_line() -> str:
    """Write the page of all commands."""
    return "\n".join(
        [COMMAND_LINE, *(line for name, parser in commands().items() for line in _command(name, parser))]
    )


def options() -> str:
    """Write the page of the provider's options."""
    section = get_provider_info()["config"][SECTION]["options"]
    return "\n".join([OPTIONS, *(line for name, option in section.items() for line in _option(name, option))])


PAGES: Mapping[Path, Callable[[], str]] = {
    FOLDER / "command-line.md": command_line,
    FOLDER / "conf.md": reference_page,
    FOLDER / "options.md": options,
}


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command."""
    (subparsers,) = (a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(subparsers.choices)


def examples(parser: argparse.ArgumentParser) -> list[str]:
    """Return the calls that a command's help ends with."""
    return [line.strip() for line in (parser.epilog or "").splitlines()[1:]]


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{(parser.description or '').replace(chr(10), ' ')}\n"
    yield "```sh"
    yield from examples(parser)
    yield "```\n"
    yield "| argument | meaning |"
    yield "| --- | --- |"
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction):
            yield f"| {_argument(action)} | {_meaning(action)} |"
    yield ""


def _argument(action: argparse.Action) -> str:
    value = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"`{value}`" + (" …" if action.nargs == "*" else "")
    takes_value = action.nargs != 0
    return ", ".join(f"`{option} {value}`" if takes_value else f"`{option}`" for option in action.option_strings)


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").replace("(%(default)s)", f"(default: `{action.default}`)")
    if action.choices:
        text += f"; one of {', '.join(f'`{choice}`' for choice in action.choices)}"
    return text + (" (required)" if action.required and action.option_strings else "")


def _option(name: str, option: Mapping[str, str]) -> Iterator[str]:
    yield f"## {name}\n"
    # The provider info is reStructuredText.
    yield re.sub(r"``(.+?)``", r"`\1`", option["description"]) + "\n"
    yield "| type | default | environment variable | example |"
    yield "| --- | --- | --- | --- |"
    variable = f"AIRFLOW__{SECTION}__{name}".upper()
    default = f"`{option['default']}`" if option["default"] else "none"
    yield f"| {option['type']} | {default} | `{variable}` | `{option['example']}` |"
    yield ""


def main() -> None:
    """Write all pages."""
    for path, page in PAGES.items():
        path.write_text(page())


if __name__ == "__main__":
    main()
