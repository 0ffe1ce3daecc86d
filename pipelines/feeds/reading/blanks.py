"""Signs that nobody sees: which of them are blanks around a text, and how a text that holds some is shown.

Belongs here: the one list of blanks. Does not belong here: control characters, which are refused (`jsonlines.check_text`).
"""

from __future__ import annotations

import unicodedata
from typing import Final

_SEPARATORS: Final = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_NO_WIDTH: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
)
_DIRECTIONS: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f"

BLANKS: Final = " \t\r\n\x0b\x0c\x85" + _SEPARATORS + _NO_WIDTH + _DIRECTIONS
"""What is taken off both ends of a text: blanks of every width, signs without any, and marks of direction."""

_UNSEEN: Final = frozenset(BLANKS) - {" "}


def visible(text: str) -> str:
    r"""The text with every sign that nobody sees, or that could be taken for a plain blank, written out.

    >>> visible("TEE\u200b-M"), visible("TEE\u00a0M"), visible("Thé 1 L")
    ('TEE\\u200b-M', 'TEE\\xa0M', 'Thé 1 L')
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if sign.isprintable() and sign not in _UNSEEN else sign.encode("unicode_escape").decode() for sign in text)


def folded(code: str) -> str:
    """What two codes have in common that differ only in case, in blanks, or in signs that nobody sees.

    >>> folded("Tee\u00a0-M\u200b") == folded("TEE-m"), folded("TEE-M") == folded("TEE-L")
    (True, False)
    """
    return "".join(sign for sign in unicodedata.normalize("NFKC", code).casefold() if sign not in BLANKS and sign.isprintable())
