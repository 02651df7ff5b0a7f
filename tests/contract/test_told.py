"""The events that are documented are those that the code writes: read from every place that writes one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from api.told import ACTIONS
from services.domain.signal import SignalStatus

ROOT = Path(__file__).parents[2]
LIFE = {SignalStatus.EXECUTED.lower(), SignalStatus.EXPIRED.lower()}
"""What services/db/decisions.py concludes: there the action is the status that the database answers."""


def _trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text())
        for path in (ROOT / "services").rglob("*.py")
        if "migrations" not in path.parts
    }


def _words(node: ast.expr, module: ast.Module) -> set[str]:
    """The texts that an expression can be: itself, or all that is given to its name in the module."""
    match node:
        case ast.Constant(value=str() as text):
            return {text}
        case ast.Call(func=ast.Attribute(attr="lower")):
            return LIFE
        case ast.Subscript(value=ast.Name(id=name)):
            given = [value for each in _given(name, module) if isinstance(each, ast.Dict) for value in each.values]
        case ast.Name(id=name) | ast.Attribute(attr=name):
            given = list(_given(name, module))
        case _:
            raise AssertionError(f"an action that is not understood: {ast.unparse(node)}")
    return {each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def _given(name: str, module: ast.Module) -> Iterator[ast.expr]:
    """What is assigned to a name, looped over by it, or passed for it."""
    for node in ast.walk(module):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                yield value
            case ast.comprehension(target=ast.Name(id=target), iter=ast.Tuple(elts=values)) if target == name:
                yield from values
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                places = [argument.arg for argument in node.args.args]
                if name in places:
                    at = places.index(name)
                    for call in ast.walk(module):
                        if isinstance(call, ast.Call) and ast.unparse(call.func) == node.name and len(call.args) > at:
                            yield call.args[at]


def _pairs(node: ast.expr, module: ast.Module) -> Iterator[ast.Tuple]:
    """The tuples in a list of events, wherever the list is put together."""
    lists = [node, *(_given(node.id, module) if isinstance(node, ast.Name) else ())]
    for each in lists:
        match each:
            case ast.List(elts=events):
                yield from (event for event in events if isinstance(event, ast.Tuple))
            case ast.ListComp(elt=ast.Tuple() as event):
                yield event


def _written() -> dict[str, set[str]]:
    """The actions that the code writes, by type."""
    found: dict[str, set[str]] = {}

    def note(type_: str, words: set[str]) -> None:
        found.setdefault(type_, set()).update(words)

    for module in _trees().values():
        imported = " ".join(str(each.module) for each in module.body if isinstance(each, ast.ImportFrom))
        for call in ast.walk(module):
            if not isinstance(call, ast.Call):
                continue
            match ast.unparse(call.func):
                case "market_events.append":
                    for event in _pairs(call.args[1], module):
                        (type_,) = _words(event.elts[0], module)
                        note(type_, _words(event.elts[1], module))
                case "sources.tell":
                    for event in _pairs(call.args[1], module):
                        note("signal", _words(event.elts[1], module))
                case "accounts.announce":
                    named = [each.value for each in call.keywords if each.arg == "type_"]
                    (type_,) = _words(named[0], module) if named else ("account",)
                    note(type_, _words(call.args[2], module))
                case "Notice" if "services.db.settlement" in imported:
                    (type_,) = _words(call.args[1], module)
                    note(type_, _words(call.args[2], module))
    changes = ast.parse((ROOT / "services/domain/changes.py").read_text())
    ends = next(each for each in _given("_ENDS", changes) if isinstance(each, ast.Dict))
    told = next(each for each in ast.walk(changes) if isinstance(each, ast.FunctionDef) and each.name == "_action")
    answers = [each.value for each in ast.walk(told) if isinstance(each, ast.Return)]
    words = {each.value for answer in answers for each in ast.walk(answer) if isinstance(each, ast.Constant)}
    note("paper_trade", words | {value.value for value in ends.values})
    return found


def test_the_documented_actions_are_those_that_the_code_writes():
    assert _written() == {type_: set(actions) for type_, actions in ACTIONS.items()}


def test_the_page_for_users_names_them_all():
    page = (ROOT / "docs/api.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE))
    for type_, actions in ACTIONS.items():
        assert tuple(re.findall(r"`([a-z_]+)`", rows[type_])) == actions
