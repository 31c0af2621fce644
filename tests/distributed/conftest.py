"""What tests of scoring share."""

from collections.abc import Iterator
from typing import Any

import pytest

from collections_drawn import serving_s3


@pytest.fixture(scope="session")
def s3() -> Iterator[Any]:
    """A client of a server that speaks S3; the environment leads to it."""
    with serving_s3() as client:
        yield client
