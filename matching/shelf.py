"""The models of one house on its shelf: each in a folder of its own, a pointer file says which one speaks.

Switching is one atomic rename of the pointer. Every process looks at the pointer before it reads (a stat call) and
takes up the new model without a restart. A folder that is damaged, or was made by other features than this code has,
is passed over for the one before it, in the end for the model that travels with the code.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp, mkstemp
from threading import Lock
from typing import Any, NamedTuple

from matching.weights import ModelError, Weights, load, shipped
from talent_pool.files import data_dir

SHIPPED = "shipped"
KEPT = 3  # models of the house's own: the one that speaks and two to go back to
POINTER = "champion.json"
_OLD = 86_400  # seconds
_READS = ("features.py", "spans.py", "text.py")  # what turns words into keys, with the lexicon
LEXICON = ("concepts.toml", "traditional.txt", "words.txt")


class ShelfError(Exception):
    """There is no such model, or none to go back to; `code` says which: 'unknown', 'first', 'moved', 'held'."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StaleModel(ModelError):
    """A model made by other features than this code has: its keys mean nothing any more."""


class Pointer(NamedTuple):
    """Which model speaks, which ones spoke before it (the last one first), and whether learning rests."""

    champion: str = SHIPPED
    before: tuple[str, ...] = ()
    held: bool = False  # after a roll-back no challenger takes over until somebody lets it


class Speaking(NamedTuple):
    """The model that answers now. `trouble`: '' none, 'stale' or 'damaged' when it is not the champion, 'none'."""

    weights: Weights | None
    version: str
    trouble: str = ""


@dataclass(frozen=True)
class Kept:
    """One model on the shelf; an empty manifest when its files cannot be read."""

    version: str
    manifest: dict[str, Any]
    champion: bool
    usable: bool


@lru_cache(maxsize=1)
def features_id() -> str:
    """Return what a model's keys depend on, as a hash: the code that makes features and the lexicon's files."""
    files = [Path(__file__).with_name(name) for name in _READS] + [data_dir() / "lexicon" / name for name in LEXICON]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


class Shelf:
    """The models under one folder. Safe for threads; several processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: tuple[int, ...] | None = None
        self._now: Speaking | None = None
        self._lock = Lock()

    # --- looking ---

    def pointer(self) -> Pointer:
        """Return which model is to speak; a pointer that cannot be read counts as none."""
        try:
            found = json.loads((self.folder / POINTER).read_text(encoding="utf-8"))
            return Pointer(str(found["champion"]), tuple(map(str, found["before"])), bool(found["held"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Pointer()

    def speaking(self) -> Speaking:
        """Return the model that speaks now; loaded once for each state of the pointer."""
        if self._now is None or self._mark() != self._seen:
            with self._lock:
                while self._now is None or self._mark() != self._seen:
                    self._seen = self._mark()
                    self._now = self._loaded()
        return self._now

    def weights(self) -> Weights | None:
        """Return the weights that speak now; None when not even the shipped ones can be used."""
        return self.speaking().weights

    def _mark(self) -> tuple[int, ...]:
        try:
            found = (self.folder / POINTER).stat()
        except OSError:
            return ()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _loaded(self) -> Speaking:
        pointer, trouble = self.pointer(), self._lost_pointer()
        for version in (pointer.champion, *pointer.before, SHIPPED):
            try:
                return Speaking(self._take(version), version, trouble)
            except ModelError as problem:
                trouble = trouble or ("stale" if isinstance(problem, StaleModel) else "damaged")
        return Speaking(None, "", "none")

    def _lost_pointer(self) -> str:
        path = self.folder / POINTER
        return "damaged" if path.exists() and self.pointer() == Pointer() and not _says_nothing(path) else ""

    def _take(self, version: str) -> Weights:
        if version == SHIPPED:
            found = shipped()
            if found is None:
                raise ModelError(SHIPPED)
            return found
        weights = load(self.folder / version)
        if weights.manifest.get("features_id") != features_id():
            raise StaleModel(version)
        return weights

    def kept(self) -> list[Kept]:
        """Return the models of the pointer, the champion first, and the shipped one at the end."""
        pointer = self.pointer()
        names = dict.fromkeys((pointer.champion, *pointer.before, SHIPPED))
        return [self._kept(name, champion=name == pointer.champion) for name in names]

    def _kept(self, version: str, *, champion: bool) -> Kept:
        try:
            return Kept(version, self._take(version).manifest, champion, usable=True)
        except ModelError:
            return Kept(version, {}, champion, usable=False)

    # --- changing ---

    def add(self, write: Callable[[Path], object]) -> str:
        """Let `write` put reading.npz and reading.json into a new folder; return the version. It does not speak yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(dir=self.folder, prefix=".draft-"))
        try:
            write(draft)
            version = load(draft).version
            _sync(draft)
            if (self.folder / version).exists():  # the same bytes, or a damaged copy of them
                shutil.rmtree(self.folder / version)
            draft.rename(self.folder / version)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return version

    def promote(self, version: str, instead_of: str | None = None, *, even_if_held: bool = False) -> None:
        """Let a model speak from now on; raise ShelfError if it cannot be used.

        `instead_of`: the champion that it was compared with; 'moved' if another one speaks by now.
        """
        self._usable(version)
        pointer = self.pointer()
        if instead_of is not None and pointer.champion != instead_of:
            raise ShelfError("moved")
        if pointer.held and not even_if_held:
            raise ShelfError("held")
        earlier = [each for each in (pointer.champion, *pointer.before) if each != version]
        self._point(Pointer(version, tuple(earlier[: KEPT - 1])))
        self._sweep(earlier[KEPT - 1 :])

    def roll_back(self) -> Pointer:
        """Let the model before speak again, and let learning rest; raise ShelfError when there is none."""
        pointer = self.pointer()
        usable = [version for version in pointer.before if self._kept(version, champion=False).usable]
        if not usable:
            if pointer.champion == SHIPPED:
                raise ShelfError("first")
            usable = [SHIPPED]
        after = pointer.before[pointer.before.index(usable[0]) + 1 :] if usable[0] in pointer.before else ()
        self._point(Pointer(usable[0], after, held=True))
        return self.pointer()

    def resume(self) -> None:
        """Let challengers take over again."""
        self._point(self.pointer()._replace(held=False))

    def discard(self, version: str) -> None:
        """Remove a model that the pointer does not name."""
        if version not in (self.pointer().champion, *self.pointer().before):
            shutil.rmtree(self.folder / version, ignore_errors=True)

    def _usable(self, version: str) -> None:
        try:
            self._take(version)
        except ModelError:
            raise ShelfError("unknown") from None

    def _point(self, pointer: Pointer) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, draft = mkstemp(dir=self.folder, prefix=".pointer-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(pointer._asdict(), file)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(self.folder / POINTER)

    def _sweep(self, dropped: Sequence[str]) -> None:
        """Remove what fell off the pointer, and what has lain about for a day: withdrawn models, cut-short nights."""
        for version in dropped:
            self.discard(version)
        named = (self.pointer().champion, *self.pointer().before)
        for path in self.folder.iterdir():
            model = path.name.startswith(".draft-") or (path / "reading.json").exists()
            if model and path.name not in named and time.time() - path.stat().st_mtime > _OLD:
                shutil.rmtree(path, ignore_errors=True)


def _says_nothing(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["champion"] == SHIPPED)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sync(folder: Path) -> None:
    for path in _files(folder):
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_file())
