"""Terms and working time: when something is due, and why. It knows calendars and zones, and nothing of cases."""
