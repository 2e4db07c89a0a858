"""The provider's metadata, as each Airflow version wants it."""

from __future__ import annotations

import inspect
import json
import pkgutil
import subprocess
import sys
from importlib import import_module, resources
from importlib.metadata import entry_points

import jsonschema
import pytest

import sagemaker_mirror
from sagemaker_mirror import settings
from sagemaker_mirror.compat import conf
from sagemaker_mirror.get_provider_info import get_provider_info

INFO = get_provider_info()


def test_it_is_valid_for_this_airflow():
    schema = json.loads(resources.files("airflow").joinpath("provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)


def test_airflow_finds_it_by_the_entry_point():
    (entry_point,) = entry_points(group="apache_airflow_provider", module="sagemaker_mirror.get_provider_info")
    assert entry_point.load()() == INFO


def test_airflow_lists_the_provider_with_its_options():
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    assert manager.providers["airflow-provider-sagemaker-mirror"].version == sagemaker_mirror.__version__
    sections = dict(manager.provider_configs)["airflow-provider-sagemaker-mirror"]
    assert set(sections["sagemaker_mirror"]["options"]) == {option.name for option in settings.OPTIONS}


ROOMS = {"operators": "Operator", "sensors": "Sensor", "hooks": "Hook", "triggers": "Trigger", "links": "Link"}


def classes_of(room):
    """Return the dotted names of a room's public classes, where they are defined."""
    package = import_module(f"sagemaker_mirror.{room}")
    found = set()
    for info in pkgutil.iter_modules(package.__path__, prefix=f"{package.__name__}."):
        module = import_module(info.name)
        found |= {
            f"{cls.__module__}.{cls.__name__}"
            for name, cls in inspect.getmembers(module, inspect.isclass)
            if name.endswith(ROOMS[room]) and not name.startswith("_") and cls.__module__ == info.name
        }
    return found


@pytest.mark.parametrize("room", ["operators", "sensors", "hooks", "triggers"])
def test_listed_modules_have_all_classes_of_their_room(room):
    modules = [import_module(module) for entry in INFO[room] for module in entry["python-modules"]]
    for name in classes_of(room):
        cls = pkgutil.resolve_name(name)
        # Classes from which others here are derived are of no use by themselves.
        if not cls.__subclasses__():
            assert [module for module in modules if getattr(module, cls.__name__, None) is cls], name


def test_every_link_is_listed():
    links = {name: pkgutil.resolve_name(name) for name in classes_of("links")}
    assert set(INFO["extra-links"]) == {name for name, link in links.items() if not link.__subclasses__()}


def test_defaults_are_those_of_the_table(monkeypatch):
    monkeypatch.delenv("AIRFLOW__SAGEMAKER_MIRROR__POLL_INTERVAL", raising=False)
    monkeypatch.delenv("AIRFLOW__SAGEMAKER_MIRROR__CONFIGS_FOLDER", raising=False)
    assert settings.poll_interval() == int(settings.POLL_INTERVAL.default)
    assert settings.configs_folder() == settings.CONFIGS_FOLDER.default


def test_options_come_from_airflows_configuration(monkeypatch):
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__POLL_INTERVAL", "7")
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_MIRROR__CONFIGS_FOLDER", "confs")
    assert settings.poll_interval() == 7
    assert settings.configs_folder() == "confs"
    assert conf.get("sagemaker_mirror", "configs_folder") == "confs"


def test_listing_providers_imports_neither_airflow_nor_aws():
    code = (
        "import sys; from sagemaker_mirror.get_provider_info import get_provider_info; get_provider_info();"
        "print([name for name in ('airflow', 'boto3', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
