"""Short words to a case's officer about its order, in the inbox. Nothing personal beyond the case's number."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from app.errors import N_
from app.models import Account, Dispute
from app.notices import enqueue
from app.wording import translate
from app.workdays import show_date


class News(StrEnum):
    """What an officer wants to hear of at once."""

    CHOSEN = "chosen"
    NO_COMMON_NAME = "no_common_name"
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOBODY_LEFT = "nobody_left"
    REFUSED = "refused"
    PROVISIONAL = "provisional"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    HELP = "help"
    NAMED = "named"
    NO_CHOICE = "no_choice"
    TIE = "tie"
    OBJECTED = "objected"


WORDS: dict[News, tuple[str, str]] = {
    News.CHOSEN: (N_("%(no)s 各方都已封好,选出了调解员"), N_("请看案件页。选出的人正在被问能不能来。")),
    News.NO_COMMON_NAME: (N_("%(no)s 没有各方都能接受的人"), N_("可以换一批人再选,或请协调员指定。")),
    News.ASKED: (N_("%(no)s 请把纸条交给调解员"), N_("调解员要在%(day)s前答复。纸条在案件页上。")),
    News.ACCEPTED: (N_("%(no)s 调解员已接单"), N_("请在%(day)s前约好第一次调解。")),
    News.DECLINED: (N_("%(no)s 调解员不便"), N_("已按次序问下一位;没有下一位时转协调员指定。")),
    News.NOBODY_LEFT: (N_("%(no)s 选出的人都来不了"), N_("可以换一批人再选,或请协调员指定。")),
    News.PROVISIONAL: (
        N_("%(no)s 有一方没选,请问他同不同意"),
        N_("请打电话或上门问一次,%(day)s前记下来。不说同意就不能请调解员。"),
    ),
    News.UNREACHABLE: (N_("%(no)s 联系不上,已结束"), N_("期限内没有得到答复。请上门看看;以后可以重新受理。")),
    News.SILENT: (N_("%(no)s 有一方还没选,请打个电话"), N_("已提醒两次,%(day)s到期。不会用手机的,请到所里或帮他选。")),
    News.HELP: (N_("%(no)s 有一方请所里帮忙选"), N_("请打电话,念给他听,按他的意思一起选,不能替他选。")),
    News.NAMED: (N_("%(no)s 协调员提了一位,请问各方"), N_("请问各方同不同意,%(day)s前记下来。有一方不同意就结束。")),
    News.NO_CHOICE: (N_("%(no)s 没有请到调解员,已结束"), N_("请把其他办法书面告诉双方。")),
    News.TIE: (N_("%(no)s 调解员说有关系,请问各方"), N_("各方都同意才能由他调,请在%(day)s前记下来。")),
    News.OBJECTED: (N_("%(no)s 有一方说不是他选的"), N_("选择先停下。请当面和他重新选,%(day)s到期。")),
    News.REFUSED: (N_("%(no)s 有一方不愿调解,已结束"), N_("请把其他办法书面告诉双方。")),
}


def tell_officer(session: Session, dispute: Dispute, news: News, key: str | int, now: datetime) -> None:
    """Put a message into the outbox for the case's officer; the same news with the same `key` is told once."""
    officer = session.get_one(Account, dispute.officer_id)
    subject, body = (translate(words, officer.locale) for words in WORDS[news])
    facts = {"no": dispute.no, "day": show_date(dispute.due_at, officer.locale) if dispute.due_at else ""}
    enqueue(
        session,
        dedupe=f"order:{dispute.id}:{news}:{key}",
        channel="inbox",
        recipient=str(officer.id),
        subject=subject % facts,
        body=body % facts,
        dispute_id=dispute.id,
        now=now,
    )
