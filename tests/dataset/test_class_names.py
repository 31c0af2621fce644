import pytest

from maskwise.dataset.class_names import class_of
from maskwise.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "label"),
    [
        *((name, 1) for name in ("with_mask", "WithMask", "WITH MASK", "mask", "Masked", "1_mask")),
        *((name, 0) for name in ("without_mask", "WithoutMask", "no-mask", "Non Mask", "unmasked")),
        *((name, 1) for name in ("correctly_masked", "CMFD", "AFDB_masked_face_dataset")),
        *((name, 0) for name in ("non_masked", "without_face_mask", "AFDB_face_dataset")),
        *((name, 2) for name in ("incorrect", "mask_weared_incorrect", "Incorrectly Worn")),
        *((name, 2) for name in ("IMFD", "Mask_Mouth_Chin", "partially_masked")),
        *((name, None) for name in ("train", "faces", "maskara", "data mask set", "", "戴口罩")),
    ],
)
def test_class_names(name: str, label: int | None) -> None:
    assert class_of(name) == label


def test_own_names_come_before_the_table_in_any_case() -> None:
    own = {"Maske": "with_mask", "mask": "incorrect"}
    assert [class_of(name, own) for name in ("MASKE", "mask", "masked", "Gesicht")] == [
        *(1, 2, 1),
        None,
    ]


def test_own_names_must_lead_to_a_class() -> None:
    with pytest.raises(InvalidInput, match="`Maske` must stand for one of without_mask"):
        class_of("anything", {"Maske": "mask"})
