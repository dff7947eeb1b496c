"""What an operator may tune in `home/config.toml`; everything has a default with its reason.

Belongs here: reading the file, once, into a frozen model.
Does not: secrets (the key is in the environment or home/key), rules about data.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sources.errors import OneGridError


class ConfigurationError(OneGridError):
    """config.toml cannot be read; the message lists every problem."""


class StoreConfiguration(BaseModel):
    """Resources of the writer and how much is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int = Field(default=2, ge=1, description="two cores are the smallest machine the product is sized for")
    memory_limit: str = Field(
        default="4GB",
        pattern=r"^\d+(\.\d+)?\s?(MB|GB|TB|MiB|GiB|TiB)$",
        description="DuckDB's share of 8 GB: linkage, Python and the page cache need the rest; it spills beyond",
    )
    export: bool = Field(default=True, description="the operator checks and migrates; switched off, nobody exports (clarification 54)")
    keep_snapshots: int = Field(default=5, ge=1, description="a working week of daily runs can be made current again")


def load_configuration(home: Path) -> StoreConfiguration:
    """`home/config.toml`, or the defaults when there is none. Raises ConfigurationError."""
    path = home / "config.toml"
    if not path.exists():
        return StoreConfiguration()
    try:
        return StoreConfiguration.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as problem:
        raise ConfigurationError(
            what=f"the configuration is no TOML: {problem}", where=str(path), remedy="correct the file"
        ) from None
    except ValidationError as problem:
        problems = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors())
        allowed = ", ".join(StoreConfiguration.model_fields)
        raise ConfigurationError(
            what=problems, where=str(path), remedy=f"correct the file; allowed settings: {allowed}"
        ) from None
