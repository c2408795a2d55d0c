"""`diandan user`: accounts from the command line."""

import secrets
from pathlib import Path

import click
from sqlmodel import Session

from app import accounts, stations
from app.cli.options import data_dir
from app.cli.serving import refuse_demo, region_of
from app.db import Database
from app.errors import N_, DiandanError, InvalidInput
from app.models import Station
from app.scope import Role
from app.settings import load

ACCOUNTS = [Role.OFFICER.value, Role.STATION_HEAD.value, Role.COORDINATOR.value, Role.ADMIN.value]
AT_A_STATION = (Role.OFFICER, Role.STATION_HEAD)


@click.group()
def user() -> None:
    """Accounts of officers, coordinators and administrators."""


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="name shown on the page")
@click.option("--role", type=click.Choice(ACCOUNTS), required=True)
@click.option("--region", required=True, help="the station's town (9 digits), or the region to answer for")
@click.option("--station", default="", help="name of the station, when the town has none yet")
@click.option("--email", default="", help="where reminders go besides the page")
@data_dir
def add(login: str, name: str, role: str, region: str, station: str, email: str, data_dir: Path | None) -> None:
    """Add an account; its password is shown once."""
    settings = load(data_dir=data_dir)
    refuse_demo(settings)
    area, password = region_of(region), secrets.token_urlsafe(12)
    database = Database(settings)
    try:
        with database.write() as session:
            place = _station(session, Role(role), area, station)
            accounts.create(
                session,
                login=login,
                name=name,
                role=Role(role),
                password=password,
                area=area,
                station_id=place.id if place else None,
                email=email,
            )
    except InvalidInput as problem:
        raise DiandanError(next(iter(problem.problems.values()))) from None
    finally:
        database.close()
    click.echo(f"{login}\n{password}")
    click.echo("密码只显示这一次,登录后请马上改。This password is shown once: change it after signing in.", err=True)


def _station(session: Session, role: Role, area: int, name: str) -> Station | None:
    if role not in AT_A_STATION:
        return None
    found = stations.find_at(session, area)
    if found is None and not name:
        raise DiandanError(N_("这个镇还没有派出所:请用 --station 写明它的名称"))
    return found or stations.open_at(session, area, name)


commands = [user]
