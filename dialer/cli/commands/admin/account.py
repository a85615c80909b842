"""`dialer account add|list|password|off|on|token`: who may use the pages and the API. `dialer audit`: who did what."""

import click

from dialer.cli.lazy import implemented
from dialer.domain.access.roles import Role, Scope

ROLES = click.Choice([each.value for each in Role])

SCOPES = click.Choice([each.value for each in Scope])


@click.group()
def account() -> None:
    """Manage accounts and API tokens."""


@account.command()
@click.argument("email")
@click.option("--role", type=ROLES, default=Role.MARKETING.value, show_default=True)
@click.option("--counselor", metavar="NAME", help="the counselor this account belongs to (role counselor)")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:add")
def add() -> None:
    """Invite someone. Prints a link to set a password; it works once and expires in three days."""


@account.command()
@click.argument("email")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:password")
def password() -> None:
    """Reset a password. Prints a link like `add` does."""


@account.command("second-factor")
@click.argument("email")
@click.option("--off", is_flag=True, required=True, help="turn it off")
@implemented("dialer.cli.admin.account:second_factor_off")
def second_factor() -> None:
    """Turn off the two-factor authentication of somebody who lost their authenticator."""


@account.command("list")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:list_all")
def list_all() -> None:
    """List accounts."""


@account.command()
@click.argument("email")
@implemented("dialer.cli.admin.account:deactivate")
def off() -> None:
    """Deactivate an account. It is signed out everywhere and its tokens stop working."""


@account.command()
@click.argument("email")
@click.option("--role", type=ROLES, help="change the role too")
@implemented("dialer.cli.admin.account:activate")
def on() -> None:
    """Activate an account again, or change its role."""


@account.command()
@click.argument("email")
@click.argument("name")
@click.option("--scope", "scopes", type=SCOPES, multiple=True, default=[Scope.READ.value], show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="days until it expires")
@click.option("--revoke", is_flag=True, help="revoke the token with this name")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:token")
def token() -> None:
    """Create an API token with EMAIL's role, limited by its scopes. It is shown only once."""


@click.group()
def audit() -> None:
    """Read and verify the audit log."""


@audit.command("list")
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:show")
def show() -> None:
    """Show the latest entries, newest last."""


@audit.command("accesses")
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.account:accesses")
def accesses() -> None:
    """List reads of personal data: exports, recordings, live audio, calls and leads."""


@audit.command()
@implemented("dialer.cli.admin.account:verify")
def verify() -> None:
    """Verify the hash chain. Exits 1 if an entry was changed or removed."""
