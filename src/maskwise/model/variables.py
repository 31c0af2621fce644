"""Variables: a network's numbers as plain arrays by name, and back."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from maskwise.errors import BadRun


def network_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every variable of a network, the state of its dropout included, as `layer/variable`."""
    # Not by `variable.path`: Keras counts some paths up with each network of the process.
    return {
        f"{layer.name}/{variable.name}": variable
        for layer in model.layers
        for variable in layer.variables
    }


def training_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every variable of a compiled network and of its optimiser."""
    optimiser = {f"optimiser/{variable.name}": variable for variable in model.optimizer.variables}
    return {**network_variables(model), **optimiser}


def read_arrays(variables: Mapping[str, keras.Variable]) -> dict[str, NDArray[Any]]:
    """Copy the values of variables."""
    return {name: np.array(variable.numpy()) for name, variable in variables.items()}


def assign_arrays(
    variables: Mapping[str, keras.Variable], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Give each variable the array of its name; arrays of other names are passed over.

    Raises:
        BadRun: An array is missing or has another shape or type.
    """
    for name, variable in variables.items():
        array = arrays.get(name)
        if array is None or array.shape != variable.shape or array.dtype != variable.dtype:
            found = "nothing" if array is None else f"{array.dtype} {array.shape}"
            raise BadRun(
                f"The weights do not fit this network: {name} should be "
                f"{variable.dtype} {tuple(variable.shape)}, but the run holds {found}."
            )
        variable.assign(array)
