"""What whoever runs the process decides, read from the environment (CONNECTOR_…) in this one place.

Reading is explicit (`Settings.read()`): importing the package reads nothing. A value that can't be used is
refused by the variable's name; a secret (the keys) never shows in a repr or an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from connector.errors import ConfigurationInvalid

__all__ = ["Settings"]


class Settings(BaseSettings):
    """The environment, validated."""

    model_config = SettingsConfigDict(
        env_prefix="CONNECTOR_", frozen=True, use_attribute_docstrings=True, extra="ignore"
    )

    mappings: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders with connectors, looked through after ./mappings and before the bundled ones (separated as in PATH)."""
    database_url: str | None = Field(None, repr=False)
    """Where accounts are kept: sqlite:///… or postgresql://…; a file in the user's data folder by itself."""
    keys: SecretStr | None = None
    """Keys that seal secrets: id:base64 of 32 bytes, separated by commas, the first is current; a key file by itself."""
    allow_networks: Annotated[tuple[str, ...], NoDecode] = ()
    """Private hosts and networks that may be called: 10.1.0.0/16,commander.internal,127.0.0.1:8900."""
    max_calls: Annotated[int, Field(ge=1, le=1000)] = 10
    """The most vendor calls that one listing call makes before it answers what it has."""
    max_seconds: Annotated[float, Field(gt=0, le=3600)] = 20.0
    """The longest that one call takes before it answers what it has."""
    capture_bytes: Annotated[int, Field(ge=1024, le=2**40)] = 64 * 1024 * 1024
    """How much of the store the captures of one account may take (compressed): listings of vendors without pages."""

    @field_validator("mappings", mode="before")
    @classmethod
    def _folders(cls, value: Any) -> Any:
        return (
            tuple(Path(part) for part in value.split(os.pathsep) if part) if isinstance(value, str) else value
        )

    @field_validator("mappings")
    @classmethod
    def _exist(cls, folders: tuple[Path, ...]) -> tuple[Path, ...]:
        for folder in folders:
            if not folder.is_dir():
                raise ValueError(f"{folder} is not a folder")
        return folders

    @field_validator("allow_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @classmethod
    def read(cls) -> Settings:
        """The settings of this process. Raises ConfigurationInvalid with every variable that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            wrong = [
                f"CONNECTOR_{str(item['loc'][0]).upper()}: {str(item['msg']).removeprefix('Value error, ')}"
                for item in error.errors(include_url=False, include_input=False)
            ]
            raise ConfigurationInvalid("; ".join(wrong)) from None
