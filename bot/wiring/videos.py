"""The jobs' side put together: the steps that the stories take, and the use cases that people reach."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bot.catalogue.model import Catalogue
from bot.clock import Clock, NewId
from bot.config import Settings
from bot.jobs.admins import AdminsOf
from bot.jobs.bell import Bell
from bot.jobs.courier import SpoolingCourier
from bot.jobs.doubt import Doubt
from bot.jobs.doubt_desk import DoubtDesk
from bot.jobs.happened import HappenedDesk
from bot.jobs.offers import Offers
from bot.jobs.paces import Paces
from bot.jobs.pictures import PictureDesk
from bot.jobs.planning import Planner
from bot.jobs.ports import Alarm, Healths, JobBook, RenderHistory, Surface
from bot.jobs.questions import Asker, QuestionDesk
from bot.jobs.requests import RequestMaker
from bot.jobs.rooms import MovedAway, Patience, Rooms
from bot.jobs.service import JobService
from bot.jobs.standing import Standings
from bot.jobs.steps import JobSteps
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.jobs.webhooks import WebhookDesk
from bot.media.spool import Spool
from bot.upstreams.registry import Registry
from bot.wiring.rules import risk_below_usd_micros, rules_of, webhook_urls


@dataclass(frozen=True, slots=True, kw_only=True)
class Videos:
    steps: JobSteps
    jobs: JobService
    doubts: DoubtDesk
    questions: QuestionDesk
    happened: HappenedDesk
    webhooks: WebhookDesk


def videos_side(
    settings: Settings,
    *,
    catalogue: Catalogue,
    registry: Registry,
    book: JobBook,
    healths: Healths,
    history: RenderHistory,
    moved: MovedAway,
    standings: Standings,
    surface: Surface,
    admins: AdminsOf,
    watcher: Watcher,
    wakes: Wakes,
    bell: Bell,
    spool: Spool,
    threads: ThreadPoolExecutor,
    clock: Clock,
    new_id: NewId,
    alarm: Alarm,
) -> Videos:
    pictures = PictureDesk(spool, threads, new_id)
    requests = RequestMaker(pictures=pictures.fitted, webhook_url=webhook_urls(settings), clock=clock)
    patience = Patience()
    doubt = Doubt(
        book=book,
        registry=registry,
        requests=requests,
        surface=surface,
        wakes=wakes,
        clock=clock,
        alarm=alarm,
        doubt_max=patience.doubt_max,
        risk_below_usd_micros=risk_below_usd_micros(settings),
    )
    learned = Paces(registry=registry, history=history, clock=clock).lately
    planner = Planner(registry=registry, healths=healths, learned=learned)
    rooms = Rooms(
        book=book,
        registry=registry,
        healths=healths,
        surface=surface,
        watcher=watcher,
        wakes=wakes,
        courier=SpoolingCourier(registry, spool, threads),
        requests=requests,
        doubt=doubt,
        clock=clock,
        new_id=new_id,
        alarm=alarm,
        patience=patience,
        learned=learned,
        moved=moved,
    )
    jobs = JobService(
        book=book,
        offers=Offers(
            registry=registry,
            book=book,
            healths=healths,
            clock=clock,
            catalogue_version=catalogue.version,
            known=catalogue.models,
            learned=learned,
        ),
        standings=standings,
        bell=bell,
        surface=surface,
        pictures=pictures,
        clock=clock,
        new_id=new_id,
        rules=rules_of(settings),
    )
    doubts = DoubtDesk(book=book, surface=surface, bell=bell, clock=clock, alarm=alarm, admins=admins)
    return Videos(
        steps=JobSteps(rooms),
        jobs=jobs,
        doubts=doubts,
        questions=QuestionDesk(
            book=book,
            planner=planner,
            asker=Asker(planner=planner, new_id=new_id, answer_within=patience.answer_within),
            surface=surface,
            bell=bell,
            clock=clock,
            admins=admins,
        ),
        happened=HappenedDesk(book=book, registry=registry, standings=standings, admins=admins),
        webhooks=WebhookDesk(book, registry, bell, clock),
    )
