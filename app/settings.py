"""Every setting: name, default, meaning. Read once at the start from `DIANDAN_*` variables; a bad value stops it."""

import os
import secrets
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import SettingsError

SHORTEST_KEY = 32


class Settings(BaseSettings):
    """The settings table; README's operating part lists the same names (a test holds the two together)."""

    model_config = SettingsConfigDict(env_prefix="DIANDAN_", extra="ignore", frozen=True)

    data_dir: Path = Field(
        default=Path("var"), description="folder of the embedded database, the secret key and snapshots"
    )
    database_url: str = Field(
        default="", description="empty: SQLite in data_dir; or postgresql://user:password@host/name"
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="address under which phones reach the service; links and QR codes begin with it",
    )
    demo: bool = Field(
        default=False, description="invented people, a red bar on every page; set by `diandan demo` only"
    )
    secret_key: str = Field(
        default="", description="signs cookies; empty: made once and kept in data_dir/secret.key (mode 0600)"
    )
    threads: Annotated[int, Field(ge=1, le=64)] = Field(default=8, description="threads of the web server")
    smtp_host: str = Field(default="", description="mail server; empty: e-mail stays in the outbox and says so")
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(default=25, description="port of the mail server")
    smtp_user: str = Field(default="", description="name for the mail server, if it wants one")
    smtp_password: str = Field(default="", description="password for the mail server")
    smtp_tls: str = Field(default="none", pattern="^(none|starttls|ssl)$", description="none, starttls or ssl")
    mail_from: str = Field(default="diandan@localhost", description="sender of e-mail")
    sms_codes: bool = Field(
        default=False,
        description="a side with a phone on file seals on its page with six digits sent by SMS; always in the demo",
    )
    session_idle_minutes: Annotated[int, Field(ge=5, le=720)] = Field(
        default=30, description="an officer's session ends after so many idle minutes"
    )
    session_hours: Annotated[int, Field(ge=1, le=24)] = Field(
        default=12, description="an officer's session ends after so many hours in any case"
    )
    trusted_proxy: bool = Field(
        default=False,
        description="believe X-Forwarded-* (only behind a reverse proxy of one's own)",
    )

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _secret_key(cls, value: str) -> str:
        if value and len(value) < SHORTEST_KEY:
            raise ValueError(f"must have at least {SHORTEST_KEY} characters, or be empty")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with postgresql://, or be empty for SQLite")
        return value

    @property
    def sqlite_path(self) -> Path:
        """Return where the embedded database lies."""
        return self.data_dir / "diandan.sqlite3"

    @property
    def secure(self) -> bool:
        """Tell whether the site is reached by TLS, so that cookies can be bound to it."""
        return self.base_url.startswith("https://")

    def key(self) -> str:
        """Return the secret that signs cookies; make and keep one (0600) if none was given."""
        return self.secret_key or _kept_key(self.data_dir / "secret.key")


def load(**given: object) -> Settings:
    """Read the settings; raise SettingsError with one line that names the setting."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as problem:
        first = problem.errors()[0]
        name = "DIANDAN_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}: {first['msg']}") from None


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise SettingsError(f"{path}: readable by others; chmod 600 it")
    key = path.read_text(encoding="ascii", errors="replace").strip()
    if len(key) < SHORTEST_KEY:
        raise SettingsError(
            f"{path}: holds no key; restore it from the backup, or remove it and every link made so far"
        )
    return key


def _make_key(path: Path) -> None:
    handle, draft = mkstemp(dir=path.parent, prefix=".key-")  # readable by its owner alone
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    # Linked into place when it is whole: of two processes that start at once, both must keep the same key.
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
