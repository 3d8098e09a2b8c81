from collections.abc import Iterator

import pytest

from tests.support.desk import Desk, open_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An anonymous desk whose default namespace is acme."""
    with open_desk() as opened:
        yield opened
