"""Environment: what the templates of HTML pages and of Markdown are rendered with."""

import base64
import re
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from maskwise.labels import LABELS, label_colour_rgb, label_words
from maskwise.names import legible
from maskwise.pages.wording import (
    estimate_text,
    index_text,
    interval_text,
    p_text,
    points_text,
    share_text,
)

_CODE: Final = re.compile(r"`([^`]+)`")
_MARKDOWN_SIGNS: Final = re.compile(r"([\\`*\[\]<>|#&~]|(?<![^\W_])_|_(?![^\W_]))")


def html_environment(package: str) -> Environment:
    """What the templates of a page are rendered with.

    Whatever a template prints is escaped and made legible, so names of files are harmless.

    Args:
        package: Its folder `templates` holds them; they build on those that all pages share.
    """
    environment = _environment(package, autoescape=True, finalize=_unless_markup(legible))
    environment.globals["colours"] = {
        name: label_colour_rgb(label) for label, name in enumerate(LABELS)
    }
    environment.filters.update(
        grouped=lambda number: Markup(f"{number:,}".replace(",", "&#8239;")),
        share=lambda share: _unbroken(share_text(share)),
        interval=lambda estimate, scale: _unbroken(interval_text(estimate, scale)),
        prose=lambda text: Markup("").join(_prose(text, escape, Markup("<code>{}</code>").format)),
        jpeg=lambda content: Markup("data:image/jpeg;base64," + base64.b64encode(content).decode()),
    )
    return environment


def markdown_environment(package: str) -> Environment:
    """What templates of Markdown are rendered with.

    Whatever a template prints is escaped and on one line, so names of files are harmless.

    Args:
        package: Its folder `templates` holds them.
    """
    environment = _environment(package, autoescape=False, finalize=_unless_markup(markdown_text))
    environment.filters.update(
        share=lambda share: Markup(share_text(share)),
        interval=lambda estimate, scale: Markup(interval_text(estimate, scale)),
        prose=lambda text: Markup("".join(_prose(text, markdown_text, markdown_code))),
        code=lambda text: Markup(markdown_code(text)),
    )
    return environment


def markdown_text(text: str) -> str:
    r"""Text that Markdown shows as it stands, on one line.

    >>> print(markdown_text("*a|b* <i> with_mask _x_"))
    \*a\|b\* \<i\> with_mask \_x\_
    """
    return _MARKDOWN_SIGNS.sub(r"\\\1", legible(text))


def markdown_code(text: str) -> str:
    r"""Text that Markdown shows as code on one line, also within a table.

    >>> print(markdown_code("a`b|c.jpg"))
    ``a`b\|c.jpg``
    """
    shown = legible(text).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    edge = " " if shown[:1] in ("`", " ") or shown[-1:] in ("`", " ") else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def _environment(package: str, **options: Any) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("maskwise.pages")]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    environment.filters.update(
        words=label_words,
        label=LABELS.__getitem__,
        index=lambda value: Markup(index_text(value)),
        estimate=lambda estimate: Markup(estimate_text(estimate)),
        points=points_text,
        p=p_text,
        moment=_moment_text,
    )
    return environment


def _unless_markup(make_safe: Callable[[str], str]) -> Callable[[object], object]:
    def finalize(value: object) -> object:
        is_plain = isinstance(value, str) and not isinstance(value, Markup)
        return make_safe(str(value)) if is_plain else value

    return finalize


def _unbroken(figure: str) -> Markup:
    return Markup(figure.replace(" %", "&nbsp;%"))


def _prose(text: str, plain: Callable[[str], str], code: Callable[[str], str]) -> list[str]:
    """The parts of a sentence in which `backticks` mark what is typed."""
    parts = _CODE.split(legible(text))
    ways = chain.from_iterable(repeat((plain, code)))
    return [way(part) for way, part in zip(ways, parts, strict=False)]


def _moment_text(created: str) -> str:
    return re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*(\+00:00|Z)$", r"\1 \2 UTC", created)
