"""Plans with several targets, trailing and times: what is refused, by its field, and what just passes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from services.domain.errors import InvalidInput
from services.domain.market import Filters
from services.domain.opening import check_legs, rest
from services.domain.plan import Plan, Rules, Target, Trailing
from services.domain.planning import check_order, check_plan, on_grid
from tests.domain.test_opening import GRID, instrument, order, plan

D = Decimal
LATER = datetime(2026, 7, 2, tzinfo=UTC)
LONG, SHORT = plan(limit="100"), plan("SHORT", "100", "105", "90")


def ruled(given: Plan = LONG, *targets: tuple[str, str], **rules: object) -> Plan:
    chosen = tuple(Target(D(price), D(fraction)) for price, fraction in targets)
    return msgspec.structs.replace(given, targets=chosen or given.targets, rules=Rules(**rules))


def trailing(given: Plan = LONG, **how: str) -> Plan:
    return ruled(given, trailing=Trailing(**{name: D(value) for name, value in how.items()}))


def aimless(given: Plan = LONG, **rules: object) -> Plan:
    return msgspec.structs.replace(ruled(given, **rules), targets=())


THREE = (("110", "0.5"), ("120", "0.3"), ("130", "0.2"))
ELEVEN = tuple((str(101 + number), "0.1") for number in range(11))
MARKET = plan()
SECOND, YEAR = timedelta(seconds=1), timedelta(days=365)


@pytest.mark.parametrize(
    "right",
    [
        ruled(LONG, *THREE),
        ruled(LONG, *ELEVEN[:10]),
        ruled(SHORT, ("90", "0.5"), ("80", "0.5")),
        ruled(LONG, *THREE, break_even_after=1),
        ruled(LONG, *THREE, break_even_after=2),
        ruled(time_stop=SECOND),
        ruled(time_stop=YEAR),
        ruled(MARKET, time_stop=SECOND),
        ruled(entry_expires_at=LATER, cancel_on_target=True, cancel_on_stop=True, entry_zone=D(99)),
        trailing(distance="0.1"),
        trailing(percent="0.01"),
        trailing(percent="50"),
        trailing(percent="1", activation="100.1"),
        trailing(SHORT, percent="1", activation="99.9"),
        trailing(MARKET, percent="1", activation="1"),  # it is not known yet where that enters
        aimless(trailing=Trailing(percent=D(1))),
    ],
)
def test_what_makes_sense_passes(right):
    check_plan(right, instrument())


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        (aimless(), "no_target", "take_profit"),
        (ruled(LONG, *ELEVEN), "too_many_targets", "take_profits"),
        (ruled(LONG, ("110", "0.5"), ("120", "0.4")), "fractions_not_whole", "take_profits"),
        (ruled(LONG, ("110", "0.5"), ("120", "0.6")), "fractions_not_whole", "take_profits"),
        (ruled(LONG, ("110", "1"), ("120", "0")), "fractions_not_whole", "take_profits"),
        (ruled(LONG, ("110", "2"), ("120", "-1")), "fractions_not_whole", "take_profits"),
        (ruled(LONG, ("110", "0.5"), ("110", "0.5")), "target_misplaced", "take_profit"),
        (ruled(LONG, ("120", "0.5"), ("110", "0.5")), "target_misplaced", "take_profit"),
        (ruled(SHORT, ("80", "0.5"), ("90", "0.5")), "target_misplaced", "take_profit"),
        (ruled(break_even_after=1), "break_even_out_of_range", "break_even_after"),
        (ruled(LONG, *THREE, break_even_after=0), "break_even_out_of_range", "break_even_after"),
        (ruled(LONG, *THREE, break_even_after=3), "break_even_out_of_range", "break_even_after"),
        (
            aimless(break_even_after=1, trailing=Trailing(percent=D(1))),
            "break_even_out_of_range",
            "break_even_after",
        ),
        (ruled(time_stop=timedelta(0)), "time_stop_out_of_range", "time_stop"),
        (ruled(time_stop=YEAR + SECOND), "time_stop_out_of_range", "time_stop"),
        (ruled(MARKET, entry_expires_at=LATER), "only_for_limit", "entry_expires_at"),
        (ruled(entry_expires_at=datetime(9000, 1, 1, tzinfo=UTC)), "entry_expiry_out_of_range", "entry_expires_at"),
        (ruled(entry_expires_at=datetime.max.replace(tzinfo=UTC)), "entry_expiry_out_of_range", "entry_expires_at"),
        (ruled(entry_expires_at=datetime(1969, 12, 31, tzinfo=UTC)), "entry_expiry_out_of_range", "entry_expires_at"),
        (ruled(MARKET, cancel_on_target=True), "only_for_limit", "cancel_on_target"),
        (ruled(MARKET, cancel_on_stop=True), "only_for_limit", "cancel_on_stop"),
        (ruled(MARKET, entry_zone=D(99)), "only_for_limit", "entry_zone"),
        (aimless(cancel_on_target=True, trailing=Trailing(percent=D(1))), "no_target", "cancel_on_target"),
        (trailing(), "trailing_distance", "trailing"),
        (trailing(distance="1", percent="1"), "trailing_distance", "trailing"),
        (trailing(distance="0"), "trailing_distance", "trailing.distance"),
        (trailing(distance="-1"), "trailing_distance", "trailing.distance"),
        (trailing(percent="0"), "trailing_distance", "trailing.percent"),
        (trailing(percent="50.01"), "trailing_distance", "trailing.percent"),
        (trailing(percent="1", activation="100"), "activation_misplaced", "trailing.activation"),
        (trailing(percent="1", activation="99.9"), "activation_misplaced", "trailing.activation"),
        (trailing(SHORT, percent="1", activation="100"), "activation_misplaced", "trailing.activation"),
        (trailing(SHORT, percent="1", activation="100.1"), "activation_misplaced", "trailing.activation"),
    ],
)
def test_what_does_not_is_refused_by_its_field(wrong, code, field):
    with pytest.raises(InvalidInput) as refused:
        check_plan(wrong, instrument())
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_stop_that_stands_elsewhere_is_what_must_lie_behind():
    with pytest.raises(InvalidInput, match="must lie below the last price 104, got 104") as refused:
        check_order(LONG, D(104), reference="last price", stop=D(104))
    assert refused.value.numbers == {"price": "104", "stop_loss": "104", "take_profit_1": "110"}
    with pytest.raises(InvalidInput, match="must lie above take_profit 1 at 110, got 105"):
        check_order(ruled(LONG, ("110", "0.5"), ("105", "0.5")), D(104))


def test_trailing_and_entry_zone_go_to_the_grid_too():
    rules = {"trailing": Trailing(distance=D("0.51"), activation=D("101.01")), "entry_zone": D("98.07")}
    long, short = on_grid(ruled(LONG, **rules), GRID).rules, on_grid(ruled(SHORT, **rules), GRID).rules
    assert long == Rules(trailing=Trailing(distance=D("0.6"), activation=D("101.1")), entry_zone=D("98.0"))
    assert short == Rules(trailing=Trailing(distance=D("0.6"), activation=D("101.0")), entry_zone=D("98.1"))
    of_level = trailing(percent="0.123")
    assert on_grid(of_level, GRID) == of_level


class TestLegs:
    """The parts that targets close, where the exchange takes 0.3 and 40 USDT at least."""

    FILTERS = Filters(D("0.1"), D("0.1"), D("0.3"), D(40))

    def check(self, quantity: str, *targets: tuple[str, str]) -> None:
        check_legs(ruled(LONG, *targets), D(quantity), self.FILTERS)

    @pytest.mark.parametrize(
        ("quantity", "targets", "number"),
        [
            ("1", THREE, 2),  # 0.5, 0.3, 0.2: the second is worth 36
            ("1", (("160", "0.8"), ("250", "0.2")), 2),  # worth 50, but too few
            ("0.8", (("99.9", "0.5"), ("110", "0.5")), 1),
            ("0.3", (("200", "0.9"), ("300", "0.1")), 1),  # leaves nothing for the second
        ],
    )
    def test_a_part_that_is_no_order_is_refused_by_its_number(self, quantity, targets, number):
        with pytest.raises(InvalidInput) as refused:
            self.check(quantity, *targets)
        assert (refused.value.code, refused.value.field) == ("leg_below_minimum", "take_profits")
        assert refused.value.numbers["take_profit"] == str(number)

    @pytest.mark.parametrize(
        ("quantity", "targets"),
        [("2", THREE), ("1", (("160", "0.7"), ("200", "0.3"))), ("0.8", (("100", "0.5"), ("110", "0.5")))],
    )
    def test_parts_of_the_minimum_and_more_pass(self, quantity, targets):
        self.check(quantity, *targets)

    def test_a_single_target_closes_what_the_entry_was_allowed_to_open(self):
        """Of a SHORT it is worth less than that: the exchange takes it, it only closes."""
        small = plan("SHORT", "100", "105", "50", amount="5")
        assert rest(order(small)).quantity == D("0.05")


def test_what_is_written_of_a_plan_is_what_differs_from_the_usual():
    assert msgspec.to_builtins(Rules()) == {}
    assert msgspec.to_builtins(Rules(follow_targets=True, trailing=Trailing(percent=D(1)))) == {
        "follow_targets": True,
        "trailing": {"percent": "1"},
    }
    with pytest.raises(msgspec.ValidationError, match="behind"):
        msgspec.convert({"percent": "1", "behind": "1"}, Trailing)
