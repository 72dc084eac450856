"""``make bench``: every benchmark in turn, each at a size of a few minutes; ``python -m tests.benchmarks NAME [SIZE]`` runs one."""

import sys
from collections.abc import Callable

from runtime.process import leave
from tests.benchmarks import account, audit, burst, centre, comments, deadline, leads, publish, service_cost, watch

BENCHMARKS: dict[str, Callable[..., int | None]] = {
    "account": account.main,
    "audit": audit.main,
    "burst": burst.main,
    "centre": centre.main,
    "comments": comments.main,
    "deadline": deadline.main,
    "leads": leads.main,
    "publish": publish.main,
    "service_cost": service_cost.main,
    "watch": watch.main,
}

if __name__ == "__main__":
    if sys.argv[1:]:
        name, *size = sys.argv[1:]
        leave(BENCHMARKS[name](*map(int, size)) or 0)
    deadline.main()
    comments.main()
    centre.main()
    audit.main()
    publish.main(300)
    service_cost.main()
    watch.main(1_000)
    account.main(500)
    leave(leads.main(300) or burst.main(1_000))
