"""How the compiler says that something in a conf can't be done."""

from __future__ import annotations


class Refused(ValueError):
    """A conf asks, in good form, for something that can't be.

    :param message: what is wrong.
    :param path: the keys that lead to it below ``conf``; numbers are positions in lists.
    """

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
