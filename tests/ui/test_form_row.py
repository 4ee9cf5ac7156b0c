"""What a form costs and loses, in words."""

from typing import Any

import pytest

from tests.ui.shelf_items import record
from writer.ui.form_row import form_figures


@pytest.mark.parametrize(
    ("found", "is_compared", "figures"),
    [
        (
            record(25.0),
            True,
            ["As good as the original", "42 tokens a second here", "400 MB on disk, 750 MB of memory"],
        ),
        (
            record(24.0),
            True,
            ["As good as the original", "42 tokens a second here", "400 MB on disk, 750 MB of memory"],
        ),
        (record(25.0), False, ["42 tokens a second here", "400 MB on disk, 750 MB of memory"]),
        (record(decode_tps=0.0, memory_bytes=0), True, ["2.0% worse than the original", "400 MB on disk"]),
    ],
    ids=["equal", "better", "not compared", "built before this was measured"],
)
def test_figures(found: Any, is_compared: bool, figures: list[str]) -> None:
    assert form_figures(found, is_compared=is_compared).splitlines() == figures
