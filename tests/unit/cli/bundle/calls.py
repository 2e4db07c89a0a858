"""Which operations of AWS the package calls where Airflow runs it, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore import xform_name

import sagemaker_mirror
from sagemaker_mirror.mirror.jobs import JOB_KINDS

SERVICES = ("sagemaker", "s3", "logs")  # the clients that SageMakerMirrorHook makes
# Commands run on laptops, with their users' rights; the embedded SageMaker is no AWS.
ELSEWHERE = ("cli", "local", "importer")
# Methods of boto3's own, and the operations behind them.
TRANSFERS = {"upload_fileobj": ("s3:PutObject", "s3:AbortMultipartUpload")}
# Methods of clients that are none of AWS's: an HTTP client's, and those that call nothing.
NO_OPERATIONS = {"get", "post", "can_paginate", "close"}
# HeadObject is allowed by s3:GetObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
ALLOWED_BY = {"s3:HeadObject": "s3:GetObject"}


def operations() -> dict[str, str]:
    """The actions of all operations, by the names of their methods."""
    session = botocore.session.get_session()
    return {
        xform_name(operation): f"{service}:{operation}"
        for service in SERVICES
        for operation in session.get_service_model(service).operation_names
    }


def called_actions() -> set[str]:
    """The actions that calls on clients need."""
    known = operations()
    actions: set[str] = set()
    for method in called_methods():
        actions |= {*TRANSFERS.get(method, ())} or {known[method]}
    return {ALLOWED_BY.get(action, action) for action in actions}


def called_methods() -> set[str]:
    methods = {
        kind.describe for kind in JOB_KINDS.values() if kind.describe
    }  # the one place where a method is looked up by its name
    root = Path(sagemaker_mirror.__file__).parent
    for path in root.rglob("*.py"):
        if path.relative_to(root).parts[0] not in ELSEWHERE:
            methods |= {*_methods_of_clients(ast.parse(path.read_text()))}
    return methods


def _methods_of_clients(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_client(node.func.value)):
            continue
        if node.func.attr in ("get_paginator", "get_waiter"):
            yield ast.literal_eval(node.args[0])
        elif node.func.attr not in NO_OPERATIONS:
            yield node.func.attr


def _is_client(value: ast.expr) -> bool:
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return name == "client" or name.endswith("_client") or name == "conn"
