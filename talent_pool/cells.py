"""What single cells of a county's list mean. Each function reads one field, or refuses it with words for the person."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from talent_pool import regions, taxonomy
from talent_pool.entries import plain_name, plain_phone, term_end
from talent_pool.files import data_dir
from talent_pool.models import Sex
from talent_pool.places import find_place

YOUNGEST, OLDEST = 18, 95
_APART = re.compile(r"[、,，;；/|\s]+")
_AND = re.compile(r"和|及|与")  # between kinds of quarrels; villages have these characters in their names
_ID = re.compile(r"^[1-9][0-9]{16}[0-9X]$")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DAY = re.compile(r"^([12][0-9]{3})(?:[-/.年]([01]?[0-9])(?:[-/.月]([0-3]?[0-9])日?|月)?|年)?(?:[ T].*)?$")
_SUFFIX = re.compile(r"(?:性|类|专业)?(?:调解员|人民调解|矛盾纠纷|纠纷|调解|矛盾|案件|问题)+$|类$")
_ALL = {
    "全县": 6,
    "全区": 6,
    "县域": 6,
    "本县": 6,
    "全市": 4,
    "全省": 2,
    "全镇": 9,
    "本镇": 9,
    "全乡": 9,
    "本乡": 9,
    "本村": 12,
    "全村": 12,
}
MOST_WORDS = 60  # in one cell


class Refused(ValueError):
    """A cell that cannot be taken: a msgid, and the word that it is about."""

    def __init__(self, says: str, word: str = "") -> None:
        super().__init__(says)
        self.says, self.word = says, word[:30]


class Twice(Refused):
    """A cell of which only a part can be kept: told as well."""

    def __init__(self, says: str, word: str, kept: str) -> None:
        super().__init__(says, word)
        self.kept = kept


class Reader:
    """The cells of one row, read field by field; what is wrong gathers in `problems`."""

    def __init__(self, given: Mapping[str, str], lost: set[str], area: int, today: date) -> None:
        self.given, self.lost, self.area, self.today = given, lost, area, today
        self.problems: list[tuple[str, str, str]] = []

    def tell(self, field: str, says: str, word: str) -> None:
        """Note a problem of a field."""
        self.problems.append((field, says, word))

    def _cell(self, field: str) -> str:
        return unicodedata.normalize("NFKC", self.given.get(field, "")).strip()

    def name(self) -> str:
        """Return the name without blanks."""
        name = plain_name(self._cell("name"))
        if not name:
            raise Refused("没有姓名")
        if len(name) > 40 or not any(char.isalpha() for char in name):
            raise Refused("这不像姓名:%(word)s", name)
        return name

    def word(self, field: str, group: str, says: str, *, required: bool = False) -> str | None:
        """Return the code of a closed list's entry; None for a blank cell."""
        words = self._cell(field)
        if not words:
            if required:
                raise Refused(says)
            return None
        code = _code(group, words)
        if code is None:
            raise Refused(says, words)
        return code

    def subkind(self, kind: str | None) -> str:
        """Return the sub-kind's code; only those of the row's kind are known."""
        words = self._cell("subkind")
        code = _code("subkinds", words) if words else ""
        if code is None or (code and kind and taxonomy.item("subkinds", code).extra["kind"] != kind):
            raise Refused("这一类里没有这个细类:%(word)s", words)
        return code

    def id_number(self) -> str:
        """Return the identity number, its check digit right; kept as a number by Excel, it has lost its last digits."""
        words = self._cell("id_number").replace(" ", "").upper()
        if "id_number" in self.lost or re.fullmatch(r"[0-9.]+E\+?[0-9]+", words):
            raise Refused("身份证号被存成了数字,后几位已经丢失。请把这一列设成文本,重填这个号码")
        if words and not (_ID.match(words) and _check_digit(words) == words[17] and _birth_of(words)):
            raise Refused("身份证号不对")
        return words

    def sex(self, id_number: str | None) -> str:
        """Return the sex; the identity number knows it too, and must agree."""
        said = self.word("sex", "sex", "性别请填男或女")
        known = (Sex.MALE if int(id_number[16]) % 2 else Sex.FEMALE).value if id_number else None
        if said and known and said != known and said != Sex.UNKNOWN:
            raise Refused("性别和身份证号不一致")
        return said or known or Sex.UNKNOWN.value

    def birth_year(self, id_number: str | None) -> int | None:
        """Return the year of birth, from a year, a day, an age, or the identity number; it must be an adult's."""
        words, known = self._cell("birth"), int(id_number[6:10]) if id_number else None
        said = self._year(words) if words else None
        if said is not None and not OLDEST >= self.today.year - said >= YOUNGEST:
            raise Refused("年龄应在18到95岁之间:%(word)s", words)
        # An age is right to a year: whose birthday is still to come was born a year earlier.
        if said and known and abs(said - known) > (1 if re.fullmatch(r"[0-9]{1,3}岁?", words) else 0):
            raise Refused("出生年份和身份证号不一致")
        return known or said

    def _year(self, words: str) -> int:
        if found := re.fullmatch(r"([0-9]{1,3})岁?", words):
            return self.today.year - int(found[1])
        if found := _DAY.match(words):
            return int(found[1])
        if re.fullmatch(r"(?:19|20)[0-9]{4}(?:[0-9]{2})?", words):
            return int(words[:4])
        raise Refused("出生年份看不懂:%(word)s", words)

    def phone(self) -> str:
        """Return the digits of one number."""
        words = self._cell("phone")
        numbers = [plain_phone(each) for each in re.split(r"[/、,;]|\s{2,}|或", words) if each.strip()]
        wrong = [each for each in numbers if not re.fullmatch(r"1[3-9][0-9]{9}|0[0-9]{9,11}|[2-8][0-9]{6,7}", each)]
        if "phone" in self.lost or wrong or (words and not numbers):
            raise Refused("电话号码不对:%(word)s", words)
        if len(set(numbers)) > 1:
            raise Refused("一格里有两个电话,请只留一个:%(word)s", words)
        return numbers[0] if numbers else ""

    def home(self) -> int:
        """Return the village or town: both columns together, or either."""
        town, words = self._cell("town"), self._cell("home")
        if not town and not words:
            raise Refused("没有住处。村、乡镇或籍贯至少要有一个")
        near = self.area
        if town:
            near = self._place(town)
            if not words:
                return near
            found = find_place(words, near)
            if found.code is not None and regions.contains(near, found.code):
                return found.code
            if found.code is not None and not regions.contains(found.code, near):
                raise Refused("住址不在所写的乡镇里:%(word)s", words)
            if found.code is not None:
                return near
        return self._place(words)

    def _place(self, words: str, near: int | None = None) -> int:
        found = find_place(words, near or self.area)
        if found.several:
            several = "、".join(regions.full_name(code, below=self.area) for code in found.several[:3])
            raise Refused("有几个地方都叫这个名字,请写上乡镇:%(word)s", several)
        if found.code is None:
            raise Refused("没有这个地方:%(word)s", words)
        return found.code

    def areas(self, home: int | None) -> list[int]:
        """Return the regions served; 全县, 本镇, 本村 are measured from the home."""
        found = []
        for words in self._list("areas"):
            if digits := _ALL.get(words):
                whole = home if home and digits >= 9 else self.area
                found.append(whole - whole % 10 ** (12 - digits))
            else:
                found.append(self._place(words, home - home % 10**6 if home and home % 10**10 else None))
        return sorted(set(found))

    def expertise(self) -> list[tuple[str, str]]:
        """Return the kinds of quarrels, as (type, sub-type)."""
        found: dict[tuple[str, str], None] = {}
        for words in self._list("expertise"):
            for each in [words] if _known_skill(words) else _AND.split(words):
                if each:
                    found |= dict.fromkeys(_skills(each))
        return list(found)

    def dialects(self) -> str:
        """Return the codes of the dialects, joined by commas."""
        codes = {words: _code("dialects", words) for words in self._list("dialects")}
        if strange := [words for words, code in codes.items() if code is None]:
            raise Refused("方言不认识:%(word)s", strange[0])
        return ",".join(dict.fromkeys(code for code in codes.values() if code))

    def short(self, field: str, most: int) -> str:
        """Return words that fit; longer ones are told, not cut."""
        words = " ".join(self.given.get(field, "").split())
        if len(words) > most:
            raise Refused("太长:最多%(word)s个字", str(most))
        return words

    def number(self, field: str, least: int, most: int, blank: int) -> int:
        """Return a whole number in bounds, with or without 年 or 件 behind it."""
        words = self._cell(field)
        if not words:
            return blank
        found = re.fullmatch(r"([0-9]{1,4})(?:年|件|个|起)?(?:以上)?", words)
        if not found or not least <= int(found[1]) <= most:
            raise Refused("数字应在%(word)s之间", f"{least}–{most}")
        return int(found[1])

    def day(self, field: str) -> date | None:
        """Return a day, however it was written; a month alone begins on its first."""
        words = self._cell(field)
        if not words:
            return None
        try:
            if re.fullmatch(r"[2-6][0-9]{4}", words):  # a day that Excel shows as a number
                return date(1899, 12, 30) + timedelta(days=int(words))
            if found := _DAY.match(words):
                return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
        except ValueError:
            pass
        raise Refused("日期看不懂:%(word)s", words)

    def term_to(self, first: date | None) -> date | None:
        """Return the last day of the term: as written, or three years after the first."""
        last = self.day("term_to")
        if first and last and last < first:
            raise Refused("聘期截止早于开始")
        if last is None and first is not None:
            return term_end(first)
        return last

    def key(self) -> int | None:
        """Return the number that the pool's own export wrote."""
        words = self._cell("key")
        if words and not re.fullmatch(r"[1-9][0-9]{0,8}", words):
            raise Refused("库内编号不对:%(word)s", words)
        return int(words) if words else None

    def _list(self, field: str) -> list[str]:
        return [each for each in _APART.split(self._cell(field)) if each][:MOST_WORDS]


