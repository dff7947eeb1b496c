"""`onegrid model` and `onegrid evaluate`: shown, trained anew, refused in words; the former model is never lost."""

from __future__ import annotations

import json
from pathlib import Path

from tests.desk.cities import onegrid
from tests.desk.conftest import City
from warehouse.keys import ensure_key


def test_a_model_is_shown_and_trained_anew_and_the_former_one_is_kept(tmp_path: Path, city: City) -> None:
    copy = city.copy(tmp_path)
    model = copy.home / "models" / "persons.json"
    before = model.read_bytes()
    shown = onegrid("model", "show", "--home", str(copy.home))
    assert json.loads(shown.stdout)["trained_on"]["pairs"] > 0
    trained = onegrid("model", "train", "--home", str(copy.home))
    assert trained.returncode == 0, trained.stderr
    assert (model.parent / "persons.1.json").read_bytes() == before
    assert model.exists()


def test_without_a_model_nothing_is_shown_and_words_say_why(tmp_path: Path) -> None:
    ensure_key(tmp_path)
    shown = onegrid("model", "show", "--home", str(tmp_path))
    assert shown.returncode == 1
    assert "no model yet" in " ".join(shown.stderr.split())


def test_evaluate_shows_links_persons_estimates_and_calibration(city: City, tmp_path: Path) -> None:
    copy = city.copy(tmp_path)
    found = onegrid("evaluate", "--home", str(copy.home), "--truth", str(copy.deliveries / "truth"))
    assert found.returncode == 0, found.stderr
    words = " ".join(found.stdout.split())
    for title in ("Links against the truth", "Whole persons", "estimated without labels", "intervals hold the truth", "Calibration"):
        assert title in words
