"""Slack's side of the jobs: the card writer and the deliveries on their rows, behind `jobs.ports.Surface`."""

from dataclasses import dataclass

from bot.clock import Clock
from bot.jobs.admins import AdminsOf
from bot.jobs.ports import Alarm
from bot.media.inspect import poster_frame
from bot.slack.admins import AdminQuestions
from bot.slack.cards import CardWriter
from bot.slack.client import SlackDoor
from bot.slack.delivery import VideoDelivery
from bot.slack.drawing import CardArtist, FactsOf, Records
from bot.slack.earlier import EarlierFiles
from bot.slack.posters import Posters
from bot.slack.posting import CardPoster
from bot.slack.surface import SlackSurface
from bot.slack.telling import RefusalWords, Teller, TellsPrivately
from bot.slack.uploads import SlackFiles
from bot.slack.views.card import job_card
from bot.store.deliveries import StoredDeliveries, StoredTellings
from bot.store.engine import Store
from bot.store.slack import StoredCards


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSide:
    surface: SlackSurface
    writer: CardWriter


def slack_side(
    *,
    door: SlackDoor,
    store: Store,
    records: Records,
    facts: FactsOf,
    refusal_words: RefusalWords,
    tells_privately: TellsPrivately,
    clock: Clock,
    alarm: Alarm,
    holder: str,
    alone: bool,
    admins: AdminsOf,
) -> SlackSide:
    cards, deliveries, tellings = StoredCards(store), StoredDeliveries(store), StoredTellings(store)
    artist = CardArtist(draw=job_card, facts=facts, records=records, deliveries=deliveries, clock=clock)
    poster = CardPoster(slack=door.worker, cards=cards, artist=artist, clock=clock, alarm=alarm)
    writer = CardWriter(
        slack=door.worker,
        cards=cards,
        artist=artist,
        poster=poster,
        clock=clock,
        alarm=alarm,
        holder=holder,
        alone=alone,
    )
    files = SlackFiles(door)
    pictures = Posters(files=files, cards=cards, frame=poster_frame, threads=door.threads, clock=clock)
    teller = Teller(
        slack=door.worker,
        cards=cards,
        tellings=tellings,
        clock=clock,
        refusal_words=refusal_words,
        tells_privately=tells_privately,
    )
    surface = SlackSurface(
        cards=cards,
        deliveries=deliveries,
        poster=poster,
        writer=writer,
        delivery=VideoDelivery(
            files=files, deliveries=deliveries, facts=facts, clock=clock, alarm=alarm, completed=pictures.add
        ),
        earlier=EarlierFiles(slack=door.worker, files=files, cards=cards, deliveries=deliveries, clock=clock),
        teller=teller,
        admins=AdminQuestions(teller=teller, facts=facts, alarm=alarm, admins=admins),
    )
    return SlackSide(surface=surface, writer=writer)
