"""The example of every struct that is answered."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from api import outlets as outlet_views
from api import sources as source_views
from api.emergency import Asked
from api.events import TicketView
from api.examples import access, accounts, figures, market, operations, outlets, signals, trades
from api.findings import Findings
from api.inbox import Received
from api.schemas import AccountView, InstrumentView
from api.session import SessionView
from services.db.api_keys import ApiKey
from services.db.audit import AuditEntry
from services.db.books import Books
from services.db.day_courses import DayCourse
from services.db.decisions import Decision
from services.db.delivery_list import Delivery
from services.db.ledger_list import LedgerEntry
from services.db.public_links import PublicLink
from services.db.revisions import Revision
from services.db.signal_counts import SourceStatistics
from services.db.signals import SignalView
from services.db.users import Invitation, User
from services.db.voids import Void
from services.domain.halts import Halt
from services.domain.view import TradeView
from services.usecases.equity_curve import EquityCurve
from services.usecases.examine_queues import Queues
from services.usecases.import_signals import ImportReport
from services.usecases.list_prices import Price
from services.usecases.manage_accounts import Holdings
from services.usecases.manage_keys import KeyMade
from services.usecases.manage_users import Invited
from services.usecases.performance import Group, Performance
from services.usecases.read_candles import Chart
from services.usecases.read_lag import PairLag
from services.usecases.read_signals import DecidedSignal
from services.usecases.read_trade import LiveTradeView
from services.usecases.redeliver import Affected
from services.usecases.scorecard import CardLine, Scorecard
from services.usecases.share_account import LinkMade, Shared
from services.usecases.switch_mode import ModeView, Question
from services.usecases.system_status import SystemStatus
from services.usecases.try_outlet import Trial
from services.usecases.validate_signal import Validation, WouldBe

KNOWN: Mapping[type[msgspec.Struct], dict[str, Any]] = MappingProxyType(
    {
        TradeView: trades.OPEN,
        LiveTradeView: trades.LIVE,
        Revision: trades.REVISION,
        InstrumentView: market.INSTRUMENT,
        Price: market.PRICE,
        Chart: market.CHART,
        DayCourse: market.DAY,
        AccountView: accounts.ACCOUNT,
        Holdings: accounts.HOLDINGS,
        LedgerEntry: accounts.LEDGER_ENTRY,
        Question: accounts.QUESTION,
        ModeView: accounts.LIVE,
        Performance: figures.PERFORMANCE,
        Shared: figures.SHARED,
        Group: figures.GROUP,
        CardLine: figures.CARD_LINE,
        Scorecard: figures.SCORECARD,
        EquityCurve: figures.EQUITY,
        SignalView: signals.SIGNAL,
        Decision: signals.ACCEPTED,
        DecidedSignal: signals.DECIDED,
        WouldBe: signals.WOULD_BE,
        Validation: signals.VALIDATION,
        Received: signals.RECEIVED,
        ImportReport: signals.REPORT,
        source_views.SourceView: signals.SOURCE,
        source_views.WebhookSecret: signals.SOURCE_SECRET,
        SourceStatistics: signals.STATISTICS,
        outlet_views.WebhookView: outlets.WEBHOOK,
        outlet_views.WebhookSecret: outlets.WEBHOOK_MADE,
        outlet_views.TargetView: outlets.TARGET,
        Trial: outlets.TRIAL,
        Delivery: outlets.DELIVERY,
        Affected: outlets.AFFECTED,
        SessionView: access.SESSION,
        TicketView: access.TICKET,
        ApiKey: access.KEY,
        KeyMade: access.KEY_MADE,
        PublicLink: access.LINK,
        LinkMade: access.LINK_MADE,
        User: access.USER,
        Invitation: access.INVITATION,
        Invited: access.INVITED,
        SystemStatus: operations.SYSTEM,
        Queues: operations.QUEUES,
        Halt: operations.HALT,
        PairLag: operations.LAG,
        Books: operations.BOOKS,
        Findings: operations.FINDINGS,
        Asked: operations.ASKED,
        AuditEntry: operations.AUDIT_ENTRY,
        Void: operations.VOID,
    }
)
