"""The door for e-mails: read, understood, kept or answered, and filed."""
