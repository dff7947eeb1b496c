"""Commands about accounts: users list, add, grant, revoke, retire, token.

Belongs here: arguments and help. Does not: the work (desk/accounts.py).
"""

from __future__ import annotations

from typing import Annotated

import typer

from desk.commands.options import Home, RoleName, ShownFormat, User

app = typer.Typer()
users_app = typer.Typer(no_args_is_help=True, help="Who may do what: accounts with roles, areas and purposes.")
app.add_typer(users_app, name="users")

Name = Annotated[str, typer.Argument(metavar="NAME", help="name of the account; it stands in the audit log")]


@users_app.command("list")
def users_list(home: Home, user: User = None, output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """List the accounts with their grants."""
    from desk.accounts import show_accounts

    show_accounts(home, output.value, user)


@users_app.command("add")
def users_add(name: Name, home: Home, department: Annotated[str, typer.Option("--department", help="department or organisation")],
              login: Annotated[str | None, typer.Option(help="OS login that may use it on this machine; without one only its token does")]
              = None, user: User = None) -> None:  # fmt: skip
    """Make an account; it may do nothing before it gets a grant."""
    from desk.accounts import add_account

    add_account(home, name, department, login, user)


@users_app.command("grant")
def users_grant(name: Name, role: RoleName, home: Home,
                holder: Annotated[str, typer.Option("--for", help="department or organisation that the role is for")],
                area: Annotated[list[str] | None, typer.Option(help="code of an area, repeatable; 421000 is the whole city")] = None,
                purpose: Annotated[list[str] | None, typer.Option(help="may be stated, repeatable; all of the role when left out")] = None,
                person: Annotated[str | None, typer.Option(help="of a resident: the own person id")] = None,
                user: User = None) -> None:
    """Grant a role over areas for purposes."""
    from desk.accounts import grant_role
    from warehouse.access import CITY, Grant, Role

    grant_role(home, name, Grant(Role(role.value), holder, tuple(area or (CITY,)), tuple(purpose or ()), person), user)


@users_app.command("revoke")
def users_revoke(name: Name, number: Annotated[int, typer.Argument(help="of the grant, as `users list` shows it")], home: Home,
                 user: User = None) -> None:
    """End one grant."""
    from desk.accounts import revoke_grant

    revoke_grant(home, name, number, user)


@users_app.command("retire")
def users_retire(name: Name, home: Home, user: User = None) -> None:
    """End an account with its grants and token; its name is never given again."""
    from desk.accounts import retire_account

    retire_account(home, name, user)


@users_app.command("token")
def users_token(name: Name, home: Home, withdraw: Annotated[bool, typer.Option("--withdraw", help="take the token away")] = False,
                days: Annotated[int, typer.Option(min=1, max=366, help="how long it is valid")] = 90, user: User = None) -> None:
    """Print a new token of an account, once; the former one ends."""
    from desk.accounts import renew_token

    renew_token(home, name, withdraw=withdraw, days=days, user=user)
