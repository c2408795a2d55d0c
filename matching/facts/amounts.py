"""Sums of money, in yuan: with a unit, spoken without one, or after words of money; a guess (几千块) has no value."""

import re
from collections.abc import Collection, Iterator
from decimal import Decimal

from matching.facts.identity import Fact, free, normal_span
from matching.facts.numbers import DIGITS, ONE, SPOKEN, UNITS, number, plain
from matching.text import Normal

_ARABIC = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,3}(?: [0-9]{3}){1,4}(?= ?[元块])|[0-9]{1,13})(?![0-9])(?:\.[0-9]{1,4})?"
)
# Well-formed: 一万二一分没给 holds 一万二, 张三一万块 holds 一万, 六百一亩 holds 六百.
_GUESS = "一二|一两|二三|两三|三四|三五|四五|五六|六七|七八|八九"
_PER = "[亩斤天月年个人车袋方棵趟桶户座头只米平吨瓶箱次]"
_CHINESE = (
    rf"(?:(?:(?:(?:{_GUESS}|[{ONE}])?十|[{ONE}]拾)(?:[{ONE}](?![百千佰仟]))?(?:[万亿]零?)?|(?:{_GUESS}|[{ONE}])(?:[千百佰仟][万亿]?|[万亿])零?)+"
    rf"(?:(?!一{_PER})[{ONE}](?![毛角分]))?半?|[{ONE}])"
)
_MIXED = rf"{_ARABIC}(?:[百千万亿kw]{{1,2}}(?:零?(?:[0-9]{{1,4}}(?![0-9.年月日])|[{ONE}][{SPOKEN}]{{0,6}}))?)?"
_NUMBER = re.compile(
    rf"(?<![0-9.a-z])(?P<sign>[¥$]|rmb)? ?(?P<number>{_MIXED}|{_CHINESE})"
    rf"(?:(?P<to>[至到~-])(?P<high>{_MIXED}|{_CHINESE}))?"
)
_VAGUE = re.compile(
    r"(?:好几|几|数)(?:十几?)?(?:百|千|万|十)(?:万)?(?:[多来余把])?(?:元|块)?钱?"
    r"|[上成](?:百|千|万)(?:[上成][百千万])?(?:元|块)钱?"
    r"|[一二三四五六七八九]?十几[万千]?(?:元|块)?钱?"
    r"|[万千百](?:[把儿]|(?:十)?来)[万千百八]?(?:百)?(?:元|块)?钱?"
)
# Behind a number: about, unit, half or tenths, smaller units, "in full".
_UNIT = re.compile(
    rf"(?P<about>[多来余把几])?(?P<scale>[百千万亿])?(?P<about2>[多来余])?"
    rf"(?:(?P<unit>元|块(?![砖瓦地石田板木布牌匾儿玻坡菜水林荒空钢预薄肥好去来走吃喝干])|圆|人民币|大洋)"
    rf"(?:(?!一{_PER})(?P<tenth>[{ONE}0-9])(?:(?P<jiao>[毛角])(?:(?!一{_PER})(?P<fen1>[{ONE}0-9])分?)?|(?![十百千万亿0-9个年月天岁家人亩只头]|[{ONE}][十百千万]))(?![多来]))?"
    rf"|(?P<mao>毛|角(?=钱|[{ONE}]分))(?:(?!一{_PER})(?P<fen>[{ONE}0-9])分?)?|(?P<cent>分(?=钱)))?钱?(?:[整正](?![个天年理好常在])|人民币)?"
)
# What follows a number that counts something else than money.
_COUNTED = re.compile(
    r"(?:多|来|余|几)?(?:只(?![给有肯是还付要退认出补赔收拿])|里(?=[路地外,。;]|$)|人(?![不没跑走却都就也家]|$)|回(?![来家去])|对(?![方象不此于账])|"
    r"家(?![里人中,。])|方(?![才肯可]|$)|条(?!子)|头(?![一天里七])|本(?![金来息人村地])|担(?!保)|把(?![我他她它钱人那这])|张(?![某老大家三])|口(?!袋|头)|"
    r"[个斤亩米株棵平字票年岁天号户袋吨度瓶箱丈尺寸种倍次趟页件套层间分点辆台架副孔眼窝斗升顿桌遍%根匹捆垛座处场局篇首名位车双桶卷克伏瓦盘筐篮粒颗段届周班楼室组栋元号期]|"
    r"公里|公斤|公分|公顷|小时|分钟|月[份日]?|毫升|平方|立方|千瓦|厘米|块[砖瓦地石田板木布玻]|km|kg|cm|mm|ml|村|社区|国道|省道|级|周岁|世纪|年代|时|成[的新以]?)"
)
# Words of money before a bare number, and words for what is paid per piece.
_MONEY = re.compile(
    r"(?:欠|借|赔|还|给|付|交|花|收|罚|掏|要|出|退|补|涨到|降到|卖|卖了|值|挣|扣|贷|存|取|转|投|亏|赚|拿|垫|让|认|摊|少|剩|只有|"
    r"工钱|工资|彩礼|押金|定金|房租|租金|地租|补偿款?|货款|药费|医药费|费|钱|款|本金|利息|价|低保|养老金|共计|合计|总计|一共|总共|共|计|本来|"
    r"每亩|每斤|每天|每月|每年|每人|每户|每只|每棵|每车|每袋|一亩|一亩地|一斤|一天|一个月|一月|一年|一人|一户|一棵|一车|一袋|一个工|一个|一趟|一桶|一方|再加|小工|大工|月租|年租|日工资|的事)"
    r"(?:[了过的我他她你们就只才是]|每月|每年|每天|每人|不到|大概|大约|约|近|将近|差不多|最多|顶多|至少|只给|一次性?|现金|对方|人家|[:：为,]){0,3}$"
)
_DRY = re.compile(r"[第.:/年月日路号楼#陕牌尾]$|[a-z·]$")
_UNCLEAR = re.compile(rf"[{ONE}][{ONE}][百千万十]")
_PIECES = ("璃", "板", "砖", "瓦", "毯", "牌", "匾", "肉", "布", "石", "田")
_PLAIN_DIGITS = frozenset(DIGITS)


