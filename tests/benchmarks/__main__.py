"""``make bench``: every benchmark in turn, each at a size of a few minutes; ``python -m tests.benchmarks NAME [SIZE]`` runs one."""

import sys
from collections.abc import Callable

from runtime.process import leave
from tests.benchmarks import burst, centre, deadline, leads, publish

BENCHMARKS: dict[str, Callable[..., int | None]] = {
    "burst": burst.main,
    "centre": centre.main,
    "deadline": deadline.main,
    "leads": leads.main,
    "publish": publish.main,
}

if __name__ == "__main__":
    if sys.argv[1:]:
        name, *size = sys.argv[1:]
        leave(BENCHMARKS[name](*map(int, size)) or 0)
    deadline.main()
    centre.main()
    publish.main(300)
    leave(leads.main(300) or burst.main(1_000))
