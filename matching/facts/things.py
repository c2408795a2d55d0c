"""What the quarrel is about: animals, crops, and pieces of land with the names that people give them."""

import re
import tomllib
from collections.abc import Collection, Iterator
from functools import lru_cache

from matching.facts.identity import Fact, free, normal_span
from matching.text import Normal
from talent_pool.files import data_dir

_ONE = "一二两三四五六七八九十几0-9"
_COUNT = rf"(?<![{_ONE}])[{_ONE}]{{1,9}}"
_SIDE = "东西南北前后上下里外大小老新左右阳阴"
_SHAPE = "沟坡梁塬湾洼滩坪岭川坝河庙坟场岔峁畔沿坎台渠路村井桥园"


@lru_cache(maxsize=1)
def _lists() -> tuple[re.Pattern[str], dict[str, str], re.Pattern[str], re.Pattern[str]]:
    words = tomllib.loads((data_dir() / "lexicon" / "things.toml").read_text(encoding="utf-8"))
    kinds = dict.fromkeys(words["crops"].split(), "crop") | dict.fromkeys(words["animals"].split(), "animal")
    kinds |= dict.fromkeys(words["land"].split(), "land")
    single = words["single"]
    return (
        re.compile(_tree(kinds)),
        kinds,
        re.compile(
            rf"(?:[{_ONE}百多](?:只|头|条|匹|口|群|个|尾|圈)|[他她我额俺家的]的?|养|放|喂|偷|宰|杀|买|卖|赶|牵|把|群)([{single}])"
            rf"(?![圈场棚舍毛肉皮年子蛋粪路车奶角虎鞭腿头仔油贩])"
        ),
        # 东沟畔那块地, 老坟湾三亩地, 三号地, 村西头那片林. Numbers are read from where they begin, and short ones only:
        # a text of nothing but numerals would keep a reader busy for hours.
        re.compile(
            rf"(?:(?:[{_SIDE}]|{_COUNT}号?|老|村[{_SIDE}]?头?|门前|屋后|房后|河边|路边|渠边)[{_SHAPE}]?[{_SHAPE}头边面]?(?:上|里|头|边)?的?"
            rf"(?:[那这][{_ONE}]?[块片]|[{_ONE}]{{1,9}}[块片])?(?:坡地|水田|旱地|菜地|麦地|林地|果园|地块|地|田|林子|园子)|{_COUNT}号地)(?![里头上]?[方址点基皮位面板步砖])"
        ),
    )


def _tree(words: Collection[str]) -> str:
    """Return one expression for many words, looked up by their first character."""
    firsts: dict[str, list[str]] = {}
    for word in words:
        firsts.setdefault(word[0], []).append(word[1:])
    branches = [
        first + "(?:" + "|".join(sorted(rests, key=len, reverse=True)) + ")" for first, rests in sorted(firsts.items())
    ]
    return f"(?=[{''.join(sorted(firsts))}])(?:{'|'.join(branches)})"


def things(normal: Normal, taken: Collection[tuple[int, int]] = ()) -> Iterator[Fact]:
    """Find animals and crops: `kind` is animal or crop, `text` the word as it is matched."""
    pattern, kinds, single, _ = _lists()
    found = [(*hit.span(), kinds[hit.group()]) for hit in pattern.finditer(normal.text)]
    found += [(*hit.span(1), "animal") for hit in single.finditer(normal.text)]
    for start, end, kind in sorted(_apart(found, taken)):
        if kind != "land":
            yield normal_span(normal, start, end) | {"text": normal.text[start:end], "kind": kind}


def parcels(normal: Normal, taken: Collection[tuple[int, int]] = ()) -> Iterator[Fact]:
    """Find pieces of land: what kind of land (承包地), or the name by which the village knows them (东沟畔那块地)."""
    pattern, kinds, _, named = _lists()
    found = [(*hit.span(), "named") for hit in named.finditer(normal.text)]
    found += [
        (*hit.span(), "land")
        for hit in pattern.finditer(normal.text)
        if kinds[hit.group()] == "land" or hit.group().endswith(("园", "地"))
    ]
    for start, end, _kind in sorted(_apart(found, taken)):
        yield normal_span(normal, start, end) | {"text": normal.text[start:end]}


def _apart(found: list[tuple[int, int, str]], taken: Collection[tuple[int, int]]) -> list[tuple[int, int, str]]:
    kept: list[tuple[int, int, str]] = []
    for start, end, kind in found:
        if free(start, end, taken) and free(start, end, [(low, high) for low, high, _ in kept]):
            kept.append((start, end, kind))
    return kept
