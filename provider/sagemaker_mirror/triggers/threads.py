"""Threads for what blocks: calls to AWS, and the imports and clients that they need."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

_T = TypeVar("_T")
_THREADS = 8


async def in_thread(purpose: str, function: Callable[..., _T], *arguments: Any) -> _T:
    """Run a function in a thread, with the caller's context, so that what it logs goes into the right trigger's log.

    :param purpose: which threads: those of one purpose never wait for those of another
    :param function: it may block
    """
    run = partial(contextvars.copy_context().run, function, *arguments)
    return await asyncio.get_running_loop().run_in_executor(_threads(purpose), run)


@cache
def _threads(purpose: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix=f"sagemaker-mirror-{purpose}")
