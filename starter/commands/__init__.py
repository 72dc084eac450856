"""The commands of `reglament`, by subject."""
