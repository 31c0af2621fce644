"""Whatever the OpenAPI allows, or nearly allows, is answered as it says, and never with a 5xx."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from maskwise.service.app import make_paths
from maskwise.service.metrics import Metrics
from maskwise.service.service import Service
from maskwise.service.uploads import Uploads
from services import running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as url:
        yield url


schema = schemathesis.openapi.from_dict(make_paths(Service(Mock(), Uploads(), Metrics())).openapi())


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_each_path_keeps_its_word(case: "schemathesis.Case[Any]", url: str) -> None:
    case.call_and_validate(
        base_url=url,
        checks=[
            *(not_a_server_error, status_code_conformance),
            *(content_type_conformance, response_schema_conformance),
        ],
    )
