"""Checks of an installation: each says what it found and, when something is wrong, what to do about it."""

import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app import migrate
from app.channels import addresses
from app.db import SAFE_SQLITE, make_engine, sqlite_driver
from app.errors import N_, SettingsError
from app.jobs import HEARTBEAT
from app.keyring import FILE, Keyring
from app.models import Heartbeat
from app.settings import Settings
from app.workdays import known_until, shanghai
from matching.weights import ModelError, load
from talent_pool.files import data_dir

PYTHON = (3, 11)
PORTS = {"http": 80, "https": 443}
FREE = 500 * 2**20  # bytes
SILENT = timedelta(minutes=5)  # a clock that ticks each minute and has not for so long is not running
FONTS = ("noto*cjk*", "wqy*", "source*han*", "msyh*", "simsun*", "simhei*", "pingfang*", "droidsansfallback*", "uming*")
FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "C:/Windows/Fonts",
    "/System/Library/Fonts",
)


@dataclass(frozen=True)
class Check:
    """What one check found; `advice` (a msgid) is what to do when it failed."""

    name: str
    ok: bool
    found: str
    advice: str = ""


def examine(settings: Settings, now: datetime) -> list[Check]:
    """Run every check; none raises, and none makes a file: a key or database that is missing stays missing."""
    engine = make_engine(settings)
    try:
        return [_safely(check, settings, engine, now) for check in CHECKS]
    finally:
        engine.dispose()


def _safely(check: "Examination", settings: Settings, engine: Engine, now: datetime) -> Check:
    try:
        return check(settings, engine, now)
    except (SQLAlchemyError, OSError, ValueError) as problem:
        # Only the kind: a database repeats its address, password and all, in its words.
        return Check(check.__name__.strip("_"), False, type(problem).__name__, N_("检查没有做完,请看日志"))


Examination = Callable[[Settings, Engine, datetime], Check]


def _python(*_: object) -> Check:
    ok = sys.version_info >= PYTHON
    return Check("Python", ok, platform.python_version(), N_("请装 Python 3.11 或更新的版本"))


def _sqlite(settings: Settings, *_: object) -> Check:
    version = sqlite_driver().sqlite_version_info
    words = ".".join(map(str, version))
    if settings.database_url:
        return Check("SQLite", True, f"{words} (PostgreSQL)")
    journal = "WAL" if version >= SAFE_SQLITE else "DELETE"
    # An old library is served safely by the rollback journal: slower, nothing lost. So this is a note, no failure.
    return Check("SQLite", True, f"{words}, {journal}")


def _database(settings: Settings, engine: Engine, _now: datetime) -> Check:
    if not settings.database_url and not settings.sqlite_path.exists():
        return Check("database", False, "-", N_("还没有数据库:请运行 diandan init"))
    try:
        with engine.connect() as connection:
            current = migrate.current(connection)
    except SQLAlchemyError as problem:
        return Check(
            "database", False, type(problem).__name__, N_("数据库连不上:请查 DIANDAN_DATABASE_URL 和数据库服务")
        )
    head = migrate.heads()
    ok = current == head
    return Check(
        "database", ok, current if ok else f"{current or '-'} ≠ {head}", N_("请运行 diandan init 或 diandan db upgrade")
    )


def _key(settings: Settings, *_: object) -> Check:
    path = settings.data_dir / "secret.key"
    if settings.secret_key:
        long = len(settings.secret_key) >= 32
        return Check("secret key", long, "DIANDAN_SECRET_KEY", N_("密钥太短,至少32位"))
    if not path.exists():
        return Check("secret key", False, str(path), N_("还没有密钥:请运行 diandan init"))
    mode = path.stat().st_mode & 0o777
    ok = sys.platform == "win32" or not mode & 0o077
    return Check("secret key", ok, f"{path} {mode:04o}", N_("别人能读密钥文件:请运行 chmod 600"))


def _ballot_keys(settings: Settings, *_: object) -> Check:
    path = settings.data_dir / FILE
    if not path.exists():
        return Check("ballot keys", True, f"{path}: -")
    mode = path.stat().st_mode & 0o777
    if sys.platform != "win32" and mode & 0o077:
        return Check("ballot keys", False, f"{path} {mode:04o}", N_("别人能读密钥文件:请运行 chmod 600"))
    try:
        return Check("ballot keys", True, f"{path} {Keyring(path).newest()}")
    except SettingsError:
        return Check("ballot keys", False, str(path), N_("选票的密钥文件坏了:请从保险处的副本恢复"))


def _time_zone(_settings: Settings, _engine: Engine, now: datetime) -> Check:
    try:
        there = now.astimezone(ZoneInfo("Asia/Shanghai"))
    except ZoneInfoNotFoundError:
        return Check("time zone", False, "Asia/Shanghai", N_("缺时区数据:请装 tzdata"))
    ok = there.utcoffset() == timedelta(hours=8)
    return Check("time zone", ok, f"{there:%Y-%m-%d %H:%M} Asia/Shanghai", N_("时区数据不对:请更新 tzdata"))


