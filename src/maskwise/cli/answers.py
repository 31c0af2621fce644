"""Answers: the table of faces that a terminal shows."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from maskwise.labels import label_colour_rgb
from maskwise.names import legible
from maskwise.outputs.captions import answer
from maskwise.outputs.outcome import Outcome


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


def _rows(outcome: Outcome) -> Iterator[Sequence[Text | str]]:
    faces = outcome.faces
    if faces is None:
        yield [Text("no answer", style="dim")]  # why, was said when it happened
    elif not len(faces):
        yield [Text("no face found", style="dim")]
    else:
        for index, label in enumerate(faces.label.tolist()):
            red, green, blue = label_colour_rgb(label)
            yield [
                Text(answer(faces, index), style=f"bold rgb({red},{green},{blue})"),
                f"{faces.confidence[index]:.1%}",
                ",".join(f"{edge:.0f}" for edge in faces.xyxy[index]),
            ]
