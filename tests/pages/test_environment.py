import pytest

from maskwise.pages.environment import markdown_code, markdown_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("with_mask", "with_mask"),
        ("_private_", r"\_private\_"),
        ("a\nb", r"a\\nb"),
        ("[x](y)", r"\[x\](y)"),
    ],
)
def test_markdown_text(text: str, shown: str) -> None:
    assert markdown_text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a.jpg", "`a.jpg`"), ("`", "`` ` ``"), ("a``b", "```a``b```"), (" a", "`  a `"), ("", "``")],
)
def test_markdown_code(text: str, shown: str) -> None:
    assert markdown_code(text) == shown
