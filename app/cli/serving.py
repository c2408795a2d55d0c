"""`diandan init` and `diandan serve`: the service itself, with real data."""

import os
import secrets
from pathlib import Path

import click
from sqlalchemy import select
from sqlmodel import col

from app import accounts, migrate
from app.cli.options import data_dir
from app.db import Database
from app.demo import marker
from app.errors import N_, Conflict, DiandanError
from app.models import Account
from app.scope import Role
from app.settings import Settings, load
from talent_pool import regions

DEMO_DATA = N_("这里是演示数据,不能当正式系统用;请用 --data-dir 另选一个文件夹")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free port")
@click.option("--with-clock", is_flag=True, help="run the clock in this process too (else: diandan worker)")
@data_dir
def serve(host: str, port: int, *, with_clock: bool, data_dir: Path | None) -> None:
    """Serve the site until SIGTERM or Ctrl-C; requests under way are answered first."""
    from app.cli.running import run, start
    from app.server import listen

    settings = load(data_dir=data_dir)
    check_real(settings)
    with listen(host, port) as found:
        site = start(settings, found, clock=with_clock)
        click.echo(f"http://{host}:{found.getsockname()[1]} ({settings.base_url})")
        run(site)


@click.command()
@click.option("--login", default="admin", show_default=True, help="name to sign in with")
@click.option("--name", default="管理员", show_default=True, help="name shown on the page")
@click.option("--region", default="61", show_default=True, help="region that the administrator answers for")
@data_dir
def init(login: str, name: str, region: str, data_dir: Path | None) -> None:
    """Make the database and the first administrator; the password is shown once."""
    settings = load(data_dir=data_dir)
    refuse_demo(settings)
    area = region_of(region)
    migrate.upgrade(settings)
    password = secrets.token_urlsafe(12)
    database = Database(settings)
    try:
        with database.write() as session:
            if session.execute(select(col(Account.id)).where(col(Account.role) == Role.ADMIN)).first():
                raise Conflict(N_("已经有管理员了"))
            accounts.create(session, login=login, name=name, role=Role.ADMIN, password=password, area=area)
    finally:
        database.close()
    click.echo(f"{(settings.database_url and 'PostgreSQL') or settings.sqlite_path}\n{login}\n{password}")
    click.echo("密码只显示这一次,登录后请马上改。This password is shown once: change it after signing in.", err=True)


def check_real(settings: Settings) -> None:
    """Refuse what must not serve real people: demo data, a debugger, a schema that is not the code's."""
    if os.environ.get("FLASK_DEBUG", "0") not in ("", "0", "false", "False"):
        raise DiandanError(N_("FLASK_DEBUG 开着,正式服务不能带调试器"))
    refuse_demo(settings)
    database = Database(settings)
    try:
        with database.engine.connect() as connection:
            if migrate.current(connection) != migrate.heads():
                raise DiandanError(N_("数据库还没有升级到这个版本:请先运行 diandan init 或 diandan db upgrade"))
    finally:
        database.close()


def refuse_demo(settings: Settings) -> None:
    """Raise DiandanError for a demo's database or setting."""
    database = Database(settings)
    try:
        if settings.demo or marker.find(database) is not None:
            raise DiandanError(DEMO_DATA)
    finally:
        database.close()


def region_of(code: str) -> int:
    """Return the region of a code as typed; raise DiandanError for an unknown one."""
    try:
        return regions.parse(code)
    except ValueError:
        raise DiandanError(N_("没有这个地区代码:%(code)s"), code=code[:20]) from None


commands = [serve, init]
