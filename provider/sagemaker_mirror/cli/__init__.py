"""The command line: ``sagemaker-mirror COMMAND``. Each command is a module, imported when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from sagemaker_mirror.cli.parser import make_parser

INTERRUPTED = 130  # as shells have it: 128 + SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    :param argv: arguments without the program's name; those of the process by default.
    :return: the exit code: 0 for success, 1 for a problem that was found and for a wrong call, 2 where ``plan`` finds
        that something changes.
    """
    options = make_parser().parse_args(argv)
    command = import_module(f"sagemaker_mirror.cli.{options.command}")
    from sagemaker_mirror.cli.errors import CommandError, message_of

    try:
        code: int = command.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads our output has seen enough (`… | head`). Python would complain at its end, when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except (CommandError, ValueError, OSError) as error:
        message = message_of(error)
        if message is None:
            raise
        sys.stderr.write(f"{message}\n")
        return 1
    return code
