"""Commands about places: addresses, dwellings, households, areas, organisations.

Belongs here: address, residence, household, house, area, boundaries, organisation, audit. Does not: the work itself, which commands
import when they are called, so that a look does not wait for Dagster or Splink.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from desk.commands.options import DAY, AreaFormat, Home, Language, PurposeOption, ShownFormat, User, day_of

app = typer.Typer()

@app.command("house")
def house_command(asked: Annotated[str, typer.Argument(metavar="ADDRESS|DWELLING_ID")], purpose: PurposeOption, home: Home,
                  user: User = None,
                  below: Annotated[bool, typer.Option("--below", help="the dwelling below, too")] = False,
                  beside: Annotated[bool, typer.Option("--beside", help="the dwellings on the same floor, too")] = False,
                  language: Annotated[Language, typer.Option("--lang")] = Language.ZH,
                  output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """Say whom to contact about a dwelling and the one above it; every look is recorded."""
    from desk.house import show_house
    from warehouse.houses import Question

    show_house(home, Question(asked, purpose, below, beside), output.value, language.value, user)


@app.command("household")
def household_command(asked: Annotated[str, typer.Argument(metavar="PERSON|DWELLING_ID")], purpose: PurposeOption, home: Home,
                      user: User = None,
                      language: Annotated[Language, typer.Option("--lang")] = Language.ZH,
                      output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """Show who lives together and who is registered together; every look is recorded."""
    from desk.household import show_household
    from warehouse.households.looking import Question

    show_household(home, Question(asked, purpose), output.value, language.value, user)


@app.command("residence")
def residence_command(person: Annotated[str, typer.Argument(metavar="PERSON")], purpose: PurposeOption, home: Home, user: User = None,
                      language: Annotated[Language, typer.Option("--lang")] = Language.ZH,
                      output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """Say which addresses are on record for a person, where each leads, which one counts and why."""
    from desk.residence import show_residence

    show_residence(home, person, purpose, output.value, language.value, user)


@app.command("address")
def address_command(text: Annotated[str, typer.Argument(metavar="TEXT")],
                    home: Annotated[Path | None, typer.Option("--home", help="also show the dwellings of this installation")] = None,
                    language: Annotated[Language, typer.Option("--lang")] = Language.ZH,
                    output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE, user: User = None) -> None:
    """Show how an address is read, level by level, and the dwellings it leads to."""
    from desk.address import show_address

    show_address(text, home, output.value, language.value, user)


@app.command("organisation")
def organisation_command(asked: Annotated[str, typer.Argument(metavar="NAME|ID")], home: Home, user: User = None,
                         language: Annotated[Language, typer.Option("--lang")] = Language.ZH,
                         output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """Show an organisation: its names, departments' numbers and branches; no person."""
    from desk.organisations import show_organisation

    show_organisation(home, asked, output.value, language.value, user)


audit_app = typer.Typer(no_args_is_help=True, help="The log of who looked at whose data.")
app.add_typer(audit_app, name="audit")


@audit_app.command("verify")
def audit_verify(home: Home,
                 since: Annotated[str | None, typer.Option(help="a newest hash noted earlier: is it still in the log?")] = None) -> None:
    """Check that no entry was changed, removed, moved or cut off; exit code 1 when one was."""
    from desk.audit import verify_log

    if not verify_log(home, since):
        raise typer.Exit(1)


@audit_app.command("show")
def audit_show(home: Home, by: Annotated[str | None, typer.Option("--by", help="your account; your login name when left out")] = None,
               person: Annotated[str | None, typer.Option("--person", help="only looks at this person id")] = None,
               user: Annotated[str | None, typer.Option("--user", help="only looks of this user")] = None,
               purpose: Annotated[str, typer.Option("--purpose", help="the log is for data_quality only")] = "data_quality",
               output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """List who looked at what, when and why. Here --user is whose looks are listed, --by is who asks."""
    from desk.audit import show_log

    show_log(home, purpose, person, user, output.value, by)


@audit_app.command("summary")
def audit_summary(home: Home,
                  since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="first day; all when left out")] = None,
                  purpose: Annotated[str, typer.Option("--purpose", help="the log is for data_quality only")] = "data_quality",
                  output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE, user: User = None) -> None:
    """Count what each account looked at by day and purpose; marks who asks many different questions of statistics."""
    from desk.audit import show_usage

    show_usage(home, purpose, since.strftime("%Y-%m-%d") if since else "", output.value, user)


boundaries_app = typer.Typer(no_args_is_help=True, help="The areas of the city as polygons (GeoJSON).")
app.add_typer(boundaries_app, name="boundaries")


@boundaries_app.command("load")
def boundaries_load(file: Annotated[Path, typer.Argument(metavar="FILE")], home: Home,
                    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first day in force")],
                    source: Annotated[str | None, typer.Option(help="whose boundaries; the file's name when left out")] = None,
                    complete: Annotated[bool, typer.Option("--complete", help="areas of its levels that it lacks end")] = False,
                    user: User = None) -> None:
    """Put the areas of a GeoJSON file in force, all or none; former ones are kept as history."""
    from desk.access import check
    from desk.geography import load_file

    check(home, user, "boundaries load")
    load_file(home, file, start.date(), source, complete)


@boundaries_app.command("export")
def boundaries_export(level: Annotated[str, typer.Option(help="city, county, township, community or grid")], home: Home,
                      as_of: Annotated[datetime | None, DAY] = None,
                      out: Annotated[Path | None, typer.Option(help="file to write; printed when left out")] = None,
                      user: User = None) -> None:
    """Write the areas of one level in force on a day as GeoJSON."""
    from desk.access import check
    from desk.geography import export_file

    check(home, user, "boundaries export")
    export_file(home, level, day_of(as_of) or datetime.now().date(), out)


@boundaries_app.command("check")
def boundaries_check(home: Home, as_of: Annotated[datetime | None, DAY] = None, user: User = None) -> None:
    """Count the dwellings whose coordinates and register differ, by community."""
    from desk.access import check
    from desk.geography import check_locations

    check(home, user, "boundaries check")
    check_locations(home, day_of(as_of) or datetime.now().date())


@app.command("area")
def area_command(area: Annotated[str, typer.Argument(metavar="CODE|NAME", help="421000 is the whole city")], purpose: PurposeOption,
                 home: Home,
                 classes: Annotated[list[str] | None, typer.Option("--class", help="count its values, too; repeatable")] = None,
                 output: Annotated[AreaFormat, typer.Option("--format")] = AreaFormat.TABLE,
                 language: Annotated[Language, typer.Option("--lang")] = Language.ZH, user: User = None) -> None:
    """Count the people, households and dwellings of an area and its parts, and the values of classes in it."""
    from desk.area import AreaRequest, show_area

    show_area(home, AreaRequest(area, purpose, tuple(classes or ()), output.value, language.value, user))
