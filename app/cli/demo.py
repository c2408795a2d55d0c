"""`diandan demo`: from an empty machine to a running site with invented people, in one process."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
import segno

from app.cli.options import data_dir
from app.cli.running import run, start
from app.db import Database
from app.demo import doors, prepare, town, world
from app.scope import Role
from app.server import listen
from app.settings import Settings, load

ROLES = {
    Role.OFFICER: "民警 officer",
    Role.STATION_HEAD: "所领导 station head",
    Role.COORDINATOR: "协调员 coordinator",
    Role.ADMIN: "管理员 administrator",
}
DATA = {
    prepare.Done.MADE: "新建 made",
    prepare.Done.MADE_ANEW: "重新生成 made anew",
    prepare.Done.REUSED: "沿用上次的(--fresh 重新生成) reused (--fresh makes it anew)",
}
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
PATIENCE = 2.0  # seconds: Ctrl-C should be quick here


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free port")
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--base-url", default=None, help="address under which phones reach this machine; QR codes begin with it")
@click.option("--fresh", is_flag=True, help="make the invented data anew (never touches a real database)")
@click.option("--scale", type=click.Choice(list(world.SIZES)), default=None, help="county (default) or province")
@data_dir
def demo(port: int, host: str, base_url: str | None, fresh: bool, scale: str | None, data_dir: Path | None) -> None:
    """Run the site with invented people: data, web and clock in one process."""
    with listen(host, port) as found:
        port = found.getsockname()[1]
        own = f"http://{'127.0.0.1' if host in EVERYWHERE else _bracketed(host)}:{port}"
        settings = load(data_dir=data_dir, demo=True, base_url=base_url or own)
        if fresh or scale == "province":
            click.echo("正在生成演示数据 … making the invented data …")
        done, mark = prepare.prepare(settings, scale, fresh=fresh, now=datetime.now(UTC))
        site = start(settings, found, clock=True, patience=PATIENCE)
        _show(site.database, settings, own, f"{DATA[done]} · {mark.scale} · {mark.made}")
        run(site)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _show(database: Database, settings: Settings, own: str, data: str) -> None:
    now = datetime.now(UTC)
    with database.read() as session:
        accounts, party, mediator = (
            doors.logins(session),
            doors.party_door(session, now),
            doors.mediator_door(session, now),
        )
    lines = [
        "",
        "点单 diandan · 演示数据,人物全为虚构 · invented people",
        f"  网址 address    {own}",
        f"  数据 data       {data} · {settings.data_dir}",
        f"  密码 password   {town.PASSWORD} (各账号相同 the same for all)",
        *(f"    {each.login:<13} {ROLES[each.role]} · {each.name} {each.station}".rstrip() for each in accounts),
        *_door("当事人链接 a party's link", party),
        *_door("调解员链接 a mediator's link", mediator),
    ]
    click.echo("\n".join(lines))
    if party:
        click.echo("  手机扫码 scan with a phone (--host 0.0.0.0 --base-url http://<this machine>:8000):")
        segno.make(party.url, error="l").terminal(out=sys.stdout, border=2, compact=True)
    click.echo("Ctrl-C 停止 stops it", nl=True)
    sys.stdout.flush()


def _door(label: str, door: doors.Door | None) -> Iterable[str]:
    if door is None:
        yield f"  {label}: 现在没有,--fresh 重新生成 none now, --fresh makes new ones"
        return
    yield f"  {label} ({door.no})"
    yield f"    {door.url} · 短码 code {door.code}"


commands = [demo]
