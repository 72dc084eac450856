"""The image and the compose file name only what exists: folders, settings, commands. (No container engine is needed for that.)"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))
EXAMPLE = dict(
    line.split("=", 1) for line in (ROOT / "deploy/env.example").read_text("utf-8").splitlines() if line and not line.startswith("#")
)


def _schema_has(name: str) -> bool:
    """Whether a setting of that name exists, nested ones included."""
    schema: dict[str, Any] = Settings.model_json_schema()
    here: dict[str, Any] = schema
    for step in name.removeprefix("REGLAMENT_").lower().split("__"):
        kinds = [here, *here.get("anyOf", []), *here.get("allOf", [])]
        models = [schema["$defs"][k["$ref"].rsplit("/", 1)[1]] if "$ref" in k else k for k in kinds]
        found = next((m["properties"][step] for m in models if step in m.get("properties", {})), None)
        if found is None:
            return False
        here = found
    return True


def test_the_image_holds_every_package_that_runs() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    running = {p.split(".")[0] for p in packages} - {"deploy"}
    copied = set(re.findall(r"^COPY (\S+) \S+$", DOCKERFILE, re.M))
    assert running | {"worker.py", "requirements/run.txt"} == copied
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert allowed == copied
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize(
    "name",
    sorted(
        n
        for n in {*EXAMPLE, *COMPOSE["x-reglament"]["environment"], *re.findall(r"REGLAMENT_\w+", DOCKERFILE)}
        if n.startswith("REGLAMENT_")
    ),
)
def test_every_setting_named_in_a_deployment_exists(name: str) -> None:
    assert _schema_has(name)


def test_a_setting_that_does_not_exist_would_be_seen() -> None:
    assert not _schema_has("REGLAMENT_MAIL__HOTS")
    assert not _schema_has("REGLAMENT_WEBHOOK_SECRET")


def test_the_example_holds_no_secret_and_its_fields_are_json() -> None:
    mappings = {"REGLAMENT_CRM__FIELDS", "REGLAMENT_CRM__DEALS"}
    assert {n for n, v in EXAMPLE.items() if v} == {"REGLAMENT_MAIL__PORT", "REGLAMENT_CRM__MODULE"} | mappings
    assert all(json.loads(EXAMPLE[name]) for name in mappings)


def test_our_services_run_without_rights_and_only_loopback_is_published() -> None:
    services = COMPOSE["services"]
    for name in ("prepare", "worker", "starter"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    published = [port for s in services.values() for port in s.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_a_stopping_worker_has_longer_than_it_drains() -> None:
    grace = int(COMPOSE["services"]["worker"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["drain_seconds"].default
