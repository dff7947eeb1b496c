"""Errors that are answers of the product: what, where, what to do. Never a value of a record."""

from __future__ import annotations


class OneGridError(Exception):
    """Something the operator or reader can act on."""

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} [{where}]: {remedy}")
        self.what, self.where, self.remedy = what, where, remedy
