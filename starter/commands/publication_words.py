"""``reglament calendar publish`` in words, or in JSON: what has changed, how far it has come, what was done."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from regulations.time.calendar_change import hours_of
from runtime.published_calendars import PublishedCalendars
from starter.publication import Comparison, Progress, touched_terms, watches_of


def describe(found: Comparison) -> dict[str, Any]:
    """What would be published, for people and for programs."""
    return {
        "calendar": found.name,
        "published": found.before.version,
        "loaded": found.version,
        "changed": [day.isoformat() for day in found.difference.changed],
        "closed": [day.isoformat() for day in found.difference.closed],
        "opened": [day.isoformat() for day in found.difference.opened],
    }


def print_difference(found: Comparison) -> None:
    """The changed days, old and new; of very many the first ones."""
    print(f"calendar {found.name}: {found.before.version} → {found.version}")
    most = 40
    for day in found.difference.changed[:most]:
        before = ", ".join(hours_of(found.before.days.get(day.isoformat(), ""))) or "off"
        now = ", ".join(hours_of(found.days[day.isoformat()])) or "off"
        print(f"  {day:%a %Y-%m-%d}: {before} → {now}" + (" (other offset or certainty)" if before == now else ""))
    if len(found.difference.changed) > most:
        print(f"  … and {len(found.difference.changed) - most} days more")


class ProgressLine:
    """Says now and then how far a publication has come, on standard error: standard output holds the result alone."""

    def __init__(self, every: float = 5.0) -> None:
        self._every = every
        self._next = time.monotonic() + every

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        waiting = f", {progress.waiting} terms not in the register yet" if progress.waiting else ""
        print(f"{progress.told + progress.known} cases told{waiting}", file=sys.stderr, flush=True)


def result(found: Comparison, progress: Progress) -> dict[str, Any]:
    """What a publication has done."""
    asked = progress.told + progress.known + progress.not_touched
    return describe(found) | {
        "cases_told": progress.told,
        "cases_told_before": progress.known,
        "cases_not_touched": progress.not_touched,
        "cases_silent": progress.silent,
        "terms_counted": progress.counted,
        "terms_moved": progress.moved,
        "breaches_withdrawn": progress.withdrawn,
        "ended_cases": sorted(set(progress.ended.values())),
        "seconds": round(progress.seconds, 1),
        "cases_per_second": round(asked / progress.seconds, 1) if progress.seconds else 0.0,
    }


def print_unchanged(found: Comparison, *, as_json: bool) -> None:
    """That there is nothing to publish."""
    if as_json:
        print(json.dumps(describe(found), ensure_ascii=False))
    else:
        print(
            f"calendar {found.name}: no day differs from {found.before.version}, published {found.before.published_at:%Y-%m-%d %H:%M} UTC"
        )


async def print_concerned(store: PublishedCalendars, found: Comparison, *, as_json: bool) -> None:
    """What has changed, and how many cases and terms it concerns."""
    terms = [term async for term in touched_terms(store, found)]
    cases, watches = len({term.case_uid for term in terms}), len(await watches_of(store, found))
    if as_json:
        print(json.dumps(describe(found) | {"cases": cases, "terms": len(terms), "watches": watches}, ensure_ascii=False))
    else:
        print_difference(found)
        print(f"{len(terms)} terms of {cases} cases depend on these days, and those of cases whose terms are not in the register yet")
        if watches:
            print(f"{watches} lead watches look at all their leads anew")


def print_result(done: dict[str, Any], *, as_json: bool) -> None:
    """The result in words, or in JSON."""
    if as_json:
        print(json.dumps(done, ensure_ascii=False))
        return
    before = f" ({done['cases_told_before']} more before the interruption)" if done["cases_told_before"] else ""
    print(f"{done['cases_told']} cases told{before} in {done['seconds']} s, {done['cases_per_second']} cases asked a second")
    print(f"{done['terms_counted']} terms counted anew, {done['terms_moved']} moved, {done['breaches_withdrawn']} breaches withdrawn")
    if done["cases_not_touched"]:
        print(f"{done['cases_not_touched']} cases had nothing left that the change touches")
    if done["cases_silent"]:
        print(f"{done['cases_silent']} cases with short terms did not answer; these are counted once more when they run out")
    if ended := done["ended_cases"]:
        shown = ", ".join(ended[:10]) + (" …" if len(ended) > 10 else "")
        print(f"{len(ended)} cases have ended with a term that the change touches; what the registers say of them stays: {shown}")
    print(f"published: {done['loaded']}")
