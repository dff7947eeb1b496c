"""The office: transactions, migrations, refusals, sealing."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import pkgutil
import stat
from pathlib import Path

import duckdb
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

import warehouse
from warehouse.keys import KeyProblem
from warehouse.office import migrating
from warehouse.office.base import Base
from warehouse.office.database import FILE, NEWEST, VARIABLE, OfficeProblem, engine_of, office
from warehouse.office.sealing import SealBroken, keyed_digest, keyed_digest_sql, seal, unseal


def test_block_that_raises_leaves_nothing(office_home: Path) -> None:
    with office(office_home) as session:
        session.execute(text("CREATE TABLE tried (n INTEGER)"))
    with pytest.raises(RuntimeError):
        _write_and_fail(office_home)
    with office(office_home) as session:
        assert session.execute(text("SELECT count(*) FROM tried")).scalar_one() == 0


def _write_and_fail(home: Path) -> None:
    with office(home) as session:
        session.execute(text("INSERT INTO tried VALUES (1)"))
        raise RuntimeError


def test_migrations_make_exactly_the_tables_of_the_models(office_home: Path) -> None:
    for module in pkgutil.walk_packages(warehouse.__path__, "warehouse."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    with engine_of(office_home).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_newest_migration_is_the_one_that_is_stated() -> None:
    assert migrating.newest() == NEWEST


def test_newer_form_is_refused(office_home: Path) -> None:
    with office(office_home) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    from warehouse.office import database  # noqa: PLC0415 - its cache of engines is emptied as by a new process

    database._engine.cache_clear()
    with pytest.raises(OfficeProblem, match="newer version"):
        engine_of(office_home)


def test_embedded_file_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    engine_of(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("stated", ["no url at all", "mysql://user@host/db"])
def test_other_databases_are_refused(stated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, stated)
    with pytest.raises(OfficeProblem, match="ONEGRID_OFFICE_DSN"):
        engine_of(tmp_path)


def test_home_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OfficeProblem, match="no installation"):
        engine_of(tmp_path / "nowhere")


def test_sealed_text_comes_back_and_differs_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEGRID_KEY", "0123456789abcdef0123")
    first, second = seal(tmp_path, "comment", "已核实"), seal(tmp_path, "comment", "已核实")
    assert first != second
    assert unseal(tmp_path, "comment", first) == "已核实"
    for wrong in (first[:-4] + "AAA=", "no base64!", ""):
        with pytest.raises(SealBroken):
            unseal(tmp_path, "comment", wrong)
    with pytest.raises(SealBroken):
        unseal(tmp_path, "reason", first)
    monkeypatch.setenv("ONEGRID_KEY", "another key of 20 ch")
    with pytest.raises(SealBroken):
        unseal(tmp_path, "comment", first)


def test_digest_depends_on_key_and_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEGRID_KEY", "0123456789abcdef0123")
    here = keyed_digest(tmp_path, "alert", "x")
    assert here == keyed_digest(tmp_path, "alert", "x") != keyed_digest(tmp_path, "subject", "x")
    monkeypatch.setenv("ONEGRID_KEY", "another key of 20 ch")
    assert keyed_digest(tmp_path, "alert", "x") != here
    monkeypatch.delenv("ONEGRID_KEY")
    with pytest.raises(KeyProblem):
        keyed_digest(tmp_path, "alert", "x")


@given(st.text(), st.binary(min_size=1, max_size=64))
def test_digests_in_sql_are_hmac_sha256(stated: str, key: bytes) -> None:
    with duckdb.connect() as con:
        (found,) = con.execute(f"SELECT {keyed_digest_sql('$1::VARCHAR', key)}", [stated]).fetchone() or (None,)
    assert found == hmac.new(key, stated.encode(), hashlib.sha256).hexdigest()
