"""A county's list on its way into the pool: uploaded, its columns named once, looked through, taken in by parts.

Nothing is half taken: each part is a transaction, and a list that was stopped goes on where it was. The cells wait
compressed in the database and are forgotten when the list is in, but for the rows that were not taken.
"""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from app.errors import N_, Conflict, InvalidInput, NotFound
from app.models import ColumnMap, DraftState, PoolDraft
from app.pool_rows import Planned, apply, plan
from app.wording import translate
from app.workbooks import to_correct
from app.workdays import shanghai
from talent_pool import history, importing, register
from talent_pool.importing import REQUIRED, Checked, Problem
from talent_pool.sheets import SheetRow, read_sheet

PART = 1000  # rows of one transaction
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Preview:
    """What an import would do: how many of each, and the rows that want a look."""

    counts: Mapping[str, int]
    bad: Sequence[Planned]
    twins: Sequence[Planned]
    changed: Sequence[Planned]


def begin(
    session: Session, *, account_id: int | None, area: int, filename: str, rows: list[SheetRow], now: datetime
) -> PoolDraft:
    """Keep an uploaded list and say what its columns probably mean, as mapped before or by their headings."""
    table = importing.split(rows)
    known = session.execute(select(ColumnMap).where(*_mapped(area, table.heading))).scalars().first()
    if account_id is not None:
        mine = col(PoolDraft.account_id) == account_id, col(PoolDraft.state) != DraftState.RUNNING
        session.execute(delete(PoolDraft).where(*mine))
    draft = PoolDraft(
        account_id=account_id,
        area=area,
        filename=filename[-120:],
        at=now,
        cells=_packed(table.heading, table.rows),
        columns=known.columns if known else importing.guess(table.heading),
        rows=len(table.rows),
    )
    session.add(draft)
    session.flush()
    return draft


def get(session: Session, account_id: int, draft_id: int) -> PoolDraft:
    """Return somebody's own uploaded list."""
    draft = session.get(PoolDraft, draft_id)
    if draft is None or draft.account_id != account_id:
        raise NotFound(N_("这份表已经不在了,请重新上传"))
    return draft


def heading(draft: PoolDraft) -> tuple[str, ...]:
    """Return the words of the list's heading."""
    return _table(draft).heading


def set_columns(session: Session, draft: PoolDraft, places: Mapping[str, int]) -> None:
    """Say what the columns mean, and keep it for the next list with this heading."""
    if draft.state is not DraftState.MAPPING:
        raise Conflict(N_("这份表已经开始导入"))
    names = heading(draft)
    chosen = {code: at for code, at in places.items() if code in importing.columns() and 0 <= at < len(names)}
    if problems := {f"column-{code}": N_("请指出这一项在哪一列") for code in REQUIRED if code not in chosen}:
        raise InvalidInput(problems)
    if "home" not in chosen and "town" not in chosen:
        raise InvalidInput({"column-home": N_("住址或乡镇至少要有一列")})
    if len(set(chosen.values())) < len(chosen):
        raise InvalidInput({"column-name": N_("一列只能当一项用")})
    draft.columns = chosen
    session.add(draft)
    known = session.execute(select(ColumnMap).where(*_mapped(draft.area, names))).scalars().first()
    kept = known or ColumnMap(area=draft.area, heading_hash=_digest(names))
    kept.columns = chosen
    session.add(kept)
    session.flush()


def preview(session: Session, draft: PoolDraft, today: date) -> Preview:
    """Look through the whole list and say what taking it in would do."""
    planned = _planned(session, draft, _table(draft).rows, today)
    by = {what: [each for each in planned if each.what == what] for what in ("bad", "twin", "update")}
    counts = dict.fromkeys(("new", "update", "same", "twin", "bad"), 0) | Counter(each.what for each in planned)
    return Preview(counts, by["bad"], by["twin"], by["update"])


def start(session: Session, draft: PoolDraft, same: Mapping[str, int], *, by: str, now: datetime) -> None:
    """Begin to take the list in; `same` says for rows with a possible double which entry they are, 0 for nobody's."""
    claimed = session.execute(
        update(PoolDraft)
        .where(col(PoolDraft.id) == draft.id, col(PoolDraft.state) == DraftState.MAPPING)
        .values(state=DraftState.RUNNING)
    )
    if not claimed.rowcount:  # type: ignore[attr-defined]
        return  # pressed twice: the first press has begun it
    rows, today = _table(draft).rows, shanghai(now).date()
    checked = [importing.check(row, draft.columns, draft.area, today) for row in rows]
    earlier = {
        str(number): [at, problem.field, problem.says] for number, (at, problem) in importing.repeats(checked).items()
    }
    batch = register.begin_batch(session, "import", by=by, area=draft.area, at=now, note=draft.filename)
    session.refresh(draft)
    draft.batch_id, draft.same = batch.id, {"same": dict(same), "repeats": earlier}
    session.add(draft)
    session.flush()


