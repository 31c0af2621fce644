"""Answers: the table of faces that a terminal shows."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from maskwise.labels import label_colour_rgb, label_words
from maskwise.names import legible
from maskwise.outputs.captions import answer
from maskwise.outputs.outcome import Outcome
from maskwise.tracking.people import Person


def show_table(outcomes: Iterable[Outcome]) -> None:
    """Show a row for each face on stdout, and one for each picture without any."""
    table = Table(box=None, pad_edge=False)
    table.add_column("Picture", overflow="fold", min_width=12)
    table.add_column("Answer")
    table.add_column("Probability", justify="right")
    table.add_column("Box", justify="right", no_wrap=True)
    for outcome in outcomes:
        name = Text(legible(outcome.source))
        for row in _rows(outcome):
            table.add_row(name, *row)
            name = Text()  # once is enough
    Console().print(table)


def show_people(people: Sequence[Person]) -> None:
    """Show a row on stdout for each person who was followed."""
    table = Table(box=None, pad_edge=False)
    table.add_column("Person", justify="right")
    table.add_column("Answer")
    table.add_column("Seen", justify="right")
    table.add_column("Changes", overflow="fold")
    for person in sorted(people, key=lambda person: person.number):
        changes = ", ".join(
            f"{change.time_s:.1f} s {label_words(change.label)}" for change in person.changes
        )
        seen = f"{person.first_s:.1f} to {person.last_s:.1f} s"
        table.add_row(
            str(person.number), _coloured(label_words(person.label), person.label), seen, changes
        )
    Console().print(table)


def _coloured(words: str, label: int) -> Text:
    red, green, blue = label_colour_rgb(label)
    return Text(words, style=f"bold rgb({red},{green},{blue})")


def _rows(outcome: Outcome) -> Iterator[Sequence[Text | str]]:
    faces = outcome.faces
    if faces is None:
        yield [Text("no answer", style="dim")]  # why, was said when it happened
    elif not len(faces):
        yield [Text("no face found", style="dim")]
    else:
        for index, label in enumerate(faces.label.tolist()):
            yield [
                _coloured(answer(faces, index), label),
                f"{faces.confidence[index]:.1%}",
                ",".join(f"{edge:.0f}" for edge in faces.xyxy[index]),
            ]