def _check_digit(number: str) -> str:
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11]


def _birth_of(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _skills(words: str) -> tuple[tuple[str, str], ...]:
    """Return the type or sub-type that a word names; both levels may stand as 类型(细类) or 类型·细类."""
    inner = re.fullmatch(r"(.+?)(?:\((.+)\)|·(.+))", words)
    if inner and (type_code := _code("types", inner[1])):
        subtype = _code("subtypes", inner[2] or inner[3])
        if subtype in taxonomy.subtypes(type_code):
            return ((type_code, subtype or ""),)
    if type_code := _code("types", words):
        return ((type_code, ""),)
    if subtype := _code("subtypes", words):
        return ((taxonomy.all_subtypes()[subtype].parents[0], subtype),)
    raise Refused("擅长一栏有不认识的词:%(word)s", words)


def _known_skill(words: str) -> bool:
    try:
        return bool(_skills(words))
    except Refused:
        return False


def _code(group: str, words: str) -> str | None:
    known = _vocabulary(group)
    plain = words.replace(" ", "").lower()
    return known.get(plain) or known.get(_SUFFIX.sub("", plain))


@lru_cache(maxsize=16)
def _vocabulary(group: str) -> Mapping[str, str]:
    table = tomllib.loads((data_dir() / "pool" / "synonyms.toml").read_text(encoding="utf-8"))
    found = {word.lower(): code for code, words in table.get(group, {}).items() for word in words}
    for code, label in taxonomy.groups().get(group, {}).items():
        for word in (code, label.zh, label.en):
            found.setdefault(word.replace(" ", "").lower(), code)
            found.setdefault(_SUFFIX.sub("", word), code)
    found.pop("", None)
    return found
