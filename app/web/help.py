"""The manual: one page for each kind of reader, in Chinese and English, open to everybody."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.errors import N_, NotFound
from app.web import guards
from app.web.i18n import locale

blueprint = Blueprint("help", __name__)
# Topic → title. The words stand in templates/help/<language>/<topic>.html.
TOPICS = {
    "party": N_("当事人怎么用"),
    "mediator": N_("调解员怎么用"),
    "officer": N_("民警怎么用"),
    "coordinator": N_("协调员和管理员怎么用"),
}


@blueprint.get("/help")
@guards.public
def index() -> ResponseReturnValue:
    """Show the list of the manual's pages."""
    return render_template("help/index.html", topics=TOPICS)


@blueprint.get("/help/<topic>")
@guards.public
def page(topic: str) -> ResponseReturnValue:
    """Show one page of the manual."""
    if topic not in TOPICS:
        raise NotFound(N_("没有这一页帮助"))
    return render_template("help/page.html", title=TOPICS[topic], words=f"help/{locale()}/{topic}.html")
