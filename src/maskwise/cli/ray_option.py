"""Ray option: `--ray` alone means this machine, `--ray ADDRESS` a cluster."""

import re
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

_OPTION: Final = "--ray"
_HERE: Final = ""
_ADDRESS: Final = re.compile(r"auto|\S+://\S*|[^\s/]+:\d+|\d+(\.\d+){3}")

RayAddress = Annotated[
    str | None,
    typer.Option(
        _OPTION,
        metavar="[ADDRESS]",
        help="Share the work with Ray: alone, among processes of this machine; with `auto` or the "
        "HOST:PORT of its head, among the nodes of a cluster.",
    ),
]
"""None without the option."""


class Command(TyperCommand):
    """A verb whose option `--ray`, if it has one, may be followed by an address or not."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Called by Typer, which knows no option whose value can be left out."""
        return super().parse_args(ctx, _completed(args) if self._takes_ray() else args)

    def _takes_ray(self) -> bool:
        return any(_OPTION in param.opts for param in self.params)


def address_of(ray: str) -> str | None:
    """What `maskwise.distributed.cluster.connected` takes, from the value of `--ray`."""
    return None if ray == _HERE else ray


def _completed(arguments: list[str]) -> list[str]:
    """The arguments with `--ray=` for each `--ray` that no address follows."""
    following = [*arguments, ""][1:]
    return [
        f"{_OPTION}={_HERE}" if given == _OPTION and not _ADDRESS.fullmatch(after) else given
        for given, after in zip(arguments, following, strict=True)
    ]
