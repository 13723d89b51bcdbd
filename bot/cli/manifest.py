"""`sora-bot manifest`: the Slack app's manifest, for Socket Mode or for HTTP."""

from typing import Annotated

import typer

from bot.slack.manifest import as_yaml, creation_link
from bot.slack.manifest import manifest as manifest_of


def manifest(
    http: Annotated[str, typer.Option(help="Your bot's public https origin: Slack will POST to it.")] = "",
    command: Annotated[str, typer.Option(help="The slash command's name.")] = "/sora",
    link: Annotated[bool, typer.Option(help="Print the link that creates the app instead.")] = False,
) -> None:
    """Print the manifest to paste into api.slack.com/apps, or the link that does it for you."""
    if http and not http.startswith("https://"):
        typer.echo("Slack only sends to https:// addresses.", err=True)
        raise typer.Exit(2)
    told = manifest_of(command=command, url=http or None)
    typer.echo(creation_link(told) if link else as_yaml(told), nl=link)
