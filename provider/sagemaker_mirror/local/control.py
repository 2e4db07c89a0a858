"""The control endpoint ``/_local/…``: health for everyone; faults, variants and calls where it was asked for.

=======================================  ===================================================================
``GET /_local/health``                   always on
``GET /_local/calls?after=&operation=``  calls received, and how many of each operation
``GET POST DELETE /_local/faults``       fields of CallFault or StepFault; ``DELETE /_local/faults/<number>``
``GET PUT /_local/variants``             names and choices of Variants
``PUT /_local/studio-users``             access key to Studio user profile name
``DELETE /_local/executions?arn=``       forget an ended execution, as SageMaker's history does in time
=======================================  ===================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sagemaker_mirror import __version__
from sagemaker_mirror.local.calls import Calls
from sagemaker_mirror.local.errors import ServiceError
from sagemaker_mirror.local.faults import Faults, parse_fault
from sagemaker_mirror.local.service import Service

PREFIX = "/_local/"


class Control:
    """Answers the control endpoint.

    :param enabled: whether more than health is answered.
    """

    def __init__(self, service: Service, faults: Faults, calls: Calls, *, enabled: bool) -> None:
        self._service = service
        self._faults = faults
        self._calls = calls
        self._enabled = enabled
        answers: tuple[tuple[str, str, Callable[..., dict[str, Any]]], ...] = (
            ("GET", "health", self._health),
            ("GET", "calls", self._list_calls),
            ("GET", "faults", self._list_faults),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", self._clear_faults),
            ("DELETE", "faults/<int:number>", self._remove_fault),
            ("GET", "variants", self._list_variants),
            ("PUT", "variants", self._set_variants),
            ("PUT", "studio-users", self._set_studio_users),
            ("DELETE", "executions", self._purge_execution),
        )
        self._routes = Map(
            [Rule(PREFIX + path, methods=[method], endpoint=answer) for method, path, answer in answers]
        )

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        try:
            answer, values = self._routes.bind_to_environ(request.environ).match()
            if not self._enabled and answer != self._health:
                raise NotFound("The control endpoint is off: start with control=True, or --control.")
            return _json(answer(request, **values), 200)
        except HTTPException as error:
            return _json({"message": error.description}, error.code or 500)
        except (ServiceError, ValueError) as error:
            return _json({"message": str(error)}, 400)

    def _health(self, request: Request) -> dict[str, Any]:
        return {"status": "ok", "version": __version__, "control": self._enabled}

    def _list_calls(self, request: Request) -> dict[str, Any]:
        after = request.args.get("after", 0, int)
        return {
            "calls": [
                {**asdict(call), "received": call.received.isoformat()}
                for call in self._calls.after(after, request.args.get("operation"))
            ],
            "counts": self._calls.counts(after),
        }

    def _list_faults(self, request: Request) -> dict[str, Any]:
        return {
            "faults": [
                {"number": number, "hits": hits, **asdict(fault)}
                for number, (fault, hits) in self._faults.listed().items()
            ]
        }

    def _add_fault(self, request: Request) -> dict[str, Any]:
        return {"number": self._faults.add(parse_fault(_object(request)))}

    def _clear_faults(self, request: Request) -> dict[str, Any]:
        self._faults.clear()
        return {}

    def _remove_fault(self, request: Request, number: int) -> dict[str, Any]:
        if not self._faults.remove(number):
            raise NotFound(f"There is no fault {number}.")
        return {}

    def _list_variants(self, request: Request) -> dict[str, Any]:
        return dict(self._service.variants.as_dict())

    def _set_variants(self, request: Request) -> dict[str, Any]:
        self._service.variants = self._service.variants.updated(_object(request))
        return self._list_variants(request)

    def _set_studio_users(self, request: Request) -> dict[str, Any]:
        self._service.studio_users = {str(key): str(name) for key, name in _object(request).items()}
        return {}

    def _purge_execution(self, request: Request) -> dict[str, Any]:
        store = self._service.store
        with store.change():
            store.remove_execution(request.args.get("arn", ""))
        return {}


def _object(request: Request) -> Mapping[str, Any]:
    body = request.get_json(force=True)
    if not isinstance(body, dict):
        raise BadRequest("The body is a JSON object.")
    return body


def _json(body: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status=status, mimetype="application/json")