def step(session: Session, draft: PoolDraft, *, by: str, now: datetime, size: int = PART) -> None:
    """Take in the next part; the last one forgets the cells of all rows that are in."""
    session.refresh(draft, with_for_update=True)
    if draft.state is not DraftState.RUNNING:
        return
    history.sign(session, by, now, draft.batch_id)
    table = _table(draft)
    planned = _planned(session, draft, table.rows[draft.done : draft.done + size], shanghai(now).date())
    apply(session, planned, now)
    counts = Counter(draft.counts.get("rows", {})) + Counter(each.what for each in planned)
    left = {**draft.counts.get("left", {}), **{str(each.row.number): _said(each) for each in planned if each.problems}}
    draft.counts = {"rows": dict(counts), "left": left}
    draft.done += len(planned)
    if draft.done >= draft.rows:
        kept = [row for row in table.rows if str(row.number) in left]
        draft.state, draft.cells = DraftState.DONE, _packed(table.heading, kept)
    session.add(draft)
    session.flush()


def problems(draft: PoolDraft, planned: Sequence[Planned]) -> list[tuple[int, str, str]]:
    """Return (row, heading of the column, problem in Chinese) of every wrong cell."""
    names = heading(draft)
    return [
        (each.row.number, names[draft.columns[wrong.field]] if wrong.field in draft.columns else "", words(wrong))
        for each in planned
        for wrong in each.problems
    ]


def words(problem: Problem, locale: str = "zh") -> str:
    """Return a problem in words."""
    return translate(problem.says, locale) % {"word": problem.word}


def rows_to_correct(session: Session, draft: PoolDraft, today: date) -> bytes:
    """Return the rows that were, or would be, left out as a file that can be corrected and uploaded again."""
    table = _table(draft)
    if draft.state is DraftState.DONE:
        left = {int(number): said for number, said in draft.counts.get("left", {}).items()}
    else:
        planned = _planned(session, draft, table.rows, today)
        left = {each.row.number: _said(each) for each in planned if each.problems}
    rows = [
        (row.cells, {draft.columns.get(name, -1 - at): said for at, (name, said) in enumerate(left[row.number])})
        for row in table.rows
        if row.number in left
    ]
    return to_correct(table.heading, rows)


def has_old(session: Session, now: datetime) -> bool:
    """Tell whether lists lie about that nobody went on with for a week."""
    return (
        session.execute(select(col(PoolDraft.id)).where(col(PoolDraft.at) < now - KEPT_FOR).limit(1)).first()
        is not None
    )


def forget_old(session: Session, now: datetime) -> int:
    """Drop lists that nobody went on with for a week, with all that stands in them; return how many."""
    old = select(col(PoolDraft.id)).where(col(PoolDraft.at) < now - KEPT_FOR)
    keys = list(session.execute(old).scalars())
    if keys:
        session.execute(delete(PoolDraft).where(col(PoolDraft.id).in_(keys)))
    return len(keys)


def _said(planned: Planned) -> list[tuple[str, str]]:
    return [(problem.field, words(problem)) for problem in planned.problems]


def _planned(session: Session, draft: PoolDraft, rows: Sequence[SheetRow], today: date) -> list[Planned]:
    checked = [importing.check(row, draft.columns, draft.area, today) for row in rows]
    if draft.state is DraftState.MAPPING:
        again = {number: problem for number, (_, problem) in importing.repeats(checked).items()}
    else:
        kept = draft.same.get("repeats", {}).items()
        again = {int(number): Problem(name, says, str(at)) for number, (at, name, says) in kept}
    checked = [_repeated(row, again.get(row.number)) for row in checked]
    return plan(session, checked, draft.area, draft.same.get("same", {}))


def _repeated(row: Checked, problem: Problem | None) -> Checked:
    return row if problem is None else Checked(row.number, row.given, (*row.problems, problem))


# --- cells at rest ---------------------------------------------------------------------------------------------------


def _packed(names: Sequence[str], rows: Sequence[SheetRow]) -> bytes:
    cells = [list(names), [[row.number, row.cells, sorted(row.lost)] for row in rows]]
    return zlib.compress(json.dumps(cells, ensure_ascii=False, separators=(",", ":")).encode(), 3)


def _table(draft: PoolDraft) -> importing.Table:
    names, rows = json.loads(zlib.decompress(draft.cells))
    return importing.Table(
        tuple(names), [SheetRow(number, tuple(cells), frozenset(lost)) for number, cells, lost in rows]
    )


def _mapped(area: int, names: Sequence[str]) -> tuple[Any, Any]:
    return col(ColumnMap.area) == area, col(ColumnMap.heading_hash) == _digest(names)


def _digest(names: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def uploaded(given: bytes) -> list[SheetRow]:
    """Return the rows of an uploaded file; a file that cannot be taken is refused with words for the form."""
    try:
        return read_sheet(given)
    except ValueError as problem:
        raise InvalidInput({"file": str(problem)}) from None
