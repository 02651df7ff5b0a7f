"""What is mutated, and what is left out because no program computes with it."""

from collections import Counter

from tests.mutants.generated import JUDGES, places, sample

TEXT = """
class Kept(Struct, frozen=True, array_like=True, gc=False):
    def product(self, a, /, b, *, c=1):
        return a * b * made(frozen=True)
class Bare(frozen=True): ...
"""


def test_declarations_are_left_out_and_nothing_that_computes():
    assert sorted((line, name.removeprefix("core/"), number) for name, number, line in places(TEXT)) == [
        (2, "ReplaceTrueWithFalse", 1),  # array_like
        (3, "NumberReplacer", 0),
        (3, "NumberReplacer", 1),
        (4, "ReplaceBinaryOperator_Mul_Div", 1),
        (4, "ReplaceBinaryOperator_Mul_Div", 2),
        (4, "ReplaceTrueWithFalse", 2),
    ]


def test_a_sample_has_some_of_every_module():
    drawn = Counter(mutant.module for mutant in sample(1, 400))
    assert drawn.total() == len(set(sample(1, 400))) == 400
    assert drawn.keys() == JUDGES.keys()
