"""What phones would have been sent, for the demo alone: nobody there has a phone."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlmodel import col

from app.errors import NotFound
from app.models import Outbox
from app.web import guards, sessions

blueprint = Blueprint("phone_messages", __name__)
SHOWN = 30


@blueprint.get("/demo/phone")
@guards.public
def page() -> ResponseReturnValue:
    """Show the newest messages to phones; outside of the demo there is no such page."""
    if not sessions.house().settings.demo:
        raise NotFound()
    query = select(Outbox).where(col(Outbox.channel) == "sms").order_by(col(Outbox.id).desc()).limit(SHOWN)
    return render_template("demo/phone.html", messages=sessions.db().execute(query).scalars().all())
