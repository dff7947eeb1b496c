"""`onegrid person history`: the story of a person id.

Belongs here: reading the registry of the working state and printing events. Does not: the events (resolvers/registry).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from desk.render import console, table
from desk.review import reviewing
from resolvers.linkage import restricted_categories
from resolvers.registry import Event, history_of
from resolvers.review.words import CUTS
from warehouse import audit
from warehouse.decisions import open_review


def show_history(home: Path, person_id: str, purpose: str, output: str, user: str | None = None) -> None:
    """Print when the id was given, what it gained and lost, what it was merged with or split from, and why."""
    asked = person_id.strip()
    with reviewing(home, user, "person history", purpose, asked=audit.digest(home, asked)) as pass_:
        with open_review(home) as con:
            events = history_of(con, asked, CUTS)
        pass_.saw((asked,) if events else (), len(events))
    closed = restricted_categories()
    if output == "json":
        rows = [asdict(event) | {"between": _between(event, closed), "zh": event.words_zh, "en": event.words_en} for event in events]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return
    headers = ["run 运行#", "事件", "event", "mentions 条#", "between 依据记录", "weight#", "decision 裁定"]
    table(f"{person_id} 人员主键沿革", headers, [
        [event.run, event.words_zh, event.words_en, event.mentions or None, _between(event, closed), event.weight, event.decision_id]
        for event in events
    ])  # fmt: skip
    console.print(f"{len(events)} events 项")


def _between(event: Event, closed: frozenset[str]) -> list[str]:
    """Keys of the deciding records; nothing of restricted categories, not even that there is one."""
    return [key for key in event.between if key.split("/", 1)[0] not in closed]
