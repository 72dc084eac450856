"""One file per case kind; each reads as its regulation reads."""
