"""Adam in one pass over the weights: Keras's formula, computed by TensorFlow's own kernel."""

from typing import Any

import keras
import tensorflow as tf


class FusedAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam as Keras defines it, with a step in one operation for each variable instead of twelve.

    The reference network keeps nearly all its weights in one matrix; Keras passes over it once
    for each operation of the formula. Results differ by rounding alone. Without AMSGrad.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, section 2.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change one variable, and its two moments, by a dense gradient."""
        index = self._get_variable_index(variable)
        dtype = variable.dtype
        beta_1, beta_2 = tf.constant(self.beta_1, dtype), tf.constant(self.beta_2, dtype)
        step = tf.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(self.epsilon, dtype),
            grad=tf.convert_to_tensor(gradient),
        )
