"""Detector options: which model decides, how it finds faces and how sure it must be."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    Path | None, typer.Option(help="A bundle or a finished run. [the bundle that we ship]")
]
Faces = Annotated[
    str | None,
    typer.Option(
        help="How faces are found: `yunet` or `centerface` look for all, `whole` takes each "
        "picture as one face. [as the bundle says: yunet]"
    ),
]
Mode = Annotated[
    str | None,
    typer.Option(help="`fast`, `balanced` or `thorough`. [as the bundle says: balanced]"),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Miss no bare face: say `with_mask` only where that is beyond doubt, else `unsure`.",
    ),
]
Precision = Annotated[str | None, typer.Option(help="`int8` or `fp32`. [int8 if it is there]")]
