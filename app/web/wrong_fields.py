"""What pydantic found wrong with a field, in plain words, for forms and for the JSON API."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from app.errors import N_

# By pydantic's own names; the first that the name begins with is said.
WORDS: Mapping[str, str] = {
    "missing": N_("请填这一项"),
    "string_too_short": N_("请填这一项"),
    "string_too_long": N_("太长了,请缩短"),
    "string": N_("这里要写文字"),
    "datetime": N_("时间不对,请核对"),
    "timezone": N_("时间不对,请核对"),
    "date": N_("日期不对,请核对"),
    "literal_error": N_("请选一项"),
    "enum": N_("请选一项"),
    "bool": N_("请选一项"),
    "int": N_("请写整数"),
    "greater_than": N_("数字太小"),
    "less_than": N_("数字太大"),
    "extra_forbidden": N_("没有这一项"),
    "too_short": N_("项数不够"),
    "too_long": N_("项数太多"),
    "json": N_("JSON 读不懂"),
    "model": N_("这里要写一个对象"),
    "list": N_("这里要写一个列表"),
}
OTHERWISE = N_("这一项不对,请核对")


def problems_in(found: ValidationError, joint: str = "-") -> dict[str, str]:
    """Return field → msgid, in the order of the model; nested fields are joined by `joint`: sides-0-parties-1-name."""
    return {joint.join(map(str, each["loc"])): _words(each) for each in reversed(found.errors())}


def _words(problem: Any) -> str:
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])  # said by a validator of ours, whose words are msgids
    return next((words for name, words in WORDS.items() if problem["type"].startswith(name)), OTHERWISE)


def in_order(problems: Mapping[str, str], fields: Iterable[str]) -> dict[str, str]:
    """Return the problems in the order of the page."""
    return {name: problems[name] for name in [*fields, *problems] if name in problems}
