import numpy as np
import pytest

from maskwise.errors import BadRun
from maskwise.model.cnn import build_reference_cnn
from maskwise.model.variables import assign_arrays, network_variables, read_arrays

pytestmark = pytest.mark.train


def test_names_do_not_depend_on_what_was_built_before() -> None:
    first = network_variables(build_reference_cnn((32, 32)))
    second = network_variables(build_reference_cnn((32, 32)))
    assert list(first) == list(second)
    assert len(first) == 14  # kernels and biases of six layers, the state of two dropouts


def test_arrays_move_from_one_network_to_another() -> None:
    giver = network_variables(build_reference_cnn((32, 32), seed=1))
    taker = network_variables(build_reference_cnn((32, 32), seed=2))
    assign_arrays(taker, read_arrays(giver))
    for name, array in read_arrays(taker).items():
        assert np.array_equal(array, read_arrays(giver)[name]), name


def test_missing_and_misshapen_arrays_are_refused() -> None:
    variables = network_variables(build_reference_cnn((32, 32)))
    arrays = read_arrays(variables)
    with pytest.raises(BadRun, match=r"label/bias should be float32 \(2,\), but .* float32 \(3,\)"):
        assign_arrays(variables, {**arrays, "label/bias": np.zeros(3, dtype=np.float32)})
    del arrays["label/bias"]
    with pytest.raises(BadRun, match="holds nothing"):
        assign_arrays(variables, arrays)
