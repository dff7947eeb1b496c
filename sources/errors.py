"""Errors that are answers of the product: what, where, what to do. Never a value of a record."""

from __future__ import annotations

from collections.abc import Sequence


class OneGridError(Exception):
    """Something the operator or reader can act on."""

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} [{where}]: {remedy}")
        self.what, self.where, self.remedy = what, where, remedy


class DeliveryRefused(OneGridError):
    """A delivery that is refused whole and changes nothing; `problems` holds every reason found."""

    def __init__(
        self, problems: Sequence[str], where: str, remedy: str = "ask the department to send the delivery again"
    ) -> None:
        super().__init__("; ".join(problems), where, remedy)
        self.problems = tuple(problems)


class SourceUnavailable(OneGridError):
    """An exchange database that cannot be read now. Nothing changed; the same run can be tried again."""
