"""``make bench``: every benchmark in turn, each at a size of a few minutes; by its name, and a size, only that one."""

import sys
from collections.abc import Callable

from runtime.process import leave
from tests.benchmarks import burst, centre, deadline, leads, publish

if __name__ == "__main__":
    sized: dict[str, Callable[..., int | None]] = {
        "burst": burst.main,
        "centre": centre.main,
        "leads": leads.main,
        "publish": publish.main,
    }
    match sys.argv[1:]:
        case [name] if name in sized:
            leave(sized[name]() or 0)
        case [name, size] if name in sized:
            leave(sized[name](int(size)) or 0)
        case ["deadline"]:
            deadline.main()
            leave(0)
        case []:
            deadline.main()
            publish.main(300)
            centre.main()
            leave(leads.main(300) or burst.main(1_000))
        case _:
            print(f"there is no such benchmark; there are: deadline, {', '.join(sized)}", file=sys.stderr)
            leave(2)
