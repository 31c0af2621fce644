from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from maskwise.cli.ray_option import Command, RayAddress, address_of


def verb(
    data: Path,
    out: Annotated[Path, typer.Option()] = Path("default"),
    ray: RayAddress = None,
) -> None:
    where = "not" if ray is None else address_of(ray)
    typer.echo(f"{data} {out} {where}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("faces", "faces default not"),
        ("faces --ray", "faces default None"),
        ("--ray faces", "faces default None"),
        ("--ray --out run faces", "faces run None"),
        ("--ray ./faces:1/2", "faces:1/2 default None"),
        ("faces --ray auto", "faces default auto"),
        ("--ray auto faces", "faces default auto"),
        ("--ray 10.0.0.5:6379 faces", "faces default 10.0.0.5:6379"),
        ("--ray head:6379 faces", "faces default head:6379"),
        ("--ray=head:6379 faces", "faces default head:6379"),
        ("--ray 10.0.0.5 faces", "faces default 10.0.0.5"),
        ("--ray ray://head:10001 faces", "faces default ray://head:10001"),
        ("--ray= faces", "faces default None"),
    ],
)
def test_it_may_stand_alone_or_before_an_address(arguments: str, said: str) -> None:
    app = typer.Typer()
    app.command(cls=Command)(verb)
    done = CliRunner().invoke(app, arguments.split())
    assert done.output.strip() == said


def test_verbs_without_it_do_not_know_it() -> None:
    app = typer.Typer()

    @app.command(cls=Command)
    def other(data: Path) -> None:
        typer.echo(data)

    assert "No such option: --ray" in CliRunner().invoke(app, ["--ray", "faces"]).output
