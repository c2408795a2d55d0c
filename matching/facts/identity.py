"""Telephone and identity numbers."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from matching.text import Normal

Fact = dict[str, Any]

_MOBILE = re.compile(r"(?<![0-9])(?:\+?86[- ]?)?(1[3-9][0-9])[- ]?([0-9]{4})[- ]?([0-9]{4})(?![0-9])")
_LANDLINE = re.compile(r"(?<![0-9])(0(?:10|2[0-9]|[3-9][0-9]{2}))[- ]?([2-8][0-9]{6,7})(?![0-9])")
# Numbers of a service, and of a station within its county; only where the words say that somebody is rung up.
_SHORT = re.compile(
    r"(?<![0-9])(?:(?:(?<=打)|(?<=拨打)|(?<=致电)|(?<=电话)|(?<=电话[:是])|(?<=打了)|(?<=拨))"
    r"(1[12][0-9]|123[0-9]{2}|12[0-9]{3}|9[56][0-9]{3}|[2-8][0-9]{6,7})"
    r"|(123(?:45|15|33|48|38|17|28|50|58|14)|12110|12388|12371)(?=热线|工单|平台|投诉|电话|转))(?![0-9.元块万千])"
)
_ID = re.compile(r"(?<![0-9a-z])([1-9][0-9]{16}[0-9x])(?![0-9a-z])")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def phones(normal: Normal) -> Iterator[Fact]:
    """Find mobiles, landlines with their area code, and numbers of services that somebody is said to have rung up."""
    for pattern in (_MOBILE, _LANDLINE, _SHORT):
        for hit in pattern.finditer(normal.text):
            digits = "".join(part for part in hit.groups() if part)
            first = next(number for number, part in enumerate(hit.groups(), start=1) if part)
            start = hit.start() if pattern is _MOBILE else hit.start(first)
            yield normal_span(normal, start, hit.end()) | {"text": digits}


def ids(normal: Normal) -> Iterator[Fact]:
    """Find identity numbers of 18 characters; `valid` tells whether the check character is right."""
    for hit in _ID.finditer(normal.text):
        yield normal_span(normal, *hit.span()) | {"text": hit[1].upper(), "valid": valid_id(hit[1])}


def valid_id(text: str) -> bool:
    """Tell whether an 18-character identity number has the right check character (GB 11643-1999)."""
    rest = sum(int(digit) * weight for digit, weight in zip(text[:17], _ID_WEIGHTS, strict=True)) % 11
    return "10x98765432"[rest] == text[17].lower()


def normal_span(normal: Normal, start: int, end: int) -> Fact:
    """Return a span of the normalised text as one of the text as given."""
    low, high = normal.span(start, end)
    return {"start": low, "end": high}


def free(start: int, end: int, taken: Iterable[tuple[int, int]]) -> bool:
    """Tell whether a stretch touches none of the spans."""
    return not any(start < high and low < end for low, high in taken)
