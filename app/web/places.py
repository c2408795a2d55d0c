"""Finding a village while it is typed, by name, pinyin or initials; and what words mean when nothing was picked."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import N_
from app.web import guards, sessions
from talent_pool import regions

blueprint = Blueprint("places", __name__)
MOST = 10


@dataclass(frozen=True)
class Found:
    """What typed words mean: one region, or several to choose from, or a problem to tell."""

    code: int | None = None
    matches: tuple[int, ...] = ()
    problem: str = ""


@blueprint.get("/places")
@guards.roles(*guards.CASES)
def listing() -> ResponseReturnValue:
    """Show buttons for the villages and towns that the words may mean, nearest first."""
    viewer = sessions.viewer()
    assert viewer is not None
    # A field of the form asks under its own name.
    words = next(iter(request.args.values()), "")
    return render_template(
        "disputes/_places.html", codes=search(words, viewer.area), area=viewer.area, words=words.strip(), show=show
    )


def county_of(area: int) -> int:
    """Return the county in which a region lies; the region itself where it is larger."""
    return area - area % 10**6 if regions.level(area) > 6 else area


def show(code: int, area: int) -> str:
    """Return a region's name as it is written at a station of `area`: without the county that both share."""
    county = county_of(area)
    return regions.full_name(code, below=county if regions.contains(county, code) else None)


def search(words: str, area: int, *, only_county: bool = False) -> list[int]:
    """Return the villages and towns that the words may mean: the county's, else the province's, nearest first."""
    county = county_of(area)
    found = _inside_town(words, county) or regions.search(words, county, MOST, near=area)
    return found if found or only_county else regions.search(words, None, MOST, near=area)


def _inside_town(words: str, county: int) -> list[int]:
    """Return what `交口河镇东街村` means: a town's name with a village's behind it."""
    plain = "".join(words.split())
    for town in regions.children(county):
        name = regions.short_name(town)
        if plain.startswith(name) and len(plain) > len(name):
            return [code for code in regions.search(plain[len(name) :], town, MOST) if code != town]
    return []


def resolve(words: str, picked: str, area: int, *, only_county: bool = False) -> Found:
    """Return what was meant: the picked code if it fits the words, else the only match, else what to choose from."""
    if not words.strip():
        return Found()
    code = _code(picked)
    found = search(words, area, only_county=only_county)
    inside = code is not None and (not only_county or regions.contains(county_of(area), code))
    if code is not None and inside and (code in found or show(code, area) == words.strip()):
        return Found(code)
    exact = [each for each in found if _called(each, words)]
    for only in (exact, found):
        if len(only) == 1:
            return Found(only[0])
    if found:
        return Found(matches=tuple(found), problem=N_("有几个地方都像,请选一个"))
    return Found(problem=N_("本县没有这个地方,请换个写法") if only_county else N_("没有这个地方,请换个写法"))


def _called(code: int, words: str) -> bool:
    plain = "".join(words.split())
    return plain in (regions.name(code), regions.short_name(code))


def _code(text: str) -> int | None:
    try:
        return regions.parse(text) if text.isascii() else None
    except (ValueError, KeyError):
        return None
