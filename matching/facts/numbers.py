"""Numerals as people write them: 3,500 · 25 000 · 1.2 · 三千五 · 一万二 · 叁仟 · 半."""

from decimal import Decimal

DIGITS = {
    char: value
    for value, chars in enumerate(
        ("零〇", "一壹", "二两俩贰", "三叁仨", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
    )
    for char in chars
}
UNITS = {
    "十": 10,
    "拾": 10,
    "百": 100,
    "佰": 100,
    "千": 1_000,
    "仟": 1_000,
    "k": 1_000,
    "万": 10_000,
    "w": 10_000,
    "亿": 100_000_000,
}
ONE = "一二两三四五六七八九壹贰叁肆伍陆柒捌玖"
SPOKEN = "".join(DIGITS) + "十百千万亿拾佰仟"


def number(text: str) -> Decimal | None:
    """Return the value of a numeral, or None when it is none (二〇一六 is a year, 三四 is a guess)."""
    if text == "半":
        return Decimal("0.5")
    if not text[:1].isascii():
        return _spoken(text)
    digits, scale, rest = _split(text)
    return Decimal(digits) * scale + _rest(rest, scale) if digits else None


def _split(text: str) -> tuple[str, Decimal, str]:
    at = next((i for i, char in enumerate(text) if char in UNITS), len(text))
    end = at
    scale = Decimal(1)
    while end < len(text) and text[end] in UNITS:  # 3千万
        scale *= UNITS[text[end]]
        end += 1
    return text[:at].replace(",", "").replace(" ", ""), scale, text[end:]


def _rest(rest: str, scale: Decimal) -> Decimal:
    """Return what follows the unit: 2万3 is 23,000, 1万2千 is 12,000, 1万零5 is 10,005."""
    if not rest:
        return Decimal(0)
    value = number(rest)
    if value is None:
        return Decimal(0)
    return value * scale / 10 if len(rest) == 1 and value < 10 else value


def _spoken(text: str) -> Decimal | None:
    if not any(char in UNITS for char in text):
        # Digits said one by one are a year or a number of a thing.
        return Decimal(DIGITS[text]) if text in DIGITS else None
    total, section, digit, last, before = 0, 0, 0, 1, ""
    for char in text:
        if char in DIGITS:
            if before in DIGITS and DIGITS[before] and DIGITS[char]:
                return None  # 两三千: nobody knows
            digit, last = DIGITS[char], (1 if DIGITS[char] == 0 else last)
        elif char not in UNITS:
            return None
        elif (unit := UNITS[char]) >= 10_000:
            total, section, digit, last = (total + section + digit) * unit, 0, 0, unit
        else:
            section, digit, last = section + (digit or 1) * unit, 0, unit
        before = char
    # 三千五 is 3,500: a last digit without unit counts tenths of the unit before it.
    return Decimal(total + section + digit * (last // 10 if last > 10 else 1))


def plain(value: Decimal) -> int | float:
    """Return a number as JSON writes it."""
    return int(value) if value == value.to_integral_value() else float(value)
