"""Everything one running workspace consists of, in one value that the methods and the people share."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.clock import Clock
from bot.demo.slack.app import App
from bot.demo.slack.faults import Faults
from bot.demo.slack.feed import Feed
from bot.demo.slack.journal import Calls
from bot.demo.slack.rates import Rates
from bot.demo.slack.tickets import Tickets
from bot.demo.slack.workspace import Channel, Kind, User, Workspace
from bot.demo.videos.crew import Crew


@dataclass(slots=True, kw_only=True)
class Dials:
    """Habits of Slack that differ from day to day.

    A share becomes visible when both conditions hold: so many looks with `files.info`, so many seconds.
    """

    share_lag_s: float = 0.2
    share_after_looks: int = 0
    never_share: bool = False
    second_complete: str | None = "file_not_found"
    """What completing a completed file answers; no page says it. None: ok, and nothing happens."""
    edit_window_s: float | None = None
    """After so long an update is refused with `edit_window_closed`."""
    ack_within_s: float = 3.0


@dataclass(slots=True, kw_only=True)
class World:
    clock: Clock
    workspace: Workspace
    app: App
    crew: Crew
    directory: Path
    """Where uploaded bytes lie."""
    rates: Rates
    tickets: Tickets
    feed: Feed = field(default_factory=Feed)
    faults: Faults = field(default_factory=Faults)
    calls: Calls = field(default_factory=Calls)
    dials: Dials = field(default_factory=Dials)
    origin: str = ""

    @property
    def bot_id(self) -> str:
        return self.app.user_id


def furnished(team_id: str, app: App) -> Workspace:
    """A workspace to start with: two people, one of them an admin, and a channel of each sort."""
    workspace = Workspace(team_id=team_id, domain="local")
    people = (
        User(id="U0ADA00001", name="ada", real_name="Ada", is_admin=True),
        User(id="U0BEN00002", name="ben", real_name="Ben", tz="America/New_York", tz_offset_s=-18000),
        User(id=app.user_id, name=app.name, real_name=app.name.capitalize(), is_bot=True),
    )
    workspace.users = {each.id: each for each in people}
    humans, everybody = {"U0ADA00001", "U0BEN00002"}, {each.id for each in people}
    channels = (
        Channel(id="C0VIDEOS01", name="videos", kind=Kind.PUBLIC, members=set(everybody)),
        Channel(id="C0MARKET02", name="marketing", kind=Kind.PUBLIC, members=set(humans)),
        Channel(id="C0STUDIO03", name="studio", kind=Kind.PRIVATE, members=set(everybody)),
        Channel(id="C0SECRET04", name="secret", kind=Kind.PRIVATE, members={"U0ADA00001"}),
        Channel(id="C0ATTIC005", name="attic", kind=Kind.PUBLIC, members=set(everybody), is_archived=True),
        Channel(id="D0ADABEN06", name="", kind=Kind.DIRECT, members=set(humans)),
    )
    workspace.channels = {each.id: each for each in channels}
    for each in people[:2]:
        workspace.direct(each.id, app.user_id)
    return workspace
