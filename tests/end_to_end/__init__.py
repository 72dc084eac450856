"""Real parts, killed and started again. A ledger that does not agree shows what it holds."""

import pytest

pytest.register_assert_rewrite("tests.end_to_end.ledgers")
