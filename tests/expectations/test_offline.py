"""Data Docs pages fetch nothing, and the index lists every validated delivery."""

from __future__ import annotations

import json
from pathlib import Path

from expectations.offline import FETCHED, without_network, write_index

PAGE = """<html><head><script src="https://cdn.example/x.js"></script><link rel="stylesheet" href="https://cdn.example/x.css">
</head><body><img src="https://cdn.example/logo.png"><a href="https://example.org">kept</a><p>count 3</p></body></html>"""


def test_a_page_loses_what_it_would_fetch_and_keeps_its_text(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    assert without_network(tmp_path) == 1
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not FETCHED.search(text)
    assert "count 3" in text
    assert 'href="https://example.org"' in text
    assert without_network(tmp_path) == 0


def test_the_index_links_every_delivery_with_its_counts(tmp_path: Path) -> None:
    result = tmp_path / "results" / "legal_aid_full" / "legal_aid 2025-04-01" / "20250401T000000.000000Z" / "deliveries-delivery.json"
    result.parent.mkdir(parents=True)
    result.write_text(json.dumps({"statistics": {"evaluated_expectations": 21, "unsuccessful_expectations": 2}}), encoding="utf-8")
    (tmp_path / "site").mkdir()
    write_index(tmp_path / "site", tmp_path / "results")
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "legal_aid 2025-04-01" in text
    assert 'href="validations/legal_aid_full/legal_aid%202025-04-01/20250401T000000.000000Z/deliveries-delivery.html"' in text
    assert "<td>21</td><td>2</td>" in text
