"""Answers: the table of faces that a terminal shows."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from maskwise.labels import label_colour_rgb
from maskwise.names import legible
from maskwise.outputs.captions import answer
from maskwise.outputs.outcome import Outcome


def show_table(outcomes: Iterable[Outcome]) -> None:
    """Show a row for each face on stdout, and one for each picture without any."""
    Console().print(_table(outcomes))


def _table(outcomes: Iterable[Outcome]) -> Table:
    table = Table("Picture", "Answer", "Probability", "Box", box=None, pad_edge=False)
    for outcome in outcomes:
        name = Text(legible(outcome.source))
        if outcome.faces is None:
            table.add_row(name, Text("no answer", style="dim"), Text(legible(outcome.error or "")))
        elif not len(outcome.faces):
            table.add_row(name, Text("no face found", style="dim"))
        else:
            for index, label in enumerate(outcome.faces.label.tolist()):
                red, green, blue = label_colour_rgb(label)
                table.add_row(
                    name,
                    Text(answer(outcome.faces, index), style=f"bold rgb({red},{green},{blue})"),
                    f"{outcome.faces.confidence[index]:.1%}",
                    ",".join(f"{edge:.0f}" for edge in outcome.faces.xyxy[index]),
                )
    return table
