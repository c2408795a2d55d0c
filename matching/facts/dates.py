"""Days and months that a text names, as understood on a given day: 前天, 腊月二十三, 去年国庆, 开春, 礼拜三."""

import re
import tomllib
from calendar import monthrange
from collections.abc import Collection, Iterator
from datetime import date, timedelta

from matching.facts import lunar
from matching.facts.identity import Fact, free, normal_span
from matching.facts.numbers import DIGITS, number
from matching.text import Normal
from talent_pool.files import data_dir

_HAN = "一二三四五六七八九十"
_WORDS = tomllib.loads((data_dir() / "lexicon" / "calendar.toml").read_text(encoding="utf-8"))
_YEAR_WORDS: dict[str, int] = _WORDS["years"]
_DAY_WORDS: dict[str, int] = _WORDS["days"]
_FEASTS: dict[str, list[int]] = _WORDS["feasts"]
_LUNAR_FEASTS: dict[str, list[int]] = _WORDS["lunar_feasts"]
_SEASONS: dict[str, int] = _WORDS["seasons"]
_MONTHS: dict[str, int] = _WORDS["months"]
_WEEK = {
    "一": 0,
    "二": 1,
    "三": 2,
    "四": 3,
    "五": 4,
    "六": 5,
    "日": 6,
    "天": 6,
    "末": 5,
    "1": 0,
    "2": 1,
    "3": 2,
    "4": 3,
    "5": 4,
    "6": 5,
}


