"""What a person in the demo can do to the service."""

from enum import StrEnum
from typing import Final


class Switch(StrEnum):
    """One position at a time; each says what people will see."""

    NORMAL = "normal"
    DOWN = "down"
    """Nobody answers: the port is shut. Renders under way go on behind it."""
    ERRORS = "errors"
    """Every call is answered with 503. A submit that hears it does not know whether it arrived; here it never does."""
    SLOW = "slow"
    """Renders take six times as long and answers come late."""
    REFUSE = "refuse"
    """Moderation turns everything down, where this dialect does it: at the submit or as a failed render."""
    LOSE = "lose"
    """A submit is taken, started and paid, and its answer never arrives."""
    STUCK = "stuck"
    """Renders hang at 99 % until the switch is put back."""
    RETIRED = "retired"
    """Submits are answered with 410 and no model is listed any more; what was accepted before is finished."""

    @property
    def pace(self) -> float:
        return 1 / SLOW_FACTOR if self is Switch.SLOW else 1.0

    @property
    def latency_s(self) -> float:
        return SLOW_ANSWER_S if self is Switch.SLOW else 0.0


SLOW_FACTOR: Final = 6
SLOW_ANSWER_S: Final = 0.8
