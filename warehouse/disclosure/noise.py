"""The noise of statistics: a truncated discrete Gaussian, drawn by the question and never by the persons.

Belongs here: the distribution, the draw, what is told of a count. Does not: the normal form of a question (warehouse/queries/normal.py).

The draw depends on the seed of the snapshot and on the question alone. The same question gets the same answer, however often it is asked.
Two questions get independent noise whether they mean the same persons or not, so equal and different answers tell nothing: this is where
noise that depends on the persons (cell keys) fails, because there two questions answer alike exactly when the person between them is not
counted. Each answer is a differentially private count (Canonne, Kamath, Steinke 2020: rho = 1 / (2 * STANDARD_DEVIATION ** 2) of zCDP but
for the truncation, which is met with a probability under 1 in 10,000).
"""

from __future__ import annotations

import hashlib
import hmac
import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

STANDARD_DEVIATION = 5.0
LARGEST = 20
"""Persons. Four standard deviations; no answer is further from the truth."""
PRECISION = 2**64

NOTE = {
    "zh": f"统计数加有随机误差，最多±{LARGEST}，三分之二不超过±{STANDARD_DEVIATION:.0f}；分项之和不必等于合计；人数少（包括0）的不公布",
    "en": f"counts are perturbed by at most ±{LARGEST} (two in three by at most ±{STANDARD_DEVIATION:.0f}); parts need not add up; "
          "small counts, zero among them, are not told",
}


@cache
def distribution() -> tuple[int, ...]:
    """Weights of -LARGEST..LARGEST as whole numbers; symmetric, so the mean is exactly zero."""
    return tuple(round(math.exp(-(step * step) / (2 * STANDARD_DEVIATION**2)) * PRECISION) for step in range(-LARGEST, LARGEST + 1))


@cache
def _cumulated() -> tuple[int, ...]:
    return tuple(accumulate(distribution()))


def noise(seed: bytes, question: str) -> int:
    """Persons to add, from -LARGEST to LARGEST; always the same for a seed and a question."""
    drawn = int.from_bytes(hmac.new(seed, question.encode(), hashlib.sha256).digest())
    cumulated = _cumulated()
    return bisect_right(cumulated, drawn % cumulated[-1]) - LARGEST


def smallest_told(min_cell: int) -> int:
    """The smallest number that is told: whatever the noise, at least min_cell persons stand behind it."""
    return min_cell + LARGEST


def certainty(answers: int) -> float:
    """How often who knows everybody else is right about one person after so many answers about it; 0.5 is a guess.

    The answers are those that change by one with the person; nobody can do better (likelihood ratio of two Gaussians).
    """
    return 0.5 * (1 + math.erf(math.sqrt(answers) / (2 * STANDARD_DEVIATION) / math.sqrt(2)))


@dataclass(frozen=True, slots=True)
class Perturbed:
    """Tells counts of one snapshot to readers of a purpose with `min_cell`."""

    seed: bytes
    min_cell: int

    def told(self, persons: int, question: str) -> int | None:
        """The perturbed count, or None: the decision looks at the perturbed count alone, so it tells no more than that count would."""
        shown = persons + noise(self.seed, question)
        return shown if shown >= smallest_told(self.min_cell) else None

    def can_be_told(self, persons: int) -> bool:
        """False when no noise makes this count one that is told; such counts need no draw."""
        return persons >= self.min_cell
