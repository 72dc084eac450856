"""No activity is forgotten: what a class of `activities` declares is registered with the worker."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import fields
from typing import Any, get_type_hints
from unittest.mock import create_autospec

import activities
from activities import Activities

DEFINITION = "__temporal_activity_definition"


def declared() -> dict[str, str]:
    """Name of each activity → where it is declared, over all modules of the package."""
    found = {}
    for module in pkgutil.iter_modules(activities.__path__):
        for _, owner in inspect.getmembers(importlib.import_module(f"activities.{module.name}"), inspect.isclass):
            for _, method in inspect.getmembers(owner, inspect.isfunction):
                if (definition := getattr(method, DEFINITION, None)) is not None:
                    found[definition.name] = f"{owner.__name__}.{method.__name__}"
    return found


def test_every_activity_is_registered() -> None:
    hints = get_type_hints(Activities)
    parts: dict[str, Any] = {f.name: create_autospec(hints[f.name], instance=True) for f in fields(Activities)}
    for name, kind in ((f.name, hints[f.name]) for f in fields(Activities)):
        for method_name, method in inspect.getmembers(kind, inspect.isfunction):
            if hasattr(method, DEFINITION):
                setattr(parts[name], method_name, method)
    registered = [getattr(method, DEFINITION).name for method in Activities(**parts).all()]
    assert len(declared()) >= 7, "the reader of declarations has gone blind"
    assert sorted(registered) == sorted(declared())
