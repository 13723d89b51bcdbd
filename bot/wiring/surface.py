"""Slack's side of the jobs: the card writer and the deliveries on their rows, behind `jobs.surface.Surface`."""

from dataclasses import dataclass

from bot.jobs.admins import AdminsOf
from bot.media.inspect import poster_frame
from bot.slack.admins import AdminQuestions
from bot.slack.cards import CardWriter
from bot.slack.delivery import VideoDelivery
from bot.slack.drawing import CardArtist, FactsOf, Records
from bot.slack.earlier import EarlierFiles
from bot.slack.posters import Posters
from bot.slack.posting import CardPoster
from bot.slack.surface import SlackSurface
from bot.slack.telling import Teller
from bot.slack.uploads import SlackFiles
from bot.slack.views.card import job_card
from bot.store.cards import StoredCards
from bot.store.deliveries import StoredDeliveries, StoredTellings
from bot.wiring.ground import Ground
from bot.wiring.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSide:
    surface: SlackSurface
    writer: CardWriter


def slack_side(
    ground: Ground, workspace: Workspace, *, records: Records, facts: FactsOf, admins: AdminsOf
) -> SlackSide:
    slack, clock, alarm = workspace.door.worker, ground.clock, ground.alarm
    cards, deliveries, files = StoredCards(ground.store), StoredDeliveries(ground.store), SlackFiles(workspace.door)
    artist = CardArtist(draw=job_card, facts=facts, records=records, deliveries=deliveries, clock=clock)
    poster = CardPoster(slack=slack, cards=cards, artist=artist, clock=clock, alarm=alarm)
    writer = CardWriter(
        slack=slack,
        cards=cards,
        artist=artist,
        poster=poster,
        clock=clock,
        alarm=alarm,
        holder=ground.new_id(),
        alone=ground.alone,
    )
    pictures = Posters(files=files, cards=cards, frame=poster_frame, threads=workspace.door.threads, clock=clock)
    teller = _teller(ground, workspace, cards)
    surface = SlackSurface(
        cards=cards,
        deliveries=deliveries,
        poster=poster,
        writer=writer,
        delivery=VideoDelivery(
            files=files, deliveries=deliveries, facts=facts, clock=clock, alarm=alarm, completed=pictures.add
        ),
        earlier=EarlierFiles(slack=slack, files=files, cards=cards, deliveries=deliveries, clock=clock),
        teller=teller,
        admins=AdminQuestions(teller=teller, facts=facts, alarm=alarm, admins=admins),
    )
    return SlackSide(surface=surface, writer=writer)


def _teller(ground: Ground, workspace: Workspace, cards: StoredCards) -> Teller:
    return Teller(
        slack=workspace.door.worker,
        cards=cards,
        tellings=StoredTellings(ground.store),
        clock=ground.clock,
        refusal_words=workspace.replies.refusal_words,
        tells_privately=workspace.replies.tell_privately,
    )
