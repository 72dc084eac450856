"""Every onboarding of these tests is told in Ukrainian: a place that only Russian has, or none, fails the test that comes to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from regulations import catalogue

CODE = re.compile(r"[A-Za-z0-9_.()/ ]+")
"""What a place of the catalogue is called. A note may hold a person's own words instead, which are shown as they stand; a telling that is
about no clause has no duty to name."""


@pytest.fixture(autouse=True, scope="module")
def ukrainian_alone() -> Iterator[None]:
    """Switches off that one catalogue gives what the other lacks."""
    known = catalogue._found

    def found(language: str, place: tuple[str, ...]) -> Any:
        own: Any = catalogue._CATALOGUES[language]
        for step in place:
            own = own.get(step) if isinstance(own, dict) else None
        if own is None and place[-1] and (place[0] != "note" or CODE.fullmatch(place[-1])):
            raise AssertionError(f"the {language} catalogue has no words at {'/'.join(place)}")
        return known(language, place)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "_found", found)
        yield
