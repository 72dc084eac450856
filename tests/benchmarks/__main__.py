"""``make bench``: every benchmark in turn, each at a size of a few minutes; by itself it takes the size as its argument."""

from runtime.process import leave
from tests.benchmarks import burst, deadline, publish

if __name__ == "__main__":
    deadline.main()
    publish.main(300)
    leave(burst.main(1_000))
