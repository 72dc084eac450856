"""Every event type once, and what it means to Temporal; the checks of events before they are kept."""