def _calendar(_settings: Settings, _engine: Engine, now: datetime) -> Check:
    known, year = known_until(), shanghai(now).year
    return Check("calendar", known >= year, f"≤ {known}", N_("缺今年的节假日安排:请补 data/holidays/china.csv"))


def _model(*_: object) -> Check:
    try:
        weights = load(data_dir() / "models")
    except ModelError:
        return Check("model", False, "data/models", N_("模型文件缺失或损坏:请重新安装;没有它仍能登记,类型要人选"))
    return Check("model", True, weights.version)


def _package(*_: object) -> Check:
    wanted = ("templates/base.html", "static/site.css", "migrations/env.py")
    missing = [name for name in wanted if not resources.files("app").joinpath(name).is_file()]
    return Check("package", not missing, ", ".join(missing) or "app/, data/", N_("安装不完整:请重新安装"))


def _fonts(*_: object) -> Check:
    found = next(_chinese_fonts(), None)
    return Check(
        "fonts", found is not None, found.name if found else "-", N_("没有中文字体:请装 fonts-noto-cjk,否则打印会缺字")
    )


def _chinese_fonts() -> Iterator[Path]:
    for folder in (Path(each).expanduser() for each in FONT_FOLDERS):
        for pattern in FONTS:
            yield from folder.rglob(_any_case(pattern)) if folder.is_dir() else ()


def _any_case(pattern: str) -> str:
    return "".join(f"[{each}{each.upper()}]" if each.isalpha() else each for each in pattern)


def _disk(settings: Settings, *_: object) -> Check:
    free = shutil.disk_usage(settings.data_dir).free
    return Check("disk", free >= FREE, f"{free / 2**30:.1f} GiB", N_("磁盘快满了:请清理或换一个 --data-dir"))


def _clock(settings: Settings, engine: Engine, now: datetime) -> Check:
    made = settings.database_url or settings.sqlite_path.exists()
    if not made or not inspect(engine).has_table(str(Heartbeat.__tablename__)):
        return Check("clock", False, "-", N_("先建好数据库,再启动 diandan worker"))
    beats = select(col(Heartbeat.at)).where(col(Heartbeat.name) == HEARTBEAT)
    with engine.connect().execution_options(diandan_read_only=True) as connection:
        beat: datetime | None = connection.execute(beats).scalar_one_or_none()
    if beat is None:
        return Check("clock", False, "-", N_("提醒没有在跑:请启动 diandan worker"))
    ago = max(timedelta(0), now - beat)
    return Check("clock", ago <= SILENT, f"{int(ago.total_seconds())} s", N_("提醒停了:请启动 diandan worker"))


def _base_url(settings: Settings, *_: object) -> Check:
    url = urlsplit(settings.base_url)
    advice = N_("手机打不开这个地址:请把 DIANDAN_BASE_URL 设成手机能访问的地址")
    if url.hostname is None or url.path or url.query:
        return Check("base_url", False, settings.base_url, advice)
    local = url.hostname in ("localhost", "127.0.0.1", "::1")
    return Check("base_url", not local, settings.base_url, advice)


def _mail(settings: Settings, *_: object) -> Check:
    if not settings.smtp_host:
        return Check("mail", True, "-")  # the page's inbox alone is a way to work
    try:
        socket.create_connection((settings.smtp_host, settings.smtp_port), timeout=3).close()
    except OSError as problem:
        return Check("mail", False, type(problem).__name__, N_("邮件服务器连不上:请查 DIANDAN_SMTP_HOST 和端口"))
    return Check("mail", True, f"{settings.smtp_host}:{settings.smtp_port}")


def _channels(settings: Settings, *_: object) -> Check:
    found, ok = [], True
    for name, address in addresses(settings).items():
        url = urlsplit(address)
        try:
            socket.create_connection((url.hostname or "", url.port or PORTS[url.scheme]), timeout=3).close()
            found.append(name)
        except (OSError, KeyError) as problem:  # the host alone: a robot's address holds its key
            found.append(f"{name} {url.hostname}: {type(problem).__name__}")
            ok = False
    advice = N_("短信或群机器人连不上:请查 DIANDAN_SMS_ 和 DIANDAN_WECOM_ 等设置")
    return Check("channels", ok, ", ".join(found) or "-", advice)


CHECKS: tuple[Examination, ...] = (
    _python,
    _package,
    _sqlite,
    _database,
    _key,
    _ballot_keys,
    _time_zone,
    _calendar,
    _model,
    _fonts,
    _disk,
    _clock,
    _mail,
    _channels,
    _base_url,
)
