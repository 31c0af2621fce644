"""Remedies: what to do about what an audit finds; `backticks` mark what is typed."""

from typing import Final

GROUP: Final = (
    "Train with `maskwise train DATA --out RUN --split grouped`: near-duplicates and the faces of "
    "one scene then stay on one side."
)
ELSEWHERE: Final = (
    "Judge on pictures of another origin with `maskwise evaluate RUN OTHER_DATA`, and believe "
    "those figures."
)
HOLD_OUT: Final = (
    "Keep a whole source for the test with `maskwise train DATA --out RUN --hold-out-source NAME`, "
    "and believe those figures."
)
LOOK: Final = (
    "Look at each picture that is listed here, and correct its label or remove it, before you "
    "measure on it."
)
FIX: Final = (
    "Let `maskwise data audit DATA --fix OUT` write a copy without duplicates, contradictions and "
    "unusable files; the original stays as it is."
)
RENAME: Final = "Rename the pictures that are listed here after what they are."
COLLECT: Final = "Add pictures of the classes that are rare or missing."
ANNOTATE: Final = "Correct the annotations that are listed here, and look again."
