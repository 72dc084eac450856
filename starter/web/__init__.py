"""The webhook for signed events, and what operators look at."""
