"""What a person at the page can do, by name: each door is one of the local Slack's own, or a service's switch."""

from collections.abc import Sequence
from typing import Any

from bot.demo.services import Service, switch_all
from bot.demo.slack import Answered, LocalSlack, NotOffered
from bot.demo.videos import Switch

Args = dict[str, Any]
Answer = dict[str, Any]

WORDS = {
    "operation_timeout": "The bot did not answer within three seconds.",
    "dispatch_failed": "The bot cannot be reached.",
}
"""Acknowledgement errors as a person reads them. Those the workspace has already said are left out."""
SAID = frozenset({"not_in_threads", "unknown_command"})


class Refused(Exception):
    """The screen does not offer that; the words are for the person."""


class Hand:
    """One page's person. `user` may change: the demo has two people and one browser."""

    def __init__(self, slack: LocalSlack, services: Sequence[Service], user: str) -> None:
        self._slack = slack
        self._services = services
        self.user = user if user in self._people() else self._people()[0]

    async def do(self, door: str, args: Args) -> Answer:
        """Go through one door.

        Raises:
            Refused: there is no such door, or this person's screen does not offer what was asked.
        """
        try:
            return await self._through(door, args)
        except (NotOffered, KeyError, TypeError, ValueError) as no:
            raise Refused(f"That is not possible here: {no}") from no

    async def _through(self, door: str, args: Args) -> Answer:
        slack, me = self._slack, self.user
        match door:
            case "be":
                self.user = self._person(args["user"])
                return {}
            case "command":
                return _told(
                    await slack.command(me, args["channel"], args["name"], args["text"], thread_ts=args["thread"])
                )
            case "say":
                files = [slack.workspace.files[each] for each in args.get("files", [])]
                await slack.say(me, args["channel"], args["text"], thread_ts=args["thread"], files=files or None)
                return {}
            case "click":
                return _told(await slack.click(me, self._place(args), args["action"], args["value"]))
            case "fill":
                return _told(await self._fill(args))
            case "submit":
                sent = await slack.submit(me, args["view"])
                return _told(sent) | {"wrong": bool(sent.errors)}
            case "close":
                await slack.close_view(me, args["view"], all=args["all"])
                return {}
            case "shortcut" if "ts" in args:
                return _told(await slack.message_shortcut(me, args["channel"], args["ts"], args["callback"]))
            case "shortcut":
                return _told(await slack.global_shortcut(me, args["callback"]))
            case "switch":
                await self._service(args["service"]).videos.switch(Switch(args["position"]))
                slack.world.feed.tell("service.switched", service=args["service"], position=args["position"])
                return {}
            case "mend":
                await switch_all(self._services, Switch.NORMAL)
                slack.world.feed.tell("service.switched", position=Switch.NORMAL)
                return {}
            case _:
                raise Refused("There is no such door.")

    async def _fill(self, args: Args) -> Answered:
        value = args["value"]
        view = self._slack.top_view(self.user)
        if view is not None and _is_file_field(view.blocks, args["action"]):
            value = [self._slack.workspace.files[each] for each in value or []]
        return await self._slack.select(self.user, args["view"], args["action"], value, block_id=args["block"])

    def _place(self, args: Args) -> Any:
        """A view by its id, or a message by where and when."""
        if "view" in args:
            return args["view"]
        said = self._slack.workspace.channel(args["channel"]).find(args["ts"])
        if said is None:
            raise NotOffered("that message is gone")
        return said

    def _service(self, name: str) -> Service:
        found = next((each for each in self._services if each.offer.name == name), None)
        if found is None:
            raise NotOffered(f"no service is called {name}")
        return found

    def _people(self) -> list[str]:
        return [each.name for each in self._slack.workspace.users.values() if not each.is_bot]

    def _person(self, name: str) -> str:
        if name not in self._people():
            raise NotOffered(f"nobody is called {name}")
        return name


def _is_file_field(blocks: list[Args], action_id: str) -> bool:
    inputs = (each.get("element", {}) for each in blocks)
    return any(each.get("action_id") == action_id and each.get("type") == "file_input" for each in inputs)


def _told(answered: Answered) -> Answer:
    if answered.acked or answered.error in SAID:
        return {}
    return {"error": WORDS.get(answered.error, answered.error)} if answered.error else {}
