"""The keys with which ballots are kept: AES-GCM, each row bound to its own place, in a file that its owner alone reads.

A line of the file is a key: its id and 256 bits. The last line seals, every line opens. `rotate` adds one; rows are
then sealed anew (`app.ballot_box.reseal`), and only after that may an older line go. Without the file nobody can read
what was sealed: a copy of it belongs into a safe, never beside the database's backup.
"""

import base64
import binascii
import json
import os
import secrets
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import N_, DiandanError, SettingsError

FILE = "ballot.keys"
_VERSION = "v1"
_NONCE = 12


class SealBroken(DiandanError):
    """What was sealed was changed since, moved to another row, or its key is gone."""

    status = 409


class Keyring:
    """Seals and opens small JSON values. `place` names the row and the column: a seal opens nowhere else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: dict[str, AESGCM] = {}
        self._newest = ""

    def seal(self, place: str, value: Any) -> str:
        """Return the value as text that only this keyring opens, and only at this place."""
        if not self._keys:
            self._load()
        nonce = secrets.token_bytes(_NONCE)
        words = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        kept = self._keys[self._newest].encrypt(nonce, words, place.encode("utf-8"))
        return f"{_VERSION}.{self._newest}.{base64.urlsafe_b64encode(nonce + kept).decode('ascii')}"

    def open(self, place: str, sealed: str) -> Any:
        """Return what was sealed; raise SealBroken when a bit of it, its place or its key is not what it was."""
        version, _, rest = sealed.partition(".")
        key_id, _, words = rest.partition(".")
        key = self._key(key_id) if version == _VERSION else None
        if key is None:
            raise SealBroken(N_("封存的选择打不开:缺少密钥"))
        try:
            raw = base64.b64decode(words.encode("ascii"), altchars=b"-_", validate=True)
            return json.loads(key.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode("utf-8")))
        except (InvalidTag, binascii.Error, ValueError):
            raise SealBroken(N_("封存的选择被改动过,不能使用")) from None

    def newest(self) -> str:
        """Return the id of the key that seals."""
        if not self._keys:
            self._load()
        return self._newest

    def rotate(self) -> str:
        """Add a key that seals from now on, and return its id; the older ones go on opening."""
        if not self.path.exists():
            return self.newest()
        lines = self.path.read_text(encoding="ascii").splitlines()
        self._write([*lines, _line(_fresh_id({line.split()[0] for line in lines}))], new=False)
        self._load()
        return self._newest

    def drop_older(self) -> None:
        """Forget every key but the newest: only when no row is sealed with them any more."""
        lines = self.path.read_text(encoding="ascii").splitlines()
        self._write(lines[-1:], new=False)
        self._load()

    def _key(self, key_id: str) -> AESGCM | None:
        if key_id not in self._keys:
            self._load()  # another process may have rotated
        return self._keys.get(key_id)

    def _load(self) -> None:
        if not self.path.exists():
            self._write([_line("k1")], new=True)
        if os.name == "posix" and self.path.stat().st_mode & 0o077:
            raise SettingsError(f"{self.path}: readable by others; chmod 600 it")
        keys: dict[str, AESGCM] = {}
        for line in self.path.read_text(encoding="ascii", errors="replace").splitlines():
            try:
                name, words = line.split()
                keys[name] = AESGCM(base64.b64decode(words, validate=True))
            except ValueError:
                raise SettingsError(f"{self.path}: a line holds no key; restore it from the backup") from None
        if not keys:
            raise SettingsError(f"{self.path}: holds no key; restore it from the backup")
        self._keys, self._newest = keys, list(keys)[-1]

    def _write(self, lines: list[str], *, new: bool) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = mkstemp(dir=self.path.parent, prefix=".keys-")  # readable by its owner alone
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if not new:
            Path(draft).replace(self.path)
            return
        # Linked into place when it is whole: of two processes that start at once, both must keep the same key.
        try:
            os.link(draft, self.path)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()


def _line(key_id: str) -> str:
    return f"{key_id} {base64.b64encode(AESGCM.generate_key(256)).decode('ascii')}"


def _fresh_id(taken: set[str]) -> str:
    return next(name for number in range(1, len(taken) + 2) if (name := f"k{number + len(taken)}") not in taken)
