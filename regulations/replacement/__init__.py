"""The regulation of replacements: leads that a client bought and cannot use are audited from evidence and credited once."""
