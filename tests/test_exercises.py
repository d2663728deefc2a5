"""Every exercise takes its right answer, and meets every known mistake with the hint for it."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from gan_lessons import exercises
from gan_lessons.exercises.base import Choice, Function, Number, Slip, Verdict

BOOK = Path(__file__).parent.parent / "book"
QUESTIONS = exercises.questions()
NONSENSE = [None, "no idea", float("nan"), [1, 2, 3], lambda: 1 / 0]

each_question = pytest.mark.parametrize("name", QUESTIONS)


@each_question
def test_the_right_answer_is_accepted(name):
    verdict = exercises.check(name, QUESTIONS[name].right())
    assert verdict
    assert repr(verdict) == "Right."


@each_question
def test_every_known_mistake_gets_its_own_hint(name):
    known = QUESTIONS[name].slips_with_hints()
    assert known, "an exercise needs at least one mistake that it knows"
    assert len({hint for _, hint in known}) == len(known)
    for wrong, hint in known:
        verdict = exercises.check(name, wrong)
        assert not verdict
        assert verdict.hint == hint
        assert len(hint) > 15, "a hint says something"


@each_question
@pytest.mark.parametrize("answer", NONSENSE, ids=lambda a: type(a).__name__)
def test_nonsense_is_refused_with_a_word_of_help(name, answer):
    verdict = exercises.check(name, answer)
    assert not verdict
    assert len(verdict.hint) > 15


@each_question
def test_a_near_miss_is_refused(name):
    """An answer off by one part in fifty is not right, and neither is a function that is."""
    question = QUESTIONS[name]
    if isinstance(question, Number):
        right = question.right()
        off = 1.02 * right if right else 0.02
        assert not question.check(off) or not math.isfinite(right)
        assert not question.check(-right) or right == 0
    if isinstance(question, Function):
        right = question.right()
        assert not question.check(lambda *arguments: 1.02 * right(*arguments) + 0.02)


def in_the_book():
    """The names of all exercises in the chapters, and those that a solution there checks."""
    text = {page: page.read_text(encoding="utf-8") for page in BOOK.rglob("*.md")}
    exercise = r"^```\{exercise-start\}.*\n:label: ex-([\w-]+)"
    labels = {n: p for p, t in text.items() for n in re.findall(exercise, t, re.MULTILINE)}
    solution = r"^```\{solution-start\} ex-([\w-]+)(.*?)^```\{solution-end\}"
    checked = {
        name
        for t in text.values()
        for name, inside in re.findall(solution, t, re.MULTILINE | re.DOTALL)
        if re.search(rf"exercises\.check\(\s*\"{name}\"", inside)
    }
    return labels, checked


BEFORE_THIS_WAS_A_RULE = {
    # The first two chapters check their solutions with plain assertions.
    "who-moves", "zero-sum", "two-generators", "count", "r1-two-modes", "fold",
}  # fmt: skip


def test_every_exercise_of_the_book_can_be_checked():
    labels, checked = in_the_book()
    assert set(labels) - BEFORE_THIS_WAS_A_RULE == set(QUESTIONS)
    assert checked == set(QUESTIONS), "each solution shows that its own answer is accepted"


def test_a_name_that_does_not_exist_is_answered_with_those_that_do():
    with pytest.raises(ValueError, match=r"^name must be one of .*kl-two-gaussians.*got 'kl'"):
        exercises.check("kl", 1.0)


# ---- the three kinds, on questions made for the test ----


def test_number_tells_its_slips_apart():
    question = Number(lambda: 2.0, "general", [Slip(lambda: -2.0, "sign"), Slip(lambda: 4.0, "2x")])
    assert question.check(2.001)
    assert not question.check(2.01)
    hints = [question.check(x).hint for x in (-2, 4, 7, math.inf)]
    assert hints == ["sign", "2x", "general", "general"]
    endless = Number(lambda: math.inf, "general", [])
    assert endless.check(math.inf)
    assert not endless.check(1e300)
    assert not endless.check(-math.inf)


def test_choice_reads_letters_loosely():
    question = Choice({"a": "yes", "b": "no"}, "b", {"a": "because"})
    assert question.check("B")
    assert question.check("(b)")
    assert question.check("a").hint == "because"
    assert "a, b" in question.check("c").hint
    with pytest.raises(ValueError, match="answer"):
        Choice({"a": "yes"}, "c", {})
    with pytest.raises(ValueError, match="hints"):
        Choice({"a": "yes", "b": "no"}, "b", {})


def test_function_compares_results_and_survives_errors():
    double = Function(
        lambda x: 2 * x, [(1.0,), (3.0,)], "general", [Slip(lambda x: x**2, "square")]
    )
    assert double.check(lambda x: x + x)
    assert double.check(lambda x: x**2).hint == "square"
    assert double.check(lambda x: 2.0).hint == "general"  # right for one input only
    assert double.check(lambda x: [2 * x]).hint == "general"  # another shape
    assert "ZeroDivisionError" in double.check(lambda x: 1 / 0).hint
    with pytest.raises(ValueError, match="inputs"):
        Function(abs, [], "general")


def test_a_verdict_is_a_truth_value():
    assert Verdict(True)
    assert not Verdict(False, "why")
