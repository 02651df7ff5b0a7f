"""What a PromQL expression asks of each metric, by a parser of the language."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    MatchOp,
    MatrixSelector,
    ParenExpr,
    VectorSelector,
    parse,
)


class Asked(NamedTuple):
    """A selector: the metric, what its labels must be (patterns by label), and the labels that the rest groups by."""

    metric: str
    patterns: dict[str, re.Pattern[str]]
    grouped: frozenset[str]


def asked(expression: str) -> list[Asked]:
    """Every selector of the expression. Raises ValueError for what is no PromQL."""
    return list(_walk(parse(expression), frozenset()))


def _walk(node: object, grouped: frozenset[str]) -> Iterator[Asked]:
    if isinstance(node, VectorSelector):
        assert node.name is not None
        yield Asked(node.name, {each.name: _pattern(each) for each in node.matchers.matchers}, grouped)
    elif isinstance(node, MatrixSelector):
        yield from _walk(node.vector_selector, grouped)
    elif isinstance(node, AggregateExpr):
        yield from _walk(node.expr, grouped | frozenset(node.modifier.labels if node.modifier else ()))
    elif isinstance(node, BinaryExpr):
        yield from _walk(node.lhs, grouped)
        yield from _walk(node.rhs, grouped)
    elif isinstance(node, ParenExpr):
        yield from _walk(node.expr, grouped)
    elif isinstance(node, Call):
        for argument in node.args:
            yield from _walk(argument, grouped)


def _pattern(matcher) -> re.Pattern[str]:
    """What the label's value must match; a matcher that excludes values asks for another one."""
    if matcher.op in (MatchOp.Equal, MatchOp.Re):
        return re.compile(matcher.value if matcher.op == MatchOp.Re else re.escape(matcher.value))
    assert matcher.op == MatchOp.NotEqual, "not used so far"
    return re.compile(f"(?!{re.escape(matcher.value)}$).*")
