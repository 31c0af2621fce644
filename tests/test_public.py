import pytest

import maskwise


def test_all_is_complete_and_resolvable() -> None:
    assert set(maskwise.__all__) == {
        *("LABELS", "Client", "Dataset", "Faces", "MaskDetector", "MaskwiseError", "__version__"),
        *("compare", "draw", "evaluate", "export", "read_image", "train"),
    }
    assert dir(maskwise) == sorted(maskwise.__all__)
    for name in maskwise.__all__:
        assert getattr(maskwise, name) is not None


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'exprot'"):
        maskwise.exprot  # noqa: B018


def test_labels_are_the_published_ones() -> None:
    assert maskwise.LABELS == ("without_mask", "with_mask", "incorrect")
