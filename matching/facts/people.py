"""Named persons: full names, 老赵, 王大妈, 赵支书, 李某某, 张老三, and given names of those who were named in full."""

import csv
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import NamedTuple

from matching.facts.identity import Fact, normal_span
from matching.facts.weights import WEIGHTS
from matching.text import Normal, cutter
from talent_pool.files import data_dir

Spans = list[tuple[int, int]]
COMPOUND = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "皇甫",
    "令狐",
    "司徒",
    "东方",
    "尉迟",
    "夏侯",
    "慕容",
    "端木",
    "宇文",
    "长孙",
    "公孙",
)
_COMPOUND_FIRST = frozenset(name[0] for name in COMPOUND)
_ENDINGS = "村镇乡县区沟坪寨庄塬湾峁岔河路街院"
_DIGITS = "一二三四五六七八九十"
_HAN = re.compile("[\u4e00-\u9fff]")
_BREAK = frozenset(" \n,。;:!?、()“”\"'‘’《》【】[]<>/|-—…·.~")
_KIN = frozenset("叔婶嫂哥姐姨伯爷妈")  # one of them is in every word of kin that may stand behind a given name
_UNKNOWN = -20  # a character that no name of the dictionary has
THRESHOLD = 0.4


class Lexicon(NamedTuple):
    """What is known of names: characters' log-odds (ten times), words that are none, words around names."""

    surname: dict[str, int]
    second: dict[str, int]
    last: dict[str, int]
    ordinary: frozenset[str]
    before: tuple[str, ...]
    after: frozenset[str]
    no_title: frozenset[str]
    titles: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    kin: re.Pattern[str]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Read the lists of data/lexicon, once."""
    folder = data_dir() / "lexicon"
    with (folder / "names.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (row["char"], int(row["surname"]), int(row["second"]), int(row["last"])) for row in csv.DictReader(file)
        ]
    words = tomllib.loads((folder / "people.toml").read_text(encoding="utf-8"))
    surname = {char: odds for char, odds, _, _ in rows if odds > -99}
    return Lexicon(
        surname,
        {char: odds for char, _, odds, _ in rows},
        {char: odds for char, _, _, odds in rows},
        frozenset(
            [
                *(folder / "not_names.txt").read_text(encoding="utf-8").split(),
                *words["not_names"].split(),
                *_things(folder),
            ]
        ),
        tuple(words["before"].split()),
        frozenset(words["after"].split()),
        frozenset(words["no_title_surnames"]),
        frozenset(words["titles"].split()),
        _patterns("".join(surname), words),
        re.compile("(?=([\u4e00-\u9fff]{2})(叔|婶|嫂子?|哥|姐|姨|伯|大爷|大妈)(?![夫妹弟父]))"),
    )


def _things(folder: Path) -> list[str]:
    words = tomllib.loads((folder / "things.toml").read_text(encoding="utf-8"))
    return [word for name in ("animals", "crops", "land") for word in words[name].split()]


def _patterns(surnames: str, words: dict[str, str]) -> tuple[re.Pattern[str], ...]:
    any_ = f"(?:{'|'.join(COMPOUND)}|[{surnames}])"
    titled = "".join(char for char in surnames if char not in words["no_title_surnames"])
    titles = "|".join(sorted(words["titles"].split(), key=len, reverse=True))
    # 老 and 小 before a surname, without the words that look so: 老家, 小时, 小车.
    old = "".join(char for char in surnames if char not in "牛路房车年家古庄实师人本板时成公夫婆支单乡相来鼠虎居")
    young = "".join(
        char
        for char in surnames
        if char
        not in "时麦车路房米花石牛马方文江成钱毛水金龙段井门平区巷商官包卖单计种平冷费河和安于农池苗满全家鱼明边沙古"
    )
    not_after = "(?![家子]?[一二三四五六七八九十]?(?:实话|大不小))"
    return (
        re.compile(
            f"{any_}某(?:某|[甲乙丙丁0-9]|[一二三四五六](?![个人家次年月天])|[强军华平明英兰芳刚伟红梅霞辉斌涛勇娟丽珍林国东龙飞鹏杰波超峰](?![a-z]))?"
        ),
        re.compile(
            f"(?<![长父年元古衰养])老[{old}](?:[头汉师](?![里上一天疼傅])|师傅|支书|书记|主任|队长|会计|哥|叔|爷|婆|太(?![不多过欺没大])|婶|伯)?{not_after}"
        ),
        re.compile(f"(?<![大从中幼矮窄])小[{young}](?:师傅|老师|哥|姐|妹|娃)?(?![学区型心])"),
        re.compile(f"(?:{'|'.join(COMPOUND)}|[{titled}])(?:{titles})(?![务子队里头会线级以家的]?[计数])"),
        re.compile(f"{any_}老[{_DIGITS}大幺汉](?![个家人年月天岁])"),
        re.compile(
            f"(?<![{_DIGITS}0-9两]){any_}[{_DIGITS}](?=[{_DIGITS}两]{{1,3}}[百千万块]|[,。;:、)说称要把和与跟家的在也又就给让欠借打拿不去来赶卖买拉开种砍踢骑养占堵]|$)"
        ),
        re.compile(f"(?:{any_}(?:家)?)?(?:{'|'.join(words['nicknames'].split())})(?![子车牛])"),
        re.compile(
            f"{any_}[{_DIGITS}大小碎](?:娃|狗|虎|牛|蛋|旦|毛|宝|宝子|平|女|女子|妮|小|喜|民|军|红|强|海|锁|柱|奎|明)(?![子])"
        ),
    )


def as_facts(normal: Normal, spans: Iterable[tuple[int, int]], text: str) -> Iterator[Fact]:
    """Return spans of the normalised text as facts; `text` is the one as given."""
    for start, end in spans:
        span = normal_span(normal, start, end)
        yield span | {"text": text[span["start"] : span["end"]]}


def people(text: str, taken: Collection[tuple[int, int]] = ()) -> Spans:
    """Return the spans of named persons in a normalised text, none inside `taken` (places, numbers)."""
    known = lexicon()
    busy = {at for low, high in taken for at in range(low, high)}
    kin = {*_with_kin(text, known)}
    told = {*_by_pattern(text, known), *kin}
    # 小兰 may be the end of 董小兰, 童师 the beginning of 童师海: a full name that is likely wins over a short one.
    found = [(start, end, _weight(text, start, end, kin) + 0.01 * (end - start)) for start, end in sorted(told)]
    full = [(start, end, odds) for start, end, odds in scored(text) if odds >= THRESHOLD]
    found += full
    kept: Spans = []
    for start, end, _ in sorted(found, key=lambda each: (-each[2], each[0])):
        if not busy.intersection(range(start, end)):
            kept.append((start, end))
            busy.update(range(start, end))
    whole = {text[start:end] for start, end, _ in full if (start, end) in kept and (start, end) not in told}
    kept += _again(text, kept, whole, busy)
    return sorted(kept)


def _weight(text: str, start: int, end: int, kin: set[tuple[int, int]]) -> float:
    if (start, end) in kin:
        return 1.5
    return 0.6 if text[start] in "老小" or (end - start == 2 and text[end - 1] != "某") else 1.0


def _by_pattern(text: str, known: Lexicon) -> Iterator[tuple[int, int]]:
    for pattern in known.patterns:
        for hit in pattern.finditer(text):
            if hit.group()[:2] not in known.ordinary or "某" in hit.group() or len(hit.group()) > 2:
                yield hit.span()


def _again(text: str, kept: Spans, full: set[str], busy: set[int]) -> Iterator[tuple[int, int]]:
    """Find those who were named before, by their full or their given name."""
    names = {text[start:end] for start, end in kept}
    for name in sorted(names | {name[-2:] for name in full if name[-2:] in _pairs(full)}, key=len, reverse=True):
        at = text.find(name)
        while at >= 0:
            if not busy.intersection(range(at, at + len(name))):
                busy.update(range(at, at + len(name)))
                yield at, at + len(name)
            at = text.find(name, at + 1)


def _pairs(names: Iterable[str]) -> set[str]:
    known = lexicon()
    return {
        name[-2:]
        for name in names
        if len(name) == 3
        and known.second.get(name[1], _UNKNOWN) + known.last.get(name[2], _UNKNOWN) > -15
        and name[0] in known.surname
    }


def _with_kin(text: str, known: Lexicon) -> Iterator[tuple[int, int]]:
    """Find 建国叔, 秀兰嫂: a given name and a word of kin."""
    if _KIN.isdisjoint(text):
        return
    for hit in known.kin.finditer(text):
        first, last = tuple(hit[1])
        good = known.second.get(first, _UNKNOWN) > 8 and known.last.get(last, _UNKNOWN) > 4
        # 王秀兰嫂子: the full name is read as such.
        if good and hit[1] not in known.ordinary and text[hit.start() - 1 : hit.start()] not in known.surname:
            yield hit.start(), hit.end(2)


# --- full names ---


def scored(text: str) -> Iterator[tuple[int, int, float]]:
    """Yield every stretch that could be a full name with the probability that it is one."""
    for start, end, signs in candidates(text, cutter()):
        if text[start] in lexicon().no_title and text[start + 1 : end] in lexicon().titles:
            continue  # 向支书反映
        odds = sum(WEIGHTS[name] * value for name, value in signs.items())
        yield start, end, 1 / (1 + exp(-max(-30.0, min(30.0, odds))))


def candidates(text: str, cut: Callable[[str], list[str]]) -> Iterator[tuple[int, int, dict[str, float]]]:
    """Yield every stretch that could be a full name with its features."""
    known = lexicon()
    if known.surname.keys().isdisjoint(text):
        return
    edges, words = _edges(text, cut)
    for start in [start for start, char in enumerate(text) if char in known.surname or char in _COMPOUND_FIRST]:
        size = 2 if text[start : start + 2] in COMPOUND else 1
        if size == 1 and text[start] not in known.surname:
            continue
        for end in (start + size + 2, start + size + 1):
            if end <= len(text) and _all_han(text[start + size : end]):
                yield start, end, features(text, start, size, end, edges, words, known)


def _edges(text: str, cut: Callable[[str], list[str]]) -> tuple[set[int], set[tuple[int, int]]]:
    edges, at = {0}, 0
    for word in cut(text):
        at += len(word)
        edges.add(at)
    return edges, set(pairwise(sorted(edges)))


def _all_han(text: str) -> bool:
    return all("\u4e00" <= char <= "\u9fff" and char != "某" for char in text)


def features(
    text: str, start: int, size: int, end: int, edges: set[int], words: set[tuple[int, int]], known: Lexicon
) -> dict[str, float]:
    """Return what speaks for and against a stretch being a name; `size` characters of it are the surname."""
    name, given = text[start:end], text[start + size : end]
    before, after = text[start - 1 : start], text[end : end + 1]
    second, last = known.second, known.last
    long = len(given) == 2
    two = second.get(given[0], _UNKNOWN) + last.get(given[1], _UNKNOWN) if long else 0
    return {
        "bias": 1.0,
        "long": float(long),
        "surname": (60 if size == 2 else known.surname[name[0]]) / 10,
        "given_long": two / 10,
        "given_short": 0.0 if long else last.get(given, _UNKNOWN) / 10,
        "left_break": float(not before or before in _BREAK),
        "left_cue": float(text.endswith(known.before, max(0, start - 4), start)),
        "right_break": float(not after or after in _BREAK),
        "right_cue": float(after in known.after or text[end : end + 2] in known.after),
        "ordinary": float(name in known.ordinary),
        "ordinary_start": float(long and size == 1 and name[:2] in known.ordinary),
        "placelike": float(name[-1] in _ENDINGS),
        "ordinary_end": float(long and given in known.ordinary),
        "edge_start": float(start in edges),
        "edge_end": float(end in edges),
        "is_word": float((start, end) in words),
        "given_word": float(long and (start + size, end) in words),
        "next_name": 0.0 if long or not after else last.get(after, _UNKNOWN) / 10,
        "double": float(long and given[0] == given[1]),
        "last_cue": float(given[-1] in known.after),
        "first_cue": float(long and given[0] in known.after),
        "short_given_odd": float(not long and (given not in last or last[given] < -10)),
        "long_given_odd": float(long and (given[0] not in second or given[1] not in last or last[given[1]] < -12)),
        "start_cut": float((start - 1, start + 1) in words),
        "next_word": float(bool(after) and (end - 1, end + 1) in words),
    }
