"""The regulation of potential sales at service centres: leads, the centres that work on them, bulk actions."""
