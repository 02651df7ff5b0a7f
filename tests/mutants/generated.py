"""Mutants by the hundred: the operators of cosmic-ray over the domain and the use cases, a sample drawn by a seed.

Each is judged by the tests that concern its module (`JUDGES`), in that order until one is red. What none of them
notices comes before the same tests with all of their examples and before those around them (`wider`). What then is
left survives, and is listed with its line.
"""

import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import Class
from parso.tree import NodeOrLeaf

ROOT = Path(__file__).parents[2]
OPERATORS = re.compile(
    r"core/(ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Lt_Gt|Gt_Lt|LtE_GtE|GtE_LtE"
    r"|Is_IsNot|IsNot_Is|In_NotIn|NotIn_In)|ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|Mod_Mul|BitAnd_BitOr)"
    r"|ReplaceUnaryOperator_(Delete_Not|USub_UAdd|Delete_USub)|AddNot|ReplaceAndWithOr|ReplaceOrWithAnd"
    r"|ReplaceTrueWithFalse|ReplaceFalseWithTrue|NumberReplacer|ReplaceBreakWithContinue|ReplaceContinueWithBreak"
    r"|ZeroIterationForLoop)"
)
"""Left out: what changes type annotations, decorators and exception lists, which hardly any test can miss.

Of what these find, that is left out which no program computes with (`_is_declaration`): the bare `*` and `/` of
signatures, which are taken for arithmetic and of which callers that fit are not told, and the keywords of class
statements in `DECLARED`.
"""
DECLARED = frozenset(("frozen", "kw_only", "gc"))
"""Who may assign to a struct and how one is made is for the type checker; what the collector follows is for memory.

Keywords that change what is computed or written (`array_like`, `omit_defaults`, `tag`) are mutated like anything else.
"""

WALK = (
    "tests/simulation/test_seeds.py::test_every_seed_in_memory_ends_as_its_prints_say",
    "tests/domain/test_walk.py",
    "tests/domain/test_gap.py",
    "tests/domain/test_path.py",
    "tests/domain/test_profit.py",
    "tests/domain/test_changes.py",
    "tests/domain/test_whole.py",
    "tests/domain/test_delisted.py",
    "tests/domain/test_stops.py",
    "tests/domain/test_liquidation.py",
    "tests/domain/test_funding.py",
    "tests/domain/test_plan_commands.py",
    "tests/domain/test_truth.py",
    "tests/domain/test_laws.py",
    "tests/domain/test_plans.py",
)
OPENING = (
    "tests/domain/test_opening.py",
    "tests/domain/test_planning.py",
    "tests/domain/test_filters.py",
    "tests/domain/test_sizing.py",
    *WALK,
)
EVALUATION = (
    "tests/simulation/test_seeds.py",
    "tests/evaluation/test_judge_paths.py",
    "tests/evaluation/test_transactions.py",
    "tests/evaluation/test_in_progress.py",
    "tests/evaluation/test_held_long.py",
)
TRADES = ("tests/api/one_market", "tests/api/test_paper_trades.py", "tests/api/test_plans.py")
SIGNALS = (
    "tests/signals/test_store.py",
    "tests/signals/test_clock.py",
    "tests/signals/test_trade.py",
    "tests/signals/test_http.py",
    "tests/signals/test_webhooks.py",
    "tests/signals/test_exits.py",
)
INTAKE = ("alerts", "alert_levels", "alert_text", "ticker", "signal", "source")
METRICS = (
    "confidence",
    "course",
    "curve",
    "drawdown",
    "equity_curve",
    "figures",
    "returns",
    "rounding",
    "scope",
    "streaks",
    "tally",
)

