"""The words that all explorers share, and how they write numbers; the script follows both."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal

FRAME = {
    "preset": "Look at",
    "own": "Your own setting",
    "own_caption": "This is your own setting. Choose an entry of the list to go back to it.",
    "groups": "Controls",
    "link": "Link to this setting",
    "infinite": "infinite",
    "minus_infinite": "−infinite",
}


def amount(value: float, digits: int = 4) -> str:
    """Write a number for a reader: few decimals where it is large, words where it is infinite.

    Below 10^-12 in size it is 0, for that is rounding; between that and the last decimal shown it
    is said to be smaller than that.

    Parameters
    ----------
    value
        Any number but NaN.
    digits
        Decimals below 1000; half of them up to 10^5, none above.

    Examples
    --------
    >>> amount(0.28125, 4), amount(-2.0), amount(math.inf), amount(3e-7), amount(1e-15)
    ('0.2813', '−2.0000', 'infinite', '< 0.0001', '0')
    >>> amount(128.0), amount(1280.0), amount(125_000.0)
    ('128.0000', '1280.00', '125000')
    """
    if math.isnan(value):
        raise ValueError(f"value must be a number, got {value}")
    if math.isinf(value):
        return FRAME["infinite" if value > 0 else "minus_infinite"]
    size = abs(value)
    if size < 1e-12:
        return "0"
    last = Decimal(1).scaleb(-digits)
    if size < float(last) / 2:
        return f"< {last}" if value > 0 else f"> −{last}"
    shown = digits if size < 1e3 else digits // 2 if size < 1e5 else 0
    # Exact ties go away from zero, as they do in JavaScript.
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-shown), ROUND_HALF_UP)
    return f"{rounded:f}".replace("-", "−")


def plain(marked: str) -> str:
    """Take the marks out of a text.

    Examples
    --------
    >>> plain("<i>p</i><sub>g</sub>")
    'pg'
    """
    return re.sub(r"</?(i|sub|b)>", "", marked)


def mathtext(marked: str) -> str:
    r"""Translate marked text into matplotlib's.

    Examples
    --------
    >>> mathtext("mean of <i>p</i><sub>g</sub>")
    'mean of $p_{\\mathrm{g}}$'
    """
    text = re.sub(r"<i>([^<]*)</i><sub>([^<]*)</sub>", r"$\1_{\\mathrm{\2}}$", marked)
    return plain(re.sub(r"<i>(.*?)</i>", r"$\1$", text))
