"""The parts of the API that a client of either mode has, each under the name that programs use."""

from typing import Generic

from paperfleet.client.modes import M, Sender
from paperfleet.client.resources.access import Links, Sessions, Users
from paperfleet.client.resources.accounts import Accounts, Keys
from paperfleet.client.resources.figures import Figures
from paperfleet.client.resources.market import Markets
from paperfleet.client.resources.mode import Modes
from paperfleet.client.resources.outlets import Notifications, Webhooks
from paperfleet.client.resources.signals import Signals
from paperfleet.client.resources.sources import Sources
from paperfleet.client.resources.system import Systems
from paperfleet.client.resources.trades import Trades


class Parts(Generic[M]):
    """Every part, carried by `sender`."""

    def __init__(self, sender: Sender) -> None:
        self.trades: Trades[M] = Trades(sender)
        self.signals: Signals[M] = Signals(sender)
        self.sources: Sources[M] = Sources(sender)
        self.performance: Figures[M] = Figures(sender)
        self.accounts: Accounts[M] = Accounts(sender)
        self.mode: Modes[M] = Modes(sender)
        self.links: Links[M] = Links(sender)
        self.keys: Keys[M] = Keys(sender)
        self.session: Sessions[M] = Sessions(sender)
        self.users: Users[M] = Users(sender)
        self.webhooks: Webhooks[M] = Webhooks(sender)
        self.notifications: Notifications[M] = Notifications(sender)
        self.market: Markets[M] = Markets(sender)
        self.system: Systems[M] = Systems(sender)
