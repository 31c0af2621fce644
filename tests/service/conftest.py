"""What the tests of paths share: workers, and a client of a service in this process."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from maskwise.service.workers.crew import Crew
from services import open_crew, serving


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    crew = open_crew()
    yield crew
    crew.close()


@pytest.fixture
def client(crew: Crew) -> Iterator[TestClient]:
    with serving(crew) as (client, _):
        yield client