def _any(words: Collection[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_NUM = rf"[0-9]{{1,2}}|[{_HAN}]{{1,3}}|廿[{_HAN}]?"
_YEAR = (
    rf"(?:(?P<year>(?:19|20)[0-9]{{2}}|[0-9]{{2}}|[一二][〇零一二三四五六七八九]{{3}}"
    rf"|[〇零一二三四五六七八九]{{2}})年|(?P<said>{_any(_YEAR_WORDS)})(?:的)?)"
)
_PART = r"(?:初(?![一二三四五六七八九十])|中旬|上旬|下旬|底|末|月?中(?![秋元])|份)"
_ISO = re.compile(
    r"(?<![0-9.])(?P<year>(?:19|20)[0-9]{2})[-/.](?P<month>[01]?[0-9])[-/.](?P<day>[0-3]?[0-9])日?(?![0-9.])"
)
_MONTH = re.compile(
    rf"(?<![0-9第{_HAN}几个.])(?:{_YEAR})?(?P<moon>农历|阴历|旧历|古历|闰)?"
    rf"(?:(?P<month>{_NUM})月|(?P<name>{_any(_MONTHS)}))(?!供|息|经|薪|租|费)"
    rf"(?:份|里头|里)?(?:(?P<first>初)(?P<firstday>[{_HAN}])|(?P<day>{_NUM})(?P<mark>[日号])?(?![0-9.]|[元块个万千百家斤亩年岁分人月]))?(?P<part>{_PART})?"
)
_RELATIVE = re.compile(rf"(?P<which>上上个?|上个?|这个?|本|当|下个?)月(?:(?P<day>{_NUM})[日号]|(?P<part>{_PART}))?")
_WEEKDAY = re.compile(
    r"(?P<which>上上|上|这|本|下)?个?(?P<word>周|星期|礼拜)(?P<day>[一二三四五六日天末1-6])(?![0-9年天个边岁围期家娃儿])"
)
_AGO = re.compile(
    rf"(?:大约|大概|约)?(?P<count>[0-9]{{1,3}}|[{_HAN}两]{{1,3}}|半)"
    rf"(?P<unit>天|日|个?星期|个?礼拜|周|个?月)(?P<more>半)?(?:之?前|以前)(?!后)"
)
_DAY = re.compile(_any(_DAY_WORDS))
_FEAST = re.compile(
    rf"(?:{_YEAR})?(?P<feast>{_any([*_FEASTS, *_LUNAR_FEASTS])})"
    r"(?:节|假期|(?=[,。;:]|前|后|那|期间|当天|放假|长假|以|之|给|的|晚上|早上|时|过|上|说|回|到|拉|交|还|我|他|两|,|$))"
)
_SEASON = re.compile(rf"(?:{_YEAR})?(?P<season>{_any(_SEASONS)})")
_SIGNS = frozenset("年月日号天周期拜春夏秋冬早晚儿黑来旦节年立分暑至露降雪明满种蛰一八夜-/.麦夕前")

Span = tuple[int, int, str]


def dates(normal: Normal, today: date, taken: Collection[tuple[int, int]] = ()) -> Iterator[Fact]:
    """Find days (YYYY-MM-DD) and months (YYYY-MM); those without a year are the last that have been."""
    text = normal.text
    if _SIGNS.isdisjoint(text):
        return
    found: list[Span] = []
    for reader in (_iso, _months, _relative, _weekdays, _ago, _days, _feasts, _seasons):
        for start, end, value in reader(text, today):
            if free(start, end, taken) and free(start, end, [(low, high) for low, high, _ in found]):
                found.append((start, end, value))
    for start, end, value in sorted(found):
        yield normal_span(normal, start, end) | {"date": value}


def _iso(text: str, _: date) -> Iterator[Span]:
    for hit in _ISO.finditer(text):
        yield from _whole(hit, _day(int(hit["year"]), int(hit["month"]), int(hit["day"])))


def _months(text: str, today: date) -> Iterator[Span]:
    if "月" not in text:
        return
    for hit in _MONTH.finditer(text):
        month = _MONTHS[hit["name"]] if hit["name"] else _count(hit["month"])
        day = _count(hit["firstday"] or hit["day"])
        if month is None or not 1 <= month <= 12:
            continue
        if hit["month"] == "一" and hit.end() - hit.start() == 2 and text[hit.start() - 1 : hit.start()] != "年":
            continue  # 一月一千: each month
        start, end = hit.span()
        if hit["day"] and hit["mark"] is None and hit["day"][0].isascii():
            end, day = hit.start("day"), None  # 3月5000元
        year = _year(hit, today)
        moon = (
            hit["moon"]
            or hit["first"]
            or hit["name"] in ("正月", "腊月", "冬月")
            or (day and hit["mark"] is None and (month, day) == (8, 15))
        )
        if moon:
            value = _moon(month, day, year, today, leap=hit["moon"] == "闰")
        else:
            value = _sun(month, day, year, today, ahead=_ahead(text, end))
        if value:
            yield start, end, value


def _sun(month: int, day: int | None, year: int | None, today: date, *, ahead: bool) -> str | None:
    if year is None:
        year = today.year
        first = _day(year, month, day or 1)
        if first is None or (first > today and not ahead):
            year -= 1
    found = _day(year, month, day or 1)
    return None if found is None else _written(found, whole=day is not None)


def _moon(month: int, day: int | None, year: int | None, today: date, *, leap: bool = False) -> str | None:
    wanted = lunar.year_of(today) if year is None else year
    found = lunar.day(wanted, month, day or 1, leap=leap) or (lunar.day(wanted, month, 29) if day == 30 else None)
    if found is not None and year is None and found > today:
        found = lunar.day(wanted - 1, month, day or 1, leap=leap)
    return None if found is None else _written(found, whole=day is not None)


def _relative(text: str, today: date) -> Iterator[Span]:
    steps = {"上上": -2, "上": -1, "这": 0, "本": 0, "当": 0, "下": 1}
    for hit in _RELATIVE.finditer(text):
        month = _shifted(today, steps[hit["which"].removesuffix("个")])
        day = _count(hit["day"])
        found = _day(month.year, month.month, day or 1)
        if found is not None:
            yield *hit.span(), _written(found, whole=day is not None)


def _weekdays(text: str, today: date) -> Iterator[Span]:
    for hit in _WEEKDAY.finditer(text):
        if hit["word"] == "周" and not hit["which"] and hit["day"] in "一二三四五六" and _named(text, hit):
            continue
        monday = today - timedelta(days=today.weekday())
        found = monday + timedelta(days=_WEEK[hit["day"]])
        if hit["which"]:
            found += timedelta(days=7 * {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1}[hit["which"]])
        elif found > today:
            found -= timedelta(days=7)
        yield *hit.span(), _written(found)


def _named(text: str, hit: re.Match[str]) -> bool:
    """Tell whether 周三 may be a person: nothing of time stands around it."""
    around = text[max(0, hit.start() - 2) : hit.start()] + text[hit.end() : hit.end() + 2]
    return not re.search("[早晚上下中午的前后开去来,。;]|^$", around)


def _ago(text: str, today: date) -> Iterator[Span]:
    for hit in _AGO.finditer(text):
        unit, words = hit["unit"].removeprefix("个"), hit["count"]
        count = 0.5 if words == "半" else _count(words.replace("两", "二"))
        if count is None:
            continue
        count += 0.5 if hit["more"] else 0
        if unit == "月" and count == int(count):
            yield *hit.span(), _written(_shifted(today, -int(count)), whole=False)
        else:
            days = {"天": 1, "日": 1, "月": 30}.get(unit, 7)
            yield *hit.span(), _written(today - timedelta(days=round(days * count)))


def _days(text: str, today: date) -> Iterator[Span]:
    for hit in _DAY.finditer(text):
        if text[hit.start() - 1 : hit.start()] in ("第", "每", "整") or text[hit.end() : hit.end() + 1] in ("年", "后"):
            continue
        yield *hit.span(), _written(today + timedelta(days=_DAY_WORDS[hit.group()]))


def _feasts(text: str, today: date) -> Iterator[Span]:
    for hit in _FEAST.finditer(text):
        feast, year = hit["feast"], _year(hit, today)
        if feast in (
            "三八",
            "五一",
            "六一",
            "七一",
            "八一",
            "十一",
            "雨水",
            "小雪",
            "大雪",
            "过年",
            "小年",
        ) and not _sure(text, hit):
            continue
        if feast in _FEASTS:
            month, day = _FEASTS[feast]
            value = _sun(month, day, year, today, ahead=False)
        else:
            month, day = _LUNAR_FEASTS[feast]
            value = _eve(year, today) if day == 0 else _moon(month, day, year, today)
        if value:
            yield *hit.span(), value


def _sure(text: str, hit: re.Match[str]) -> bool:
    """Tell whether a word that is also something else (雨水, 八一) is the day: a year, 节 or a time stands with it."""
    return bool(hit["year"] or hit["said"] or hit.group().endswith(("节", "假期"))) or text[
        hit.end() : hit.end() + 1
    ] in (*"前后那期当放长",)


def _eve(year: int | None, today: date) -> str | None:
    lunar_year = lunar.year_of(today) - 1 if year is None else year
    following = lunar.day(lunar_year + 1, 1)
    return None if following is None else _written(following - timedelta(days=1))


def _seasons(text: str, today: date) -> Iterator[Span]:
    for hit in _SEASON.finditer(text):
        season, year = hit["season"], _year(hit, today)
        if season in ("年底", "年末", "年尾", "年根", "年初", "年头上", "上半年", "下半年") and year is None:
            if season != "年底":
                continue
            year = today.year
        value = _sun(_SEASONS[season], None, year, today, ahead=False)
        if value:
            yield *hit.span(), value


# --- parts ---


def _year(hit: re.Match[str], today: date) -> int | None:
    if hit["said"]:
        return today.year + _YEAR_WORDS[hit["said"]]
    words = hit["year"]
    if not words:
        return None
    digits = "".join(str(DIGITS[char]) if char in DIGITS else char for char in words)
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (2000 if int(digits) <= today.year % 100 + 1 else 1900)


def _count(words: str | None) -> int | None:
    if not words:
        return None
    if words.startswith("廿"):
        return 20 + (DIGITS[words[1]] if len(words) > 1 else 0)
    value = number(words)
    return None if value is None else int(value)


def _ahead(text: str, end: int) -> bool:
    return text[end : end + 1] == "前" or text[end : end + 2] in ("之前", "以前", "到期", "开庭")


def _day(year: int, month: int, day: int) -> date | None:
    if not (1900 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        return None
    return date(year, month, day)


def _shifted(today: date, months: int) -> date:
    at = today.year * 12 + today.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


def _written(found: date, *, whole: bool = True) -> str:
    return found.isoformat() if whole else found.isoformat()[:7]


def _whole(hit: re.Match[str], found: date | None) -> Iterator[Span]:
    if found is not None:
        yield *hit.span(), _written(found)
