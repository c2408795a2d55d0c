"""What several papers say of a case: its number, its people, its mediator, its committee."""

import re
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app import cases
from app.models import Account, Assignment, AssignmentState, Dispute, Party, Station
from app.workdays import shanghai
from talent_pool import regions, taxonomy
from talent_pool.models import Mediator

LINE = "＿＿＿＿＿＿＿＿"  # to be written on by hand


def paper_number(dispute: Dispute, station: str) -> str:
    """Return 「(2026)旧县人调字第12号」 from the case's own number and the station that keeps it."""
    place = station.rpartition("公安局")[2].removesuffix("派出所")
    found = re.search(r"-(\d{4})-(\d+)$", dispute.no)
    if found is None:
        return f"{place}人调字第{dispute.no}号"
    return f"({found[1]}){place}人调字第{int(found[2])}号"


def station_of(session: Session, dispute: Dispute) -> str:
    """Return the name of the station that keeps the case."""
    name: str = session.execute(select(col(Station.name)).where(col(Station.id) == dispute.station_id)).scalar_one()
    return name


def committee_of(dispute: Dispute) -> str:
    """Return the name of the committee whose seal the paper bears."""
    return f"{regions.short_name(dispute.area)}人民调解委员会"


def matter_of(dispute: Dispute) -> str:
    """Return the kind of quarrel in words."""
    words = taxonomy.label("types", dispute.type)
    return f"{words}({taxonomy.label('subtypes', dispute.subtype)})" if dispute.subtype else words


def sides_with_people(session: Session, dispute: Dispute, on: date, *, phones: bool = True) -> list[dict[str, Any]]:
    """Return each side with its people in words: name, sex, year of birth and age, village, phone, guardian."""
    people = cases.parties_of(session, dispute)
    return [
        {
            "title": "申请人" if side.applicant else "被申请人",
            "letter": side.letter,
            "people": [_person(each, on, phones=phones) for each in people if each.side_id == side.id],
        }
        for side in cases.sides_of(session, dispute)
    ]


def _person(party: Party, on: date, *, phones: bool) -> dict[str, str]:
    born = f"{party.birth_year}年出生({on.year - party.birth_year}岁)" if party.birth_year else ""
    sex = taxonomy.label("sex", party.sex) if party.sex != "unknown" else ""
    known = (
        sex,
        born,
        f"住{regions.full_name(party.village)}" if party.village else "",
        f"电话{party.phone}" if phones and party.phone else "",
        f"监护人{party.guardian}" if party.guardian else "",
    )
    return {"name": party.name, "about": ",".join(word for word in known if word), "guardian": party.guardian}


def mediator_of(session: Session, dispute: Dispute) -> str:
    """Return the name of the mediator who has the case; '' when nobody has."""
    query = select(col(Mediator.name)).join(Assignment, col(Assignment.mediator_id) == col(Mediator.id))
    query = query.where(
        col(Assignment.dispute_id) == dispute.id, col(Assignment.state) == AssignmentState.ACCEPTED
    ).order_by(col(Assignment.position).desc())
    return session.execute(query).scalars().first() or ""


def name_of_actor(session: Session, actor: str) -> str:
    """Return the name behind `account:3`; '' for anybody else."""
    kind, _, key = actor.partition(":")
    if kind != "account" or not key.isdigit():
        return ""
    return session.execute(select(col(Account.name)).where(col(Account.id) == int(key))).scalar_one_or_none() or ""


def written_date(moment: datetime | date | None) -> str:
    """Return a day as papers write it: 2026年11月23日."""
    if moment is None:
        return ""
    day = shanghai(moment).date() if isinstance(moment, datetime) else moment
    return f"{day.year}年{day.month}月{day.day}日"
