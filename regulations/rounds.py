"""The rounds of notices and the daily digests: what their workflows ask of the activities, and what these answer.

Apart from `notices`, since workflow code may know these models and may not know working time.
"""

from __future__ import annotations

from datetime import datetime

from regulations.effects import Letter
from regulations.wire import Wire


class RoundRequest(Wire):
    """One round, or one digest, of the people whose calendars have this zone."""

    zone: str
    """IANA zone."""
    at: datetime | None = None
    """For which instant it is held; None: the time at which it starts."""


class Gather(Wire):
    """Which letters are to go out now?"""

    zone: str
    at: datetime
    round: str
    """Identity of the round: asked again by the same round, the same letters are the answer."""
    tried: tuple[str, ...] = ()
    """Keys of the letters that this round has tried already: their recipients get nothing more in it."""


class Gathered(Wire):
    """Letters that are ready to be sent, one a recipient."""

    letters: tuple[Letter, ...] = ()
    more: bool = False
    """There were too many for one answer: ask again with these as tried."""


class LettersSent(Wire):
    """The mail server took these letters."""

    keys: tuple[str, ...]
    at: datetime


class LettersRefused(Wire):
    """These letters were refused for good: a person must look at them."""

    keys: tuple[str, ...]
    at: datetime
    address: str
    """Workflow id of the round."""


class RoundResult(Wire):
    """What a round did."""

    sent: int = 0
    refused: int = 0
    """Refused for good; each is an incident."""
    left: int = 0
    """The mail server was away: a later round sends what they hold."""
