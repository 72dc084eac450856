"""The console script ``reglament``. A batch of deadlines is answered before anything heavier is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line; does not return."""
    if sys.argv[1:2] == ["deadline"]:
        from starter.commands.deadline_batch import run

        code = run(sys.argv[2:])
        if code is not None:
            raise SystemExit(code)
    from starter.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
