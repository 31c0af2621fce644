import numpy as np

from maskwise.training.augmentation.framing import Framing

RAMP = np.broadcast_to(np.arange(168, dtype=np.uint8)[:, None, None], (168, 168, 3)).copy()


def cuts(framing: Framing, square: np.ndarray, n: int = 200) -> list[np.ndarray]:
    return [framing.cut(square, np.random.default_rng(seed)) for seed in range(n)]


def test_the_middle_is_shown_in_the_right_size() -> None:
    made = cuts(Framing((112, 96), share=0.5), RAMP)
    assert all(cut.shape == (112, 96, 3) and cut.dtype == np.uint8 for cut in made)
    middle = np.mean([cut[55:57].mean() for cut in made])
    span = np.mean([cut[-1].mean() - cut[0].mean() for cut in made])
    assert abs(middle - 83.5) < 2
    assert abs(span - 83) < 4


def test_a_half_is_mirrored_and_none_stands_on_its_head() -> None:
    across = RAMP.transpose(1, 0, 2).copy()
    rises = [
        float(cut[:, -1].mean()) > cut[:, 0].mean() for cut in cuts(Framing((64, 64), 0.7), across)
    ]
    assert 70 < sum(rises) < 130
    assert all(cut[-1].mean() > cut[0].mean() for cut in cuts(Framing((64, 64), 0.7), RAMP))


def test_of_a_whole_picture_little_beyond_its_edge_is_shown() -> None:
    square = np.full((168, 168, 3), 100, dtype=np.uint8)
    assert all((cut == 100).all() for cut in cuts(Framing((64, 64), 1.0), square, 20))
    spans = [cut[-1].mean() - cut[0].mean() for cut in cuts(Framing((112, 112), 1.0), RAMP)]
    assert np.mean(spans) > 0.85 * 167 * 0.9


def test_fine_patterns_become_grey_not_coarse() -> None:
    checks = ((np.indices((168, 168)).sum(axis=0) % 2) * 255).astype(np.uint8)
    square = np.repeat(checks[:, :, None], 3, axis=2)
    for cut in cuts(Framing((56, 56), 1.0), square, 10):
        assert cut.std() < 40