_JUDGES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "services/domain/walk.py",
            "services/domain/judge.py",
            "services/domain/gap.py",
            "services/domain/next_event.py",
            "services/domain/barriers.py",
            "services/domain/executions.py",
            "services/domain/reach.py",
            "services/domain/stops.py",
            "services/domain/command.py",
            "services/domain/profit.py",
            "services/domain/trade.py",
            "services/domain/changes.py",
            "services/domain/path.py",
            "services/domain/funding.py",
        ),
        WALK,
    ),
    **dict.fromkeys(("services/domain/fills.py", "services/domain/money.py"), ("tests/domain/test_money.py", *WALK)),
    **dict.fromkeys(
        ("services/domain/liquidation.py", "services/domain/brackets.py"),
        ("tests/domain/test_liquidation.py", "tests/domain/test_brackets.py"),
    ),
    **dict.fromkeys(
        ("services/domain/plan.py", "services/domain/market.py", "services/domain/fees.py"),
        (*OPENING, "tests/domain/test_money.py"),
    ),
    **dict.fromkeys(
        ("services/domain/equity.py", "services/domain/limits.py"),
        ("tests/domain/test_sizing.py", "tests/domain/test_limits.py", *TRADES),
    ),
    "services/domain/view.py": ("tests/domain/test_view.py", "tests/domain/test_excursion.py", *TRADES),
    **dict.fromkeys(
        (f"services/domain/metrics/{name}.py" for name in METRICS),
        ("tests/domain/metrics", "tests/api/test_performance.py", "tests/api/test_equity.py"),
    ),
    **dict.fromkeys(
        (f"services/domain/{name}.py" for name in INTAKE),
        ("tests/domain/test_bounds.py", "tests/fuzz/test_intake.py", *SIGNALS),
    ),
    "services/domain/credentials.py": ("tests/fuzz/test_intake.py", "tests/access/test_keys.py"),
    "services/domain/candles.py": ("tests/scanner/test_scan.py", "tests/api/one_market/test_candles.py"),
    "services/domain/scan.py": ("tests/domain/test_bounds.py", "tests/scanner/test_scan.py"),
    "services/domain/shards.py": (
        "tests/domain/test_shards.py",
        "tests/scanner/test_scan.py",
        "tests/evaluation/test_delisting.py",
    ),
    "services/domain/mode.py": ("tests/hooks/test_mode.py",),
    "services/domain/what_if.py": ("tests/backtest/test_what_if.py",),
    "services/domain/outlets.py": ("tests/hooks/test_serving.py", "tests/hooks/test_notifications.py"),
    "services/domain/halts.py": (
        "tests/domain/test_halts.py",
        "tests/workers/test_pause.py",
        "tests/deploy/test_doctor.py",
    ),
    "services/domain/excursion.py": ("tests/domain/test_excursion.py",),
    "services/domain/coverage.py": ("tests/domain/test_coverage.py",),
    "services/domain/jump.py": ("tests/domain/test_jump.py",),
    **dict.fromkeys(
        ("services/domain/opening.py", "services/domain/planning.py", "services/domain/sizing.py"), OPENING
    ),
    **dict.fromkeys(("services/usecases/judge_paths.py", "services/usecases/evaluate_trades.py"), EVALUATION),
    "services/usecases/fetch_paths.py": (
        "tests/evaluation/test_held_long.py",
        "tests/evaluation/test_futures_market.py",
    ),
    "services/usecases/settle_funding.py": ("tests/evaluation/test_futures_market.py",),
    "services/usecases/delist.py": ("tests/evaluation/test_delisting.py",),
    **dict.fromkeys(
        (
            "services/usecases/command_trade.py",
            "services/usecases/make_trades.py",
            "services/usecases/open_trade.py",
            "services/usecases/quotes.py",
        ),
        TRADES,
    ),
    "services/usecases/once.py": ("tests/access/test_keys.py", "tests/api/one_market/test_idempotency.py"),
    "services/usecases/act_at_once.py": (*TRADES, "tests/evaluation/test_sweep.py"),
    "services/usecases/sweep_quotes.py": ("tests/evaluation/test_sweep.py", "tests/evaluation/test_futures_market.py"),
    **dict.fromkeys(
        ("services/usecases/finer_data.py", "services/domain/finer.py"),
        (
            "tests/domain/test_finer.py",
            "tests/evaluation/test_finer_doubts.py",
            "tests/evaluation/test_schedules.py",
        ),
    ),
    **dict.fromkeys(("services/usecases/store_signals.py", "services/usecases/trade_signals.py"), SIGNALS),
}

JUDGES = {module: ("tests/docs/test_limits.py", *tests) for module, tests in _JUDGES.items()}
"""The tests of each module; the figures that people are told of are held by one for all."""

_AROUND_DOMAIN = (
    "tests/domain",
    "--ignore=tests/domain/metrics",
    "tests/simulation/test_seeds.py",
    "tests/evaluation/test_plans.py",
    "tests/evaluation/test_futures.py",
)
_AROUND_USECASES = ("tests/evaluation", "--ignore=tests/evaluation/test_conservation.py", "tests/api/test_race.py")


def wider(module: str) -> tuple[str, ...]:
    """The tests around those that judge `module`: whoever uses it, but for what takes many minutes."""
    return _AROUND_DOMAIN if module.startswith("services/domain") else (*JUDGES[module], *_AROUND_USECASES)


class Generated(NamedTuple):
    """One mutant: the occurrence of an operator in a module."""

    module: str
    operator: str
    occurrence: int
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.operator.removeprefix('core/')} {self.occurrence}"

    @contextmanager
    def put_into(self, folder: Path) -> Iterator[None]:
        """Have the mutation in this copy of the source."""
        path = folder / self.module
        text = path.read_text()
        path.write_text(self.code())
        try:
            yield
        finally:
            path.write_text(text)

    def code(self) -> str:
        """The module's text with the mutation."""
        found = mutate_code(_text(self.module), get_operator(self.operator)(), self.occurrence)
        assert found is not None, self
        return str(found)


def sample(seed: int, count: int) -> list[Generated]:
    """`count` mutants of all modules, four times as many from each of the domain as from a use case."""
    chance = random.Random(seed)
    shares = {module: 4 if module.startswith("services/domain") else 1 for module in JUDGES}
    chosen: list[Generated] = []
    reach = 0
    for module, share in shares.items():
        reach += share
        found = sorted(Generated(module, *place) for place in places(_text(module)))
        wanted = round(count * reach / sum(shares.values())) - len(chosen)  # what one lacks, the next gives
        chosen += chance.sample(found, min(wanted, len(found)))
    return chosen


@cache
def _text(module: str) -> str:
    return (ROOT / module).read_text()


def places(text: str) -> Iterator[tuple[str, int, int]]:
    """Operator, occurrence and line of each mutation of a module's text."""
    nodes = list(ast_nodes(get_ast(text)))
    for name in operator_names():
        if OPERATORS.fullmatch(name):
            operator = get_operator(name)()
            found = [(node, line) for node in nodes for (line, _), _ in operator.mutation_positions(node)]
            for number, (node, line) in enumerate(found):
                if not _is_declaration(node):
                    yield name, number, line


def _is_declaration(node: NodeOrLeaf) -> bool:
    """Whether `node` separates parameters, or is what a class statement gives a keyword of `DECLARED`."""
    around = node.parent
    if around is None or around.type == "parameters":
        return node.type == "operator"
    owner = around.parent if around.parent is None or around.parent.type != "arglist" else around.parent.parent
    return around.type == "argument" and isinstance(owner, Class) and around.children[0].value in DECLARED
