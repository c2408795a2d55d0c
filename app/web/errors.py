"""Every refusal as a page in plain words, or as problem+json under /api/: nothing personal on it, no bare 500."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.errors import N_, DiandanError, InvalidInput
from app.web import sessions
from app.web.i18n import gettext

log = structlog.get_logger()

WORDS: dict[int, str] = {
    400: N_("这次提交不完整,请返回再试"),
    403: N_("这一页您没有权限看"),
    404: N_("没有找到这个页面"),
    405: N_("不能这样打开这个页面"),
    409: N_("情况已经变了,请看最新的页面"),
    413: N_("内容太大了,请减少一些"),
    415: N_("这种内容我们看不懂"),
    422: N_("有几处需要改一下"),
    429: N_("试的次数太多了,请过一会儿再试"),
    503: N_("系统正忙,请过几秒再点一次。您填的内容没有保存"),
}
UNEXPECTED = N_("系统出了问题,已经记下。请返回再试,或打电话给派出所")


def init_app(app: Flask) -> None:
    """Register a handler for every way in which a request can fail."""
    app.register_error_handler(DiandanError, _refusal)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    for busy in (OperationalError, PoolTimeout):
        app.register_error_handler(busy, _busy)
    app.register_error_handler(Exception, _unexpected)


def _refusal(problem: DiandanError) -> Response:
    # A field may itself be a msgid (the name of a state); what is not one comes back as it is.
    params = {name: gettext(value) if isinstance(value, str) else value for name, value in problem.params.items()}
    fields = problem.problems if isinstance(problem, InvalidInput) else {}
    words = {name: gettext(each) for name, each in fields.items()}
    return answer(problem.status, gettext(problem.message, **params), errors=words)


def _csrf(_problem: CSRFError) -> Response:
    return answer(400, gettext(N_("页面放得太久了,请返回并刷新,再交一次")))


def _http(problem: HTTPException) -> Response:
    code = problem.code or 500
    if code < 400:
        return problem.get_response()  # type: ignore[return-value]
    return answer(code, gettext(WORDS.get(code, UNEXPECTED)), allow=problem.get_headers())


def _busy(problem: Exception) -> Response:
    # The text of a database error holds the statement's values: only its kind is logged.
    log.warning("database_busy", kind=type(problem).__name__, endpoint=request.endpoint)
    response = answer(503, gettext(WORDS[503]))
    response.headers["Retry-After"] = "3"
    return response


def _unexpected(problem: Exception) -> Response:
    kind = type(problem.orig).__name__ if isinstance(problem, DBAPIError) else type(problem).__name__
    log.error("unexpected", kind=kind, endpoint=request.endpoint, where=_where(problem))
    if isinstance(problem, DBAPIError) and problem.connection_invalidated:
        return _busy(problem)
    return answer(500, gettext(UNEXPECTED))


def _where(problem: BaseException) -> list[str]:
    """Return file, line and function of each frame; messages and variables may hold a person's words."""
    frames, trace = [], problem.__traceback__
    while trace is not None:
        frames.append(
            f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{trace.tb_frame.f_code.co_name}"
        )
        trace = trace.tb_next
    return frames[-12:]


def answer(
    status: int, words: str, allow: list[tuple[str, str]] | None = None, errors: dict[str, str] | None = None
) -> Response:
    """Return the page (or problem+json, with what is wrong per field) for a refusal."""
    sessions.rollback()
    if request.path.startswith("/api/"):
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": words}
        response = make_response(jsonify({**problem, "errors": errors or {}}), status)
        response.content_type = "application/problem+json"
    else:
        response = make_response(render_template("errors/error.html", words=words, status=status), status)
    for name, value in allow or []:
        if name == "Allow":
            response.headers[name] = value
    return response
