"""Ports to the world outside, each over the library that speaks to it; and what every process of ours is."""

import gc

gc.set_threshold(50_000, 20, 20)
"""What a process imports is never garbage, and looking for some after every 700 objects takes a sixth of its start."""
