import pytest

from maskwise.model.networks import build_network
from maskwise.runs.recipe import NETWORKS

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_that_a_recipe_can_name_is_built(name: str) -> None:
    model = build_network(name, (40, 48), n_classes=3, seed=1)
    assert model.input_shape == (None, 40, 48, 3)
    assert model.output_shape == (None, 3)
    assert name in model.name
