"""The cells of a table file (.xlsx, .xls, .csv in UTF-8 or GBK), read in a child process that can only harm itself."""

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass

MOST_BYTES = 10 * 2**20
MOST_UNPACKED = 100 * 2**20
MOST_ROWS = 50_000
MOST_PARTS = 3_000  # files inside a workbook; a county's has a dozen
SECONDS = 60

# Why a whole file is refused; the words are translated where they are shown.
REFUSALS = {
    "size": "文件超过 10 MB。请拆成几个小文件",
    "unpacked": "文件展开后超过 100 MB,不能打开",
    "rows": "表格超过 50,000 行。请拆成几个小文件",
    "password": "文件设了密码。请去掉密码后再上传",
    "format": "只能用 Excel 文件(.xlsx、.xls)或 CSV 文件",
    "broken": "文件打不开,可能已经损坏。请用 Excel 打开后另存一份再上传",
    "empty": "表里没有内容",
}


class SheetError(ValueError):
    """A file that is refused whole; `code` is a key of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(REFUSALS[code])
        self.code = code


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that is not blank: its number on the sheet, its cells, and the columns whose numbers lost digits."""

    number: int
    cells: tuple[str, ...]
    lost: frozenset[int] = frozenset()


def read_sheet(given: bytes) -> list[SheetRow]:
    """Return the rows of the first visible sheet that has any. Raises SheetError for a file that is refused whole."""
    _check(given)
    words = [sys.executable, "-m", "talent_pool.sheet_child"]
    try:
        done = subprocess.run(words, input=given, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise SheetError("broken") from None
    if done.returncode != 0:
        # Killed at a limit of memory or time: nothing that a county's list needs.
        raise SheetError("broken")
    found = json.loads(done.stdout)
    if "problem" in found:
        raise SheetError(found["problem"])
    rows = [SheetRow(number, tuple(cells), frozenset(lost)) for number, cells, lost in found["rows"]]
    if not rows:
        raise SheetError("empty")
    return rows


def _check(given: bytes) -> None:
    """Refuse what can be refused without opening it."""
    if len(given) > MOST_BYTES:
        raise SheetError("size")
    if not given:
        raise SheetError("empty")
    if not given.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(given)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise SheetError("broken") from None
    if any(part.flag_bits & 1 for part in parts):
        raise SheetError("password")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise SheetError("unpacked")
