"""Text from hosts and users, made harmless before it reaches the page.

HTML escaping is the template engine's; this module sees to what HTML escaping leaves active: characters that a
reader cannot see, and text that ends the script element which holds the embedded data.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

# Controls, format characters (bidirectional marks, zero-width, tags), lone surrogates, private use, unassigned and
# noncharacters, line and paragraph separators.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and digits of right-to-left scripts. They are visible, but reorder the figures that stand beside them:
# "41 to 29" after a Hebrew label is shown as "29 to 41".
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_WHITE_SPACE = frozenset("\t\n")


def visible(text: str) -> str:
    r"""``text`` with every invisible or right-to-left character as its escape (``\x1b``, ``\u202e``, ``\U000e0041``).

    Tab and line feed stay: HTML shows them as a space. The result can always be encoded as UTF-8.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) if _is_active(character) else character for character in text)


def _is_active(character: str) -> bool:
    if character in _WHITE_SPACE:
        return False
    return (
        unicodedata.category(character) in _INVISIBLE_CATEGORIES
        or unicodedata.bidirectional(character) in _RIGHT_TO_LEFT
    )


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def json_in_script(document: dict[str, Any]) -> str:
    """``document`` as one line of JSON that cannot end, or reopen, the script element around it.

    Raises ``ValueError`` for a number that JSON cannot hold (NaN, infinity).
    """
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
