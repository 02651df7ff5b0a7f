"""What users may ask of an outlet: rules, descriptions, quiet hours, checked before they are stored."""

from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.domain.errors import InvalidInput
from services.domain.outlets import QuietHours, Rule

OUTLETS_MAX = 20
RULES_MAX = 10
NAMES_MAX = 100
DESCRIPTION_MAX = 200
_AMOUNT_MAX = Decimal("1e15")


def check_rules(rules: Sequence[Rule], account_ids: Sequence[int]) -> None:
    """Raises InvalidInput naming the field. `account_ids` are the caller's."""
    if len(rules) > RULES_MAX:
        raise InvalidInput("too_many_rules", f"an outlet has at most {RULES_MAX} rules", field="rules")
    for number, rule in enumerate(rules):
        _check_rule(rule, account_ids, f"rules[{number}]")


def check_description(text: str) -> None:
    """Raises InvalidInput."""
    if len(text) > DESCRIPTION_MAX or not (text == "" or text.isprintable()):
        raise InvalidInput(
            "bad_text", f"description must be at most {DESCRIPTION_MAX} printable characters", field="description"
        )


def check_quiet_hours(quiet: QuietHours | None) -> None:
    """Raises InvalidInput."""
    if quiet is None:
        return
    if quiet.start.tzinfo is not None or quiet.end.tzinfo is not None or quiet.start == quiet.end:
        raise InvalidInput(
            "bad_quiet_hours", "start and end must be two different times, such as 22:00 and 07:00", field="quiet_hours"
        )
    try:
        ZoneInfo(quiet.time_zone)
    except (ValueError, OSError, KeyError):
        raise InvalidInput(
            "unknown_time_zone", "time_zone must be a name such as Europe/Berlin", field="quiet_hours.time_zone"
        ) from None


def _check_rule(rule: Rule, account_ids: Sequence[int], field: str) -> None:
    if any(len(names) > NAMES_MAX for names in (rule.events, rule.account_ids, rule.sources)):
        raise InvalidInput("too_many_names", f"a rule names at most {NAMES_MAX} of a kind", field=field)
    if not set(rule.account_ids) <= set(account_ids):
        raise InvalidInput("unknown_account", "account_ids must be your own", field=f"{field}.account_ids")
    if not all(0 < len(name) <= 80 and name.isprintable() for name in rule.sources):
        raise InvalidInput("bad_text", "sources must be 1 to 80 printable characters", field=f"{field}.sources")
    for name in ("minimum_profit", "minimum_loss"):
        amount: Decimal | None = getattr(rule, name)
        if amount is not None and not (amount.is_finite() and 0 <= amount < _AMOUNT_MAX):
            raise InvalidInput(
                "not_a_positive_number", f"{name} must be a finite amount, not negative", field=f"{field}.{name}"
            )
