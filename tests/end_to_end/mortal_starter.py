"""The starter as it is, but that it dies at a named moment, when a file ``die-at-MOMENT`` lies in its folder: once, so that the next
one goes on. Such a moment lasts microseconds, and no kill from outside would hit it."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.mail_answers import MailAnswers
from runtime.mailbox import Mailbox
from runtime.process import leave
from starter import __main__ as starter
from starter.inbox.inbox import Inbox


def die(moment: str) -> None:
    order = Path(f"die-at-{moment}")
    if order.exists():
        order.rename(f"died-at-{moment}")
        os.kill(os.getpid(), signal.SIGKILL)


def dies_after(owner: Any, name: str, moment: str) -> None:
    original: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(original)
    async def dying(*arguments: Any, **named: Any) -> Any:
        done = await original(*arguments, **named)
        die(moment)
        return done

    setattr(owner, name, dying)


dies_after(Inbox, "accept", "accepted")  # kept, and perhaps delivered; not filed
dies_after(MailAnswers, "admit", "admitted")  # to be answered, and not begun
dies_after(starter.Temporal, "answer", "answered")  # begun, and not filed

remove = Mailbox._remove


def die_and_remove(self: Mailbox, box: Any, uid: int) -> None:
    """The copy without the password is there, and so is the original."""
    die("copied")
    remove(self, box, uid)


setattr(Mailbox, "_remove", die_and_remove)  # noqa: B010

if __name__ == "__main__":
    leave(starter.main())
