"""Serve a model to the batch loop: a script of its own, run by the job's Python inside the job's container.

It does what the SageMaker inference toolkit does in the framework images: it imports the module that
``SAGEMAKER_PROGRAM`` names, takes its ``model_fn`` and its ``input_fn``, ``predict_fn`` and ``output_fn`` (or
``transform_fn``), and for those that it doesn't have the defaults of the scikit-learn image. Requests come over a
socket, whose file descriptor is the first argument, as one line of JSON (``content_type``, ``accept``, ``length``)
and a body; responses go back likewise (``status``, ``length``), and the first of them, without a request, when the
model is loaded.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import socket
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

MODEL = "/opt/ml/model"
JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
TEXT_TYPES = (JSON, CSV)


class UnsupportedContentTypeError(Exception):
    """The defaults can't read or write this content type."""


def media_type(content_type: str) -> str:
    """Return a content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def default_input_fn(body: Any, content_type: str) -> Any:
    """Return a request's body as an array; of float32 where it came as text."""
    import numpy as np

    kind = media_type(content_type)
    if kind == JSON:
        return np.array(json.loads(body)).astype(np.float32)
    if kind == CSV:
        return np.genfromtxt(io.StringIO(body), dtype=None, delimiter=",").astype(np.float32)
    if kind == NPY:
        return np.load(io.BytesIO(body), allow_pickle=False)
    raise UnsupportedContentTypeError(f"Content type {content_type} needs an input_fn.")


def default_predict_fn(data: Any, model: Any) -> Any:
    """Return what the model predicts."""
    return model.predict(data)


def default_output_fn(prediction: Any, accept: str) -> Any:
    """Return an array as a response's body."""
    import numpy as np

    kind = media_type(accept)
    if kind == JSON:
        return json.dumps(prediction, default=lambda array: array.tolist())
    if kind == CSV:
        text = io.StringIO()
        np.savetxt(text, prediction, delimiter=",", fmt="%s")
        return text.getvalue()
    if kind == NPY:
        array = io.BytesIO()
        np.save(array, prediction)
        return array.getvalue()
    raise UnsupportedContentTypeError(f"Accept {accept} needs an output_fn.")


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call one of the user's functions, with a context (there is none here) if it takes one argument more."""
    wanted = len(inspect.signature(function).parameters)
    return function(*arguments, *([None] if wanted == len(arguments) + 1 else []))


class Handler:
    """A loaded model, and the functions around it.

    :param module: the user's
    """

    def __init__(self, module: ModuleType) -> None:
        self.transform_fn = getattr(module, "transform_fn", None)
        parts = {name: getattr(module, name, None) for name in ("input_fn", "predict_fn", "output_fn")}
        if self.transform_fn is not None and any(parts.values()):
            raise ValueError(f"{module.__name__} has transform_fn, and so can't have {' or '.join(parts)}.")
        if not hasattr(module, "model_fn"):
            raise AttributeError(f"{module.__name__} has no model_fn, for which there is no default.")
        self.input_fn = parts["input_fn"] or default_input_fn
        self.predict_fn = parts["predict_fn"] or default_predict_fn
        self.output_fn = parts["output_fn"] or default_output_fn
        self.model = call(module.model_fn, MODEL)

    def respond(self, body: bytes, content_type: str, accept: str) -> bytes:
        """Return the response to a request.

        :raises Exception: whatever the user's functions raise
        """
        data = body.decode() if media_type(content_type) in TEXT_TYPES else body
        if self.transform_fn is not None:
            result = call(self.transform_fn, self.model, data, content_type, accept)
        else:
            prediction = call(self.predict_fn, call(self.input_fn, data, content_type), self.model)
            result = call(self.output_fn, prediction, accept)
        if isinstance(result, tuple):
            result = result[0]  # with its content type, which nobody asks for here
        if isinstance(result, str):
            return result.encode()
        if isinstance(result, (bytes, bytearray)):
            return bytes(result)
        raise TypeError(f"A response must be text or bytes, not {type(result).__name__}.")


def send(stream: io.BufferedRWPair, status: int, body: bytes = b"") -> None:
    """Send a response."""
    stream.write(json.dumps({"status": status, "length": len(body)}).encode() + b"\n" + body)
    stream.flush()


def told(error: BaseException) -> bytes:
    """Print a traceback, to the job's log; return its last line."""
    traceback.print_exc()
    return "".join(traceback.format_exception_only(type(error), error)).strip().encode()


def serve(stream: io.BufferedRWPair, module: str) -> int:
    """Load the model, then respond until there are no more requests; return the exit code."""
    try:
        handler = Handler(import_module(module))
    except BaseException as error:  # a script may exit, too
        send(stream, 503, told(error))
        return 1
    send(stream, 200)
    while line := stream.readline():
        request = json.loads(line)
        body = stream.read(request["length"])
        try:
            send(stream, 200, handler.respond(body, request["content_type"], request["accept"]))
        except UnsupportedContentTypeError as error:
            send(stream, 415, told(error))
        except Exception as error:
            send(stream, 500, told(error))
    return 0


if __name__ == "__main__":
    descriptor, code, program = sys.argv[1:]
    os.set_inheritable(int(descriptor), False)  # not for what the user's functions start
    sys.path[0] = code  # instead of the folder of this file, whose modules aren't the user's business
    sys.argv = [program]
    with socket.socket(fileno=int(descriptor)) as connection, connection.makefile("rwb") as both_ways:
        sys.exit(serve(both_ways, program.removesuffix(".py").replace("/", ".")))
