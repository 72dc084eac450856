"""``make bench``: every benchmark in turn."""

import os
import sys

from tests.benchmarks import deadline, publish

if __name__ == "__main__":
    deadline.main()
    publish.main()
    sys.stdout.flush()
    os._exit(0)  # the SDK's threads may abort while the interpreter finalises (sdk-python issue 300)
