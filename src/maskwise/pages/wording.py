"""Wording: figures in digits, the same in every page, chart and Markdown."""

from typing import Final, Literal

from maskwise.intervals import Estimate

Scale = Literal["share", "index", "loss"]
"""How a figure is written: a share in percent, an index in [0, 1] and a loss with decimals."""

_NOTHING: Final = "\N{EN DASH}"


def share_text(share: float | None) -> str:
    """A share in percent that never rounds to perfect.

    >>> share_text(0.9621), share_text(0.9999)
    ('96.2 %', '>99.9 %')
    """
    return _NOTHING if share is None else f"{_short_of_whole(100 * share, 1, 100)} %"


def index_text(value: float | None) -> str:
    """A figure with three decimals that never rounds to perfect.

    >>> index_text(0.9621), index_text(0.99999), index_text(1.0)
    ('0.962', '>0.999', '1.000')
    """
    return _NOTHING if value is None else _short_of_whole(value, 3, 1)


def estimate_text(estimate: Estimate) -> str:
    """A figure with its interval.

    >>> estimate_text(Estimate(0.962, 0.951, 0.971)), estimate_text(Estimate(1.0))
    ('0.962 [0.951, 0.971]', '1.000')
    """
    if estimate.low is None:
        return index_text(estimate.value)
    ends = f"{index_text(estimate.low)}, {index_text(estimate.high)}"
    return f"{index_text(estimate.value)} [{ends}]"


def interval_text(estimate: Estimate, scale: Scale) -> str:
    """The ends of an interval, as a figure of this scale is written.

    >>> interval_text(Estimate(0.962, 0.951, 0.971), "share")
    '95.1 to 97.1 %'
    """
    if scale == "share":
        return f"{share_text(estimate.low).removesuffix(' %')} to {share_text(estimate.high)}"
    return f"{index_text(estimate.low)} to {index_text(estimate.high)}"


def points_text(difference: float | None) -> str:
    r"""A difference of two shares in percentage points, with its sign.

    >>> points_text(0.0621), points_text(0.0004), points_text(-0.0621) == "\N{MINUS SIGN}6.2"
    ('+6.2', '0.0', True)
    """
    if difference is None:
        return _NOTHING
    points = round(100 * difference, 1)
    return f"{points:+.1f}".replace("-", "\N{MINUS SIGN}") if points else "0.0"


def p_text(p: float) -> str:
    """A p-value that rounds neither to 0 nor to the mark of 0.05.

    >>> p_text(0.0312), p_text(0.00002), p_text(0.0496)
    ('p = 0.031', 'p < 0.001', 'p = 0.0496')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.4f}" if p != 0.05 and f"{p:.3f}" == "0.050" else f"p = {p:.3f}"


def _short_of_whole(number: float, digits: int, whole: int) -> str:
    if number < whole and float(f"{number:.{digits}f}") == whole:
        return f">{whole - 10**-digits:.{digits}f}"
    return f"{number:.{digits}f}"
