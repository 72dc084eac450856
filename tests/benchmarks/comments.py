"""How well comments after calls are judged, and how fast: ``python -m tests.benchmarks comments``.

Of each half of the labelled set, the one for development and the one held out, are told precision and recall of "counts", the share of
comments of which the very parts that lack were named, and each comment on which the check and the label disagree. Then the seconds that a
comment of 4,000 characters takes, when its words are new to the process and when they are not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from regulations.catalogue import text
from regulations.partner.comment import check
from regulations.partner.effects import PARTS, CommentVerdict
from runtime.morphology import Morphology
from runtime.process import leave
from tests.regulations.partner.labelled_comments import DEVELOPMENT, HELD_OUT, Judged, comments, figures, judged

LONGEST = 4_000
RUNS = 20


def lacking(verdict: CommentVerdict) -> str:
    """What a comment lacks, in words."""
    return "; ".join(
        text("ru", "partner", "comment", how, part)
        for how, parts in (("missing", verdict.missing), ("empty", verdict.empty))
        for part in PARTS
        if part in parts
    )


def errors(of: Sequence[Judged]) -> None:
    """Print the comments on which check and label disagree."""
    for one in (one for one in of if one.lacks != one.comment.lacks):
        kind = "other parts" if one.lacks and one.comment.lacks else "WRONG"
        print(f"  {kind}: labelled {', '.join(one.comment.lacks) or 'counts'}; the check says: {lacking(one.verdict) or 'counts'}")
        print(f"    {' '.join(one.comment.text.split())[:160]}")


def main() -> None:
    """Measure and print."""
    for name in (DEVELOPMENT, HELD_OUT):
        of = judged(name)
        told, good = figures(of), sum(not one.comment.lacks for one in of)
        print(f"{name}: {len(of)} comments, {good} that count")
        print(f"  precision {told.precision:.3f}, recall {told.recall:.3f}; the very parts named of {told.exact:.3f}")
        errors(of)
    begun = time.perf_counter()
    morphology = Morphology()
    print(f"the dictionary: loaded in {time.perf_counter() - begun:.2f} s")
    whole = "\n".join(one.text for one in comments(DEVELOPMENT))[:LONGEST]
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        check(whole, morphology.grammar)
        taken.append(1000 * (time.perf_counter() - begun))
    print(f"a comment of {LONGEST:,} characters: {taken[0]:.0f} ms while its words are new, then best {min(taken):.0f} ms of {RUNS} runs")


if __name__ == "__main__":
    main()
    leave(0)
