"""``make bench``: every benchmark in turn, each at a size of a few minutes; by itself it takes the size as its argument."""

import os
import sys

from tests.benchmarks import burst, deadline, publish

if __name__ == "__main__":
    deadline.main()
    publish.main(300)
    code = burst.main(1_000)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the SDK's threads may abort while the interpreter finalises (sdk-python issue 300)