def amounts(normal: Normal, taken: Collection[tuple[int, int]] = ()) -> Iterator[Fact]:
    """Find sums of money; what lies in a span of `taken` (of the normalised text) is something else."""
    text = normal.text
    found: list[tuple[int, int, Decimal | None]] = []
    for start, end, yuan in (*_vague(text), *_sums(text)):
        if free(start, end, taken) and free(start, end, [(low, high) for low, high, _ in found]):
            found.append((start, end, yuan))
    for start, end, yuan in sorted(found, key=lambda each: each[0]):
        yield normal_span(normal, start, end) | {"yuan": None if yuan is None else plain(yuan)}


def _sums(text: str) -> Iterator[tuple[int, int, Decimal | None]]:
    for hit in _NUMBER.finditer(text):
        start, end = hit.start(), hit.end("number")
        if hit["high"]:
            value = None  # 1000到2000: a range
            tail = _UNIT.match(text, hit.end())
            if tail and tail["unit"] and number(hit["high"]) is not None:
                yield start, tail.end(), value
                continue
            if "万" in hit["high"] or "千" in hit["high"]:
                if not _COUNTED.match(text, hit.end()):
                    yield start, hit.end(), value
                continue
        yield from _one(text, hit, start, end)
        if hit["high"]:
            again = _NUMBER.match(text, hit.start("high"))
            if again:
                yield from _one(text, again, again.start(), again.end("number"))


def _one(text: str, hit: re.Match[str], start: int, end: int) -> Iterator[tuple[int, int, Decimal | None]]:
    words = hit["number"]
    tail = _UNIT.match(text, end)
    assert tail is not None
    unit = tail["unit"] or tail["mao"] or tail["cent"]
    if unit or hit["sign"]:
        if (
            unit == "块"
            and words == "一"
            and not tail.group().endswith("钱")
            and not tail["tenth"]
            and not _paid(text, start)
        ):
            return  # 一块: together
        if tail["unit"] == "块" and text[start - 1 : start] in _PIECES and not tail.group().endswith("钱"):
            return  # 玻璃三块
        yield start, tail.end() if unit else end, _value(words, tail)
        return
    if _spoken_alone(text, words, start, end):
        about = tail["about"] if tail["about"] in ("多", "来", "余") else ""
        scale = tail["scale"] or ""
        yield start, end + len(about or "") + len(scale), _value(words, tail)


def _value(words: str, tail: re.Match[str]) -> Decimal | None:
    if not words[0].isascii() and _UNCLEAR.search(words):
        return None
    value = number(words.removesuffix("半"))
    if value is None:
        return None
    if words.endswith("半") and len(words) > 1 and words[-2] in UNITS:
        value += UNITS[words[-2]] / Decimal(2)
    scale = UNITS[tail["scale"]] if tail["scale"] else 1
    if tail["mao"]:
        return value / 10 + _digit(tail["fen"]) / 100
    if tail["cent"]:
        return value / 100
    return value * scale + _digit(tail["tenth"]) / 10 + _digit(tail["fen1"]) / 100


def _digit(char: str | None) -> Decimal:
    if not char:
        return Decimal(0)
    return Decimal(DIGITS[char]) if char in DIGITS else Decimal(char)


def _paid(text: str, start: int) -> bool:
    return _MONEY.search(text, max(0, start - 12), start) is not None


def _spoken_alone(text: str, words: str, start: int, end: int) -> bool:
    """Tell whether a number without a unit is a sum: round as sums are, or behind words of money; counting nothing."""
    if _COUNTED.match(text, end) or (_DRY.search(text, max(0, start - 2), start) and not _paid(text, start)):
        return False
    value = number(words.removesuffix("半"))
    if words[0].isascii():
        if any(unit in words for unit in "万千kw"):
            return not text.startswith("亿", end)
        if value is None or value < 10 or len(words) >= 9:
            return False
        return _paid(text, start) or (value >= 3000 and value % 100 == 0)
    if not any(unit in words for unit in "百千万亿佰仟"):
        return value is not None and value >= 10 and _paid(text, start)
    return words[0] not in "百十" or _paid(text, start) or "万" in words


def _vague(text: str) -> Iterator[tuple[int, int, Decimal | None]]:
    if not any(sign in text for sign in "几数上成把来儿"):
        return
    for hit in _VAGUE.finditer(text):
        words = hit.group()
        money = words.endswith(("元", "块", "钱"))
        if text[hit.start() - 1 : hit.start()] in _PLAIN_DIGITS or (not money and _COUNTED.match(text, hit.end())):
            continue
        if not money and not any(unit in words for unit in "万千") and not _paid(text, hit.start()):
            continue
        yield *hit.span(), _round(words)


def _round(words: str) -> Decimal | None:
    """Return what 万把块 is about; None where nobody knows (几千块, 十几万)."""
    return Decimal(UNITS[words[0]]) if words[0] in "百千万" and words[1] == "把" else None
