"""The unified social credit code (GB 32100-2015) and the organisation code inside it (GB 11714).

Belongs here: tidying and check characters. Does not: repairing: a code that fails is reported, never changed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from stdnum.cn import uscc

_CODE_VALUES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CODE_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A code as tidied; problem: None when valid, else `length`, `confusable` (I, O, S, V, Z never occur) or `check`."""

    code: str
    problem: str | None

    @property
    def valid(self) -> bool:
        return self.problem is None

    @property
    def organisation_code(self) -> str | None:
        """The nine characters of GB 11714 inside a valid code."""
        return self.code[8:17] if self.valid else None


def read_code(text: str) -> CreditCode:
    """Tidy (width, case, spaces, hyphens) and check. The check character is that of GB 32100-2015 (python-stdnum)."""
    code = unicodedata.normalize("NFKC", text).upper().replace(" ", "").replace("-", "")
    if len(code) != 18:
        return CreditCode(code, "length")
    if any(letter in "IOSVZ" for letter in code):
        return CreditCode(code, "confusable")
    return CreditCode(code, None if uscc.is_valid(code) else "check")


def organisation_code_valid(text: str) -> bool:
    """Whether nine characters are an organisation code with its check character (GB 11714-1997)."""
    code = unicodedata.normalize("NFKC", text).upper().replace("-", "")
    if len(code) != 9 or not code.isascii() or not code.isalnum():
        return False
    rest = 11 - sum(_CODE_VALUES.index(letter) * weight for letter, weight in zip(code[:8], _CODE_WEIGHTS, strict=True)) % 11
    return code[8] == {10: "X", 11: "0"}.get(rest, str(rest))
