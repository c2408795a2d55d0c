"""Personal data masked before a text is kept or learnt from: names, phones, identity numbers, cards, plates, doors."""

import re
from collections.abc import Iterator

from matching.facts.identity import ids, phones
from matching.facts.people import people
from matching.text import LONGEST, Normal, normalise

NAME, PHONE, CARD, DOOR, PLATE = "〔姓名〕", "〔电话〕", "〔证件〕", "〔门牌〕", "〔车牌〕"
_SHORTEST_PHONE = 7  # 12345 and 110 belong to nobody
_COUNT = "[0-9一二三四五六七八九十百零〇]{1,5}"
# Identity numbers with blanks, old ones of 15 digits, bank cards.
_CARD = re.compile(
    r"(?<![0-9a-z])(?:[1-9][0-9]{5}[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9x]"
    r"|[0-9]{4}(?:[ -]?[0-9]{4}){2,3}[ -]?[0-9]{3,7}|[0-9]{15,19})"
    r"(?![0-9])"
)
_DOOR = re.compile(
    rf"门牌号?(?:是|为|:)?{_COUNT}号?|(?:{_COUNT}组){_COUNT}号"
    rf"|{_COUNT}(?:号楼|栋|幢|座)?{_COUNT}单元(?:{_COUNT}层)?(?:{_COUNT}(?:号|室|户)?)?"
    rf"|{_COUNT}(?:号楼|栋|幢)(?:{_COUNT}(?:室|号|户))?|{_COUNT}号(?:院|院子|附{_COUNT}号)"
    r"|(?<=[路街巷村组])(?:东|西|南|北)?[0-9]{1,4}号(?!线|文|井|地|桩|坑|杆)|[0-9]{3,4}室"
)
_PLATE = re.compile(
    "[陕京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙吉闽贵粤青藏川宁琼][a-z][·. -]?[0-9a-z]{4,6}(?![0-9a-z])"
)
# What follows one of these words is a name, whatever the name is; the comma keeps verbs out (我叫他别挖).
_CUE = re.compile(
    r"(?:姓名|报警人|当事人|申请人|被申请人|投诉人|反映人|来电人|举报人|联系人|我叫|名叫|我是)"
    r"(?:叫|:|是| )?([\u4e00-\u9fff·]{2,4})(?=[,。; (男女]|$)"
)
_NO_NAME = re.compile(
    "^(?:本|人民|村民|群众|单位|不详|匿名|我|他|她|来|到|别|要|和|与|是|有|被|把|均|都|已)|[的了说称是]"
)
_BREAKS = "\n。;;，,！!？? "

Mask = tuple[int, int, str]


def masked(text: str, *, names: bool = True) -> str:
    """Return the text with a mark in the place of personal data; without `names` only those behind a cue are found."""
    return "".join(_masked(part, names=names) for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    """Cut a text longer than what is read at once between two words."""
    while len(text) > LONGEST:
        at = max(text.rfind(sign, LONGEST - 500, LONGEST) for sign in _BREAKS)
        at = LONGEST if at < 0 else at + 1
        yield text[:at]
        text = text[at:]
    yield text


def _masked(text: str, *, names: bool) -> str:
    normal = normalise(text)
    out, at = [], 0
    for start, end, mark in sorted(_found(normal, names=names), key=lambda each: (each[0], -each[1])):
        if end > at:  # a phone inside a card number goes with it
            out += [text[at : max(at, start)], mark]
            at = end
    return "".join(out) + text[at:]


def _found(normal: Normal, *, names: bool) -> Iterator[Mask]:
    numbers = [fact for fact in (*phones(normal), *ids(normal)) if len(fact["text"]) >= _SHORTEST_PHONE]
    for fact in numbers:
        yield fact["start"], fact["end"], CARD if "valid" in fact else PHONE
    for pattern, mark in ((_CARD, CARD), (_DOOR, DOOR), (_PLATE, PLATE)):
        for hit in pattern.finditer(normal.text):
            yield *normal.span(*hit.span()), mark
    for start, end in people(normal.text) if names else ():
        yield *normal.span(start, end), NAME
    for hit in _CUE.finditer(normal.text):
        if not _NO_NAME.search(hit[1]):
            yield *normal.span(*hit.span(1)), NAME
