"""``make bench``: every benchmark in turn."""

from tests.benchmarks import deadline

if __name__ == "__main__":
    deadline.main()
