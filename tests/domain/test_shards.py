"""Shards of a market: none too large, each pair once, and growth that splits and never shuffles."""

from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from services.domain.market import Market
from services.domain.shards import SYMBOLS_MAX, shards

_names = st.lists(st.text("ABCDEFGH", min_size=1, max_size=6), unique=True, max_size=300)


@given(_names, st.data())
def test_each_pair_is_in_one_shard_of_fifty_at_most_and_those_that_answer_are_counted(names, data):
    suspended = data.draw(st.sets(st.sampled_from(names))) if names else set()
    found = shards(Market.SPOT, names, suspended)
    assert sorted(name for shard in found for name in shard.symbols) == sorted(names)
    assert all(0 < len(shard.symbols) <= SYMBOLS_MAX for shard in found)
    assert [shard.number for shard in found] == list(range(len(found)))
    assert [shard.answering for shard in found] == [len({*shard.symbols} - suspended) for shard in found]


def test_growth_only_ever_splits_a_shard():
    names = [f"P{number}USDT" for number in range(500)]
    for count in (36, 72, 144, 200, 360):
        before = [set(shard.symbols) for shard in shards(Market.FUTURES, names[:count])]
        assert max(map(len, before)) < SYMBOLS_MAX  # none of them is what was cut off another
        listed = set(names[:count])
        for after in shards(Market.FUTURES, names[: count + 100]):
            assert sum(bool(shard & set(after.symbols)) for shard in before) == bool(listed & set(after.symbols))


def test_thirty_six_pairs_are_one_shard_and_one_more_makes_two():
    names = [f"P{number:02}USDT" for number in range(37)]
    assert [len(shard.symbols) for shard in shards(Market.SPOT, names[:36])] == [36]
    assert len(shards(Market.SPOT, names)) == 2
    assert shards(Market.SPOT, []) == []


def test_what_chance_puts_into_one_shard_is_cut_at_fifty():
    alike = [name for number in range(2000) if crc32((name := f"P{number}USDT").encode()) % 8 == 3][:120]
    assert [len(shard.symbols) for shard in shards(Market.SPOT, alike)] == [50, 50, 20]
