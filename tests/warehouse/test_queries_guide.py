"""docs/queries.md: what it shows works as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from warehouse.phrases import PhraseNotUnderstood, understand
from warehouse.queries import parse, parse_tree

GUIDE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"--purpose (\w+) +--text '([^']+)'", GUIDE)


def phrases(header: str) -> list[str]:
    table = GUIDE.partition(header)[2].partition("\n\n")[0]
    return re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)[1:]


UNDERSTOOD = phrases("| 短语 phrase | 含义 meaning |\n")
REFUSED = phrases("| 短语 phrase | 为什么 why |\n")


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_the_phrases_of_the_guide_are_understood(text: str) -> None:
    parse_tree(understand(text).query, "statistics")


@pytest.mark.parametrize("text", REFUSED)
def test_the_refused_phrases_of_the_guide_are_refused(text: str) -> None:
    with pytest.raises(PhraseNotUnderstood):
        understand(text)


@pytest.mark.parametrize(("purpose", "text"), COMMANDS)
def test_the_commands_of_the_guide_are_open_to_their_purpose(purpose: str, text: str) -> None:
    parse_tree(understand(text).query, purpose)


def test_the_queries_of_the_guide_parse() -> None:
    written = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert len(written) == 3
    for text in written:
        parse(text)


def test_the_guide_shows_examples_at_all() -> None:
    assert (len(UNDERSTOOD), len(REFUSED), len(COMMANDS)) == (10, 6, 3)
