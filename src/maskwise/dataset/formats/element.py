"""Element: what an XML file holds, without the parts of XML that can do harm."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

from maskwise.dataset.formats.tree import BadAnnotation

_MAX_DEPTH: Final = 32
_MAX_ELEMENTS: Final = 200_000  # of 300 bytes each


@dataclass(slots=True)
class Element:
    """An XML element, with the line that it begins on."""

    name: str
    line: int
    texts: list[str] = field(default_factory=list)
    children: list["Element"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text directly in it, without the spaces around."""
        return "".join(self.texts).strip()

    def all(self, name: str) -> Iterator["Element"]:
        """The elements of a name directly in it."""
        return (child for child in self.children if child.name == name)

    def text_of(self, *names: str) -> str:
        """The text of a descendant, by the names that lead to it; empty if it is not there."""
        element: Element | None = self
        for name in names:
            element = next(element.all(name), None) if element else None
        return element.text if element else ""


def parse_xml(path: str, content: bytes) -> Element:
    """The outermost element of an XML file, which messages call `path`.

    Raises:
        BadAnnotation: It is broken, nested too deeply, or brings a document type or entities.
    """
    parser = ParserCreate()
    document = Element("", 0)
    open_elements = [document]
    n_elements = 0

    def refuse(*_: object) -> None:
        raise BadAnnotation(
            f"{path}:{parser.CurrentLineNumber}",
            "a document type is not accepted in an annotation: remove it",
        )

    def start(name: str, _: object) -> None:
        nonlocal n_elements
        n_elements += 1
        if len(open_elements) > _MAX_DEPTH or n_elements > _MAX_ELEMENTS:
            raise BadAnnotation(
                f"{path}:{parser.CurrentLineNumber}",
                "is nested too deeply or has too many elements",
            )
        element = Element(name, parser.CurrentLineNumber)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_: str) -> None:
        open_elements.pop()

    def text(data: str) -> None:
        open_elements[-1].texts.append(data)

    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(content, True)
    except ExpatError as error:
        raise BadAnnotation(f"{path}:{error.lineno}", f"is broken XML: {error}") from error
    except (LookupError, ValueError) as error:
        raise BadAnnotation(path, f"has an encoding that is not known: {error}") from error
    return document.children[0]
