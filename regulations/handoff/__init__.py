"""The regulation by which a partner hands a client to the company (Russian). Clauses are named ``handoff <number>``."""
