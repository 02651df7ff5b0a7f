"""One exchange and what is done to those who ask it."""

from collections import Counter
from dataclasses import dataclass, field

from deploy.simulator.exchange import Exchange
from deploy.simulator.faults import Faults


@dataclass
class Stage:
    """What the public paths serve and /control changes.

    latency_ms  added to every public answer
    counts      answers so far, by path and status; 0 where none was given
    """

    exchange: Exchange
    faults: Faults
    latency_ms: int = 0
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
