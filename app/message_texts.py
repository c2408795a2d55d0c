"""A county's own words for messages: written, checked, kept in versions, put back; and messages filled with them.

What a region has not written is taken from the level above it (county, city, province), at last from the house.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from app import messages
from app.claims import take
from app.errors import N_, Conflict, InvalidInput, NotFound
from app.messages import Kind, MessageError
from app.models import MessageText
from app.wording import language

LONGEST = 8000  # characters of a template
DEFAULT = 0  # the area of what the house ships
LEVELS = (1_000_000, 100_000_000, 10_000_000_000)  # what a county's, a city's, a province's code is a multiple of

Fill = Callable[..., tuple[str, str]]
log = structlog.get_logger()


@dataclass(frozen=True)
class Words:
    """A template, and the region that wrote it (0: the house)."""

    source: str
    area: int = DEFAULT
    version: int = 0


def levels(area: int) -> list[int]:
    """Return the codes of a region's county, city and province, nearest first; as many as there are."""
    found = [area - area % unit for unit in LEVELS]
    return list(dict.fromkeys(each for each in found if each))


def words_for(session: Session, area: int, name: str, lang: str) -> Words:
    """Return the words that hold in a region."""
    mine = levels(area)
    rows = session.execute(
        select(MessageText)
        .where(col(MessageText.area).in_(mine), col(MessageText.name) == name, col(MessageText.lang) == lang)
        .order_by(col(MessageText.version))
    ).scalars()
    newest = {row.area: row for row in rows}
    for level in mine:
        if level in newest and newest[level].words:
            return Words(newest[level].words, level, newest[level].version)
    return Words(messages.default_words(name, lang))


def write(session: Session, area: int, name: str, locale: str, /, **fields: Any) -> tuple[str, str]:
    """Return subject and body in the words that hold in a region.

    A county's words that no longer fit (the message has changed since) must not keep it back: the house's are taken.
    """
    return writer(session, area)(name, locale, **fields)


def writer(session: Session, area: int) -> Fill:
    """Return a `write` for one region that asks for each message's words once, for many readers."""
    known: dict[tuple[str, str], Words] = {}

    def fill(name: str, locale: str, /, **fields: Any) -> tuple[str, str]:
        key = (name, language(locale))
        if key not in known:
            known[key] = words_for(session, area, *key)
        return _filled(known[key], *key, fields)

    return fill


def _filled(words: Words, name: str, lang: str, fields: dict[str, Any]) -> tuple[str, str]:
    if words.area != DEFAULT:
        try:
            return messages.render_text(words.source, f"{name}.{lang}", **fields)
        except MessageError:
            log.warning("own_words_failed", message=name, area=words.area, version=words.version)
    return messages.render(name, lang, **fields)


# --- for the coordinator ---------------------------------------------------------------------------------------------


def kind_of(name: str, lang: str) -> Kind:
    """Return a message's kind; raise NotFound for an unknown one or language."""
    found = messages.kinds().get(name)
    if found is None or lang not in messages.LANGUAGES:
        raise NotFound
    return found


def versions(session: Session, area: int, name: str, lang: str) -> list[MessageText]:
    """Return a region's own versions, newest first."""
    query = select(MessageText).where(
        col(MessageText.area) == area, col(MessageText.name) == name, col(MessageText.lang) == lang
    )
    return list(session.execute(query.order_by(col(MessageText.version).desc())).scalars())


def holding(session: Session, area: int) -> dict[tuple[str, str], MessageText]:
    """Return which messages a region has words of its own for, by name and language."""
    rows = session.execute(
        select(MessageText).where(col(MessageText.area) == area).order_by(col(MessageText.version))
    ).scalars()
    newest = {(row.name, row.lang): row for row in rows}
    return {key: row for key, row in newest.items() if row.words}


def save(
    session: Session, kind: Kind, lang: str, source: str, *, area: int, seen: int, by: str, now: datetime
) -> MessageText:
    """Keep a region's words as a new version; `seen` is the version that the editor began with.

    Raises InvalidInput for words that would fail, Conflict when somebody else has written meanwhile.
    """
    source = "\n".join(line.rstrip() for line in source.replace("\r\n", "\n").strip("\n").split("\n")) + "\n"
    if len(source) > LONGEST:
        raise InvalidInput({"words": N_("太长了")})
    problems = [str(each) for each in messages.check(kind, lang, source)]
    if problems:
        raise InvalidInput({"words": problems[0]})
    return _keep(session, kind, lang, source, area=area, seen=seen, by=by, now=now)


def reset(session: Session, kind: Kind, lang: str, *, area: int, seen: int, by: str, now: datetime) -> MessageText:
    """Go back to the words of the level above; what was written stays among the versions."""
    return _keep(session, kind, lang, "", area=area, seen=seen, by=by, now=now)


def _keep(
    session: Session, kind: Kind, lang: str, words: str, *, area: int, seen: int, by: str, now: datetime
) -> MessageText:
    newest = next(iter(versions(session, area, kind.name, lang)), None)
    if (newest.version if newest else 0) != seen:
        raise Conflict(N_("别人刚改过,请看了新的再改"))
    row = {"area": area, "name": kind.name, "lang": lang, "version": seen + 1}
    if not take(session, MessageText, **row, words=words, by=by, at=now):
        raise Conflict(N_("别人刚改过,请看了新的再改"))
    return versions(session, area, kind.name, lang)[0]
