"""The inbox at work: events are kept, their senders answered, and delivered to their cases, once and in order."""
