"""`dialer account add|list|password|off|on|token`: who may use the pages and the API. `dialer audit`: who did what."""

import click

from dialer.cli.lazy import implemented
from dialer.domain.access.roles import Role, Scope

ROLES = click.Choice([each.value for each in Role])

SCOPES = click.Choice([each.value for each in Scope])


@click.group()
def account() -> None:
    """People and programs that may use the pages and the API."""


@account.command()
@click.argument("email")
@click.option("--role", type=ROLES, default=Role.MARKETING.value, show_default=True)
@click.option("--counselor", metavar="NAME", help="which counselor this is; for that role")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:add")
def add() -> None:
    """Invite somebody: prints the link by which they choose a password, good once, for three days."""


@account.command()
@click.argument("email")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:password")
def password() -> None:
    """A new way in for somebody who lost their password: prints a link as `add` does."""


@account.command("list")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:list_all")
def list_all() -> None:
    """Everybody."""


@account.command()
@click.argument("email")
@implemented("dialer.cli.admin.account:deactivate")
def off() -> None:
    """Switch an account off: its browsers and tokens are out at once."""


@account.command()
@click.argument("email")
@click.option("--role", type=ROLES, help="with another role")
@implemented("dialer.cli.admin.account:activate")
def on() -> None:
    """Switch an account on again, or give it another role."""


@account.command()
@click.argument("email")
@click.argument("name")
@click.option("--scope", "scopes", type=SCOPES, multiple=True, default=[Scope.READ.value], show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), help="days until it expires [never]")
@click.option("--revoke", is_flag=True, help="take the token of that name back")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:token")
def token() -> None:
    """Make a token for a program, with the role of EMAIL as far as its scopes go; it is printed this once."""


@click.group()
def audit() -> None:
    """Who did what: each row carries the hash of the one before."""


@audit.command("list")
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:show")
def show() -> None:
    """The newest entries, the newest last."""


@audit.command()
@implemented("dialer.cli.admin.account:verify")
def verify() -> None:
    """Whether the chain is whole; exit 1 where a row was changed or taken out."""
