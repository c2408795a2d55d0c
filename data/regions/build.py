"""Make shaanxi.csv from the csv files of the npm package china-division, codes and names exactly as published.

    python data/regions/build.py PACKAGE/dist

Needs the development install (pypinyin). Same input and same pypinyin, same bytes.
"""

import csv
import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from pypinyin import Style, lazy_pinyin, pinyin

from talent_pool.regions import shorten

PROVINCE = "61"
FILES = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv", "villages.csv")
TARGET = Path(__file__).with_name("shaanxi.csv")
# Endings that thousands of names carry: their rare readings (区 is also ou) would double the table and help nobody.
ENDINGS = ("社区居委会", "居委会", "社区", "街道", "镇", "乡", "村", "县", "区", "市", "省")


def rows(folder: Path) -> list[tuple[str, str]]:
    """Return (12-digit code, published name) of the whole province in order of codes."""
    found: list[tuple[str, str]] = []
    for name in FILES:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            found += [(row["code"].ljust(12, "0"), row["name"]) for row in csv.DictReader(file)]
    return sorted(row for row in found if row[0].startswith(PROVINCE))


def readings(name: str) -> list[list[str]]:
    """Return each character's toneless readings, the one of its phrase first; brackets are left out."""
    ending = next((end for end in ENDINGS if name.endswith(end) and name != end), "")
    usual = lazy_pinyin(name, errors=list)
    others = [pinyin(char, style=Style.NORMAL, heteronym=True, errors=list)[0] for char in name.removesuffix(ending)]
    others += [[] for _ in ending]
    return [_unique([first, *rest]) for first, rest in zip(usual, others, strict=True) if first.isalnum()]


def spellings(choices: list[list[str]]) -> str:
    """Join every way to spell a name by `|`, the usual one first (never more than 90 in this province)."""
    return "|".join(_unique("".join(parts).lower() for parts in product(*choices)))


def line(code: str, name: str) -> tuple[str, str, str, str]:
    """Return one row of the table: code, name, initials, full pinyin."""
    spelt = readings(shorten(name))
    return code, name, spellings([_unique(reading[0] for reading in choice) for choice in spelt]), spellings(spelt)


def main(folder: Path) -> None:
    """Write the table beside this script."""
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("code", "name", "initials", "pinyin"))
        writer.writerows(line(code, name) for code, name in rows(folder))


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
