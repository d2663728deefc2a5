"""Exercises that check an answer: right, or not yet and a hint that fits the mistake.

The right answers are computed by the package, not kept as numbers, and every mistake that has a
hint of its own is a computation too.

Examples
--------
>>> check("kl-two-gaussians", 0.443)
Right.
>>> check("kl-two-gaussians", 1.3069)
Not yet. That is KL(q || p): the mean is taken over the first argument.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from gan_lessons.exercises.base import Question, Verdict

# One module for each chapter that has exercises.
CHAPTERS = (
    "classifiers",
    "distances",
    "minimax",
    "optimum",
    "bce",
    "dynamics",
    "failures",
    "helps",
    "objectives",
    "dcgan",
    "judging",
    "conditional",
)


def check(name: str, answer: object) -> Verdict:
    """Say whether an answer is right, and if it is not, what may have gone wrong.

    Parameters
    ----------
    name : str
        The name of the exercise, as its text gives it.
    answer : object
        A number, the letter of a choice, or a function: what the exercise asks for.

    Returns
    -------
    Verdict
        True if right, false if not; shown in a notebook, it is the message.

    Raises
    ------
    ValueError
        If there is no exercise of that name.
    """
    all_of_them = questions()
    if name not in all_of_them:
        raise ValueError(f"name must be one of {', '.join(sorted(all_of_them))}, got {name!r}")
    return all_of_them[name].check(answer)


@cache
def questions() -> dict[str, Question]:
    """Return every exercise by name."""
    found: dict[str, Question] = {}
    for chapter in CHAPTERS:
        module = import_module(f"gan_lessons.exercises.{chapter}")
        twice = found.keys() & module.QUESTIONS.keys()
        if twice:
            raise ValueError(f"QUESTIONS must have new names, got {sorted(twice)} a second time")
        found |= module.QUESTIONS
    return found
