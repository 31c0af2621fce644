"""Class names: what the classes are called in the data sets of this world."""

import re
from collections.abc import Mapping
from typing import Final

from maskwise.errors import InvalidInput
from maskwise.labels import INCORRECT, LABELS, WITH_MASK, WITHOUT_MASK

ALIASES: Final = {
    WITH_MASK: (
        "with_mask with_masks mask masks masked with mask_on wearing_mask wear_mask face_mask "
        "masked_face masked_faces face_with_mask with_face_mask correct correct_mask correct_masks "
        "correctly_worn correctly_masked mask_correct mask_worn_correctly mask_weared_correct "
        "properly_worn proper proper_mask good_mask compliant fully_covered CMFD "
        "AFDB_masked_face_dataset"
    ),
    WITHOUT_MASK: (
        "without_mask without_masks no_mask no_masks non_mask non_masked not_mask not_masked "
        "unmasked unmasked_face unmasked_faces without mask_off face_no_mask face_without_mask "
        "no_face_mask without_face_mask not_wearing_mask not_wearing bare_face bare_faces "
        "not_covered AFDB_face_dataset"
    ),
    INCORRECT: (
        "incorrect incorrect_mask incorrect_masks incorrectly_worn incorrectly_masked "
        "mask_incorrect mask_weared_incorrect mask_worn_incorrect mask_worn_incorrectly improper "
        "improper_mask improperly_worn wrong wrong_mask wrongly_worn worn_wrong bad_mask "
        "partial_mask partially_masked partially_covered mask_chin mask_mouth_chin "
        "mask_nose_mouth IMFD"
    ),
}
"""Names by class. Case, spaces, hyphens, underscores and a leading number do not count."""


def _plain(name: str) -> str:
    return re.sub(r"[\W\d_]", "", name.lower())


_LABEL_OF: Final = {
    _plain(alias): label for label, aliases in ALIASES.items() for alias in aliases.split()
}


def class_of(name: str, own_names: Mapping[str, str] | None = None) -> int | None:
    """The class that a name stands for, or None.

    Args:
        name: As a folder or an annotation has it.
        own_names: Names that come before the table, each with an entry of `LABELS`.

    Raises:
        InvalidInput: `own_names` leads to something that is no class.

    >>> class_of("Non Mask"), class_of("WithMask"), class_of("holiday")
    (0, 1, None)
    >>> class_of("Maske", {"maske": "with_mask"})
    1
    """
    for own_name, label_name in (own_names or {}).items():
        if label_name not in LABELS:
            raise InvalidInput(
                f"`{own_name}` must stand for one of {', '.join(LABELS)}. Received: {label_name!r}."
            )
        if own_name.casefold() == name.casefold():
            return LABELS.index(label_name)
    return _LABEL_OF.get(_plain(name))
