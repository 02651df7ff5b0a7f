"""No decoder is forgotten: each module that decodes is fuzzed, or reads only what this product has written itself."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
DECODERS = frozenset(
    {"msgspec.convert", "json.load", "json.loads", "csv.reader", "csv.DictReader"}
    | {f"msgspec.{kind}.{name}" for kind in ("json", "msgpack") for name in ("decode", "Decoder")}
)

FUZZED = {
    "services/domain/alert_text.py": "test_an_alert_of_noise",
    "services/domain/alerts.py": "test_an_alert_with_any_part_spoiled",
    "services/binance/wire.py": "test_noise",
    "services/binance/brackets.py": "test_brackets_that_somebody_saved",
    "services/binance/dumps.py": "test_the_listing_of_a_recording",
    "services/coordination/queues.py": "test_messages_that_an_operator_looks_at",
    "services/db/backup.py": "test_the_manifest_of_a_backup",
    "services/settings.py": "test_parameters_of_strategies",
    "services/usecases/import_account.py": "test_an_exported_account",
    "services/usecases/signal_file.py": "test_a_file_of_signals",
    "services/usecases/replay_plans.py": "test_a_line_of_plans",
    "services/usecases/what_if.py": "test_a_line_of_plans",
    "services/usecases/replay_recording.py": "test_the_listing_of_a_recording",
    "services/usecases/try_outlet.py": "test_the_answer_of_a_webhook",
    "api/body.py": "test_a_body",
    "api/cursors.py": "test_a_cursor",
    "api/parameters.py": "test_filters",
    "api/signals.py": "test_the_source_that_a_body_names",
    "workers/batches.py": "test_messages_of_the_queue",
    "workers/messages.py": "test_messages_of_the_queue",
    "paperfleet/cli/rules.py": "test_a_rule_on_the_command_line",
    "paperfleet/client/calls.py": "test_an_answer_of_the_api_in_the_client",
    "paperfleet/client/errors.py": "test_a_refusal_of_the_api_in_the_client",
    "paperfleet/client/events.py": "test_an_event_in_the_client",
}
"""Decoders that face outside, each with its test in this folder."""

INWARD = {
    "services/coordination/": "values in Redis that this product wrote",
    "services/db/": "rows of our database, and what this product wrote into their JSON",
    "services/scanner/registry.py": "parameters of strategies as decoded by the settings, or words of a command line",
    "services/usecases/hand_over.py": "events of our database",
    "services/usecases/command_trade.py": "answers that this product kept under their Idempotency-Key",
    "services/usecases/notices.py": "events of our database",
    "services/usecases/once.py": "an answer that this product has just made",
    "services/usecases/outgoing.py": "events of our database",
    "services/usecases/redeliver.py": "an answer that this product kept under its Idempotency-Key",
    "services/usecases/serve_outlets.py": "messages that this product put into its outbox",
    "services/usecases/strategies.py": "settings, which are checked when they are loaded",
    "api/contract.py": "the document that this product has just made",
    "api/paper_trades.py": "an answer that this product has just made",
    "api/stream_traces.py": "events of our database",
    "paperfleet/site/pages.py": "the API's own document",
}
"""Modules and folders that decode nothing of others', and what they decode."""


def decoding() -> set[str]:
    """The modules that decode."""
    found = set()
    for folder in ("services", "api", "workers", "paperfleet"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text())
            if any(isinstance(node, ast.Attribute) and ast.unparse(node) in DECODERS for node in ast.walk(tree)):
                found.add(str(path.relative_to(ROOT)))
            assert not any(
                isinstance(node, ast.ImportFrom) and node.module in ("json", "msgspec.json", "msgspec.msgpack")
                for node in ast.walk(tree)
            ), f"{path}: write msgspec.json.decode in full, so that it is found here"
    return found


def is_inward(module: str) -> bool:
    return module in INWARD or any(place.endswith("/") and module.startswith(place) for place in INWARD)


def test_each_is_fuzzed_or_faces_inward():
    forgotten = {module for module in decoding() if module not in FUZZED and not is_inward(module)}
    assert not forgotten, f"fuzz them in tests/fuzz and name the test in FUZZED, or say in INWARD why not: {forgotten}"


def test_the_list_names_what_there_is():
    modules = decoding()
    gone = {each for each in (*FUZZED, *INWARD) if not any(module.startswith(each) for module in modules)}
    assert not gone, f"these decode nothing (any more): {gone}"
    tests = {
        node.name
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert set(FUZZED.values()) <= tests
