"""The command line, put together."""

import typer

from bot.cli.catalogue import catalogue
from bot.cli.db import db
from bot.cli.demo import demo
from bot.cli.doctor import doctor
from bot.cli.export import export
from bot.cli.manifest import manifest
from bot.cli.provider import provider
from bot.cli.reconcile import reconcile
from bot.cli.run import run
from bot.cli.setup import setup

app = typer.Typer(
    name="sora-bot",
    help="AI videos in Slack with your own keys.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (demo, setup, run, doctor, reconcile, manifest):
    app.command()(command)
app.add_typer(catalogue, name="catalogue")
app.add_typer(provider, name="provider")
app.add_typer(export, name="export")
app.add_typer(db, name="db")
