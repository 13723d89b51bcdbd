"""The jobs' side put together: the steps that the stories take, and the use cases that people reach."""

from dataclasses import dataclass

from bot.jobs.admins import AdminsOf
from bot.jobs.courier import SpoolingCourier
from bot.jobs.doubt import Doubt
from bot.jobs.doubt_desk import DoubtDesk
from bot.jobs.happened import HappenedDesk
from bot.jobs.offers import Offers
from bot.jobs.pictures import PictureDesk
from bot.jobs.planning import Planner
from bot.jobs.questions import Asker, QuestionDesk
from bot.jobs.requests import RequestMaker
from bot.jobs.rooms import Patience, Rooms
from bot.jobs.service import JobService
from bot.jobs.steps import JobSteps
from bot.jobs.surface import Surface
from bot.jobs.webhooks import WebhookDesk
from bot.store.incidents import StoredIncidents
from bot.wiring.ground import Ground
from bot.wiring.rules import moves_counted, risk_below_usd_micros, rules_of, webhook_urls
from bot.wiring.upstreams import Upstreams
from bot.wiring.workshop import Workshop

PATIENCE = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Videos:
    steps: JobSteps
    jobs: JobService
    doubts: DoubtDesk
    questions: QuestionDesk
    happened: HappenedDesk
    webhooks: WebhookDesk


def videos_side(
    ground: Ground, upstreams: Upstreams, workshop: Workshop, *, surface: Surface, admins: AdminsOf
) -> Videos:
    book, bell, clock = workshop.book, workshop.bell, ground.clock
    pictures = PictureDesk(workshop.spool, workshop.threads, ground.new_id)
    return Videos(
        steps=JobSteps(_rooms(ground, upstreams, workshop, surface, pictures)),
        jobs=_jobs(ground, upstreams, workshop, surface, pictures),
        doubts=DoubtDesk(book=book, surface=surface, bell=bell, clock=clock, alarm=ground.alarm, admins=admins),
        questions=_questions(ground, upstreams, workshop, surface, admins),
        happened=HappenedDesk(book=book, registry=upstreams.registry, standings=upstreams.standings, admins=admins),
        webhooks=WebhookDesk(book, upstreams.registry, bell, clock),
    )


def _rooms(ground: Ground, upstreams: Upstreams, workshop: Workshop, surface: Surface, pictures: PictureDesk) -> Rooms:
    settings, clock = ground.settings, ground.clock
    requests = RequestMaker(pictures=pictures.fitted, webhook_url=webhook_urls(settings), clock=clock)
    doubt = Doubt(
        book=workshop.book,
        registry=upstreams.registry,
        requests=requests,
        surface=surface,
        wakes=workshop.wakes,
        clock=clock,
        alarm=ground.alarm,
        doubt_max=PATIENCE.doubt_max,
        risk_below_usd_micros=risk_below_usd_micros(settings),
    )
    return Rooms(
        book=workshop.book,
        registry=upstreams.registry,
        healths=upstreams.healths,
        surface=surface,
        watcher=workshop.watcher,
        wakes=workshop.wakes,
        courier=SpoolingCourier(upstreams.registry, workshop.spool, workshop.threads),
        requests=requests,
        doubt=doubt,
        clock=clock,
        new_id=ground.new_id,
        alarm=ground.alarm,
        patience=PATIENCE,
        learned=upstreams.learned,
        moved=moves_counted(StoredIncidents(ground.store), clock),
    )


def _jobs(
    ground: Ground, upstreams: Upstreams, workshop: Workshop, surface: Surface, pictures: PictureDesk
) -> JobService:
    return JobService(
        book=workshop.book,
        offers=Offers(
            registry=upstreams.registry,
            book=workshop.book,
            healths=upstreams.healths,
            clock=ground.clock,
            catalogue_version=ground.catalogue.version,
            known=ground.catalogue.models,
            learned=upstreams.learned,
        ),
        standings=upstreams.standings,
        bell=workshop.bell,
        surface=surface,
        pictures=pictures,
        clock=ground.clock,
        new_id=ground.new_id,
        rules=rules_of(ground.settings),
    )


def _questions(
    ground: Ground, upstreams: Upstreams, workshop: Workshop, surface: Surface, admins: AdminsOf
) -> QuestionDesk:
    planner = Planner(registry=upstreams.registry, healths=upstreams.healths, learned=upstreams.learned)
    return QuestionDesk(
        book=workshop.book,
        planner=planner,
        asker=Asker(planner=planner, new_id=ground.new_id, answer_within=PATIENCE.answer_within),
        surface=surface,
        bell=workshop.bell,
        clock=ground.clock,
        admins=admins,
    )
