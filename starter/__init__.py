"""Doors in: the command line, the table of messages, delivery."""
