"""Three kinds of questions: a number, a choice, a function to write."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, repr=False)
class Verdict:
    """What `check` says: true or false, with a message.

    Parameters
    ----------
    right : bool
        Whether the answer was right.
    hint : str
        What to think about if it was not.

    Examples
    --------
    >>> bool(Verdict(False, "Look at the sign.")), Verdict(False, "Look at the sign.")
    (False, Not yet. Look at the sign.)
    """

    right: bool
    hint: str = ""

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return "Right." if self.right else f"Not yet. {self.hint}"


@dataclass(frozen=True)
class Slip:
    """A known wrong answer, and the hint for those who give it.

    Parameters
    ----------
    wrong : callable
        For a number: a function without arguments that computes the wrong number.
        For a function to write: the wrong function itself.
    hint : str
        What to tell somebody who makes this mistake.
    """

    wrong: Callable[..., Any]
    hint: str


class Question(ABC):
    """Something that an answer can be checked against."""

    @abstractmethod
    def check(self, answer: object) -> Verdict:
        """Compare an answer with the right one and with the known slips."""

    @abstractmethod
    def right(self) -> object:
        """Return an answer that is accepted."""

    @abstractmethod
    def slips_with_hints(self) -> list[tuple[object, str]]:
        """Return known wrong answers, each with the hint that it must get."""


@dataclass(frozen=True)
class Number(Question):
    """A question whose answer is a number.

    Parameters
    ----------
    answer : callable
        Computes the right number.
    hint : str
        For a wrong number that is not one of the slips.
    slips : sequence of Slip
        Wrong numbers that have a known cause.
    rtol, atol : float
        An answer within ``atol + rtol * |right|`` is right: three digits unless said otherwise.

    Examples
    --------
    >>> half = Number(lambda: 0.5, "Think of a coin.", [Slip(lambda: 2.0, "The other way up.")])
    >>> half.check(0.5), half.check(2), half.check("a lot")
    (Right., Not yet. The other way up., Not yet. The answer is one number, and 'a lot' is not.)
    """

    answer: Callable[[], float]
    hint: str
    slips: Sequence[Slip] = ()
    rtol: float = 1e-3
    atol: float = 1e-9

    def check(self, answer: object) -> Verdict:
        """See `Question.check`."""
        try:
            # The answer may be anything: what is not a number is what the `except` is for.
            given = float(answer)  # type: ignore[arg-type]
        except (TypeError, ValueError, RuntimeError):
            return Verdict(False, f"The answer is one number, and {answer!r} is not.")
        if self._same(given, self.answer()):
            return Verdict(True)
        for slip in self.slips:
            if self._same(given, slip.wrong()):
                return Verdict(False, slip.hint)
        return Verdict(False, self.hint)

    def right(self) -> float:
        """See `Question.right`."""
        return self.answer()

    def slips_with_hints(self) -> list[tuple[object, str]]:
        """See `Question.slips_with_hints`."""
        return [(slip.wrong(), slip.hint) for slip in self.slips]

    def _same(self, given: float, wanted: float) -> bool:
        return math.isclose(given, wanted, rel_tol=0, abs_tol=self.atol + self.rtol * abs(wanted)) \
            if math.isfinite(wanted) else given == wanted  # fmt: skip


@dataclass(frozen=True)
class Choice(Question):
    """A question with options, of which one is right.

    Parameters
    ----------
    options : mapping
        From a letter to what it stands for.
    answer : str
        The letter of the right option.
    hints : mapping
        From each wrong letter to what is wrong with it.
    """

    options: Mapping[str, str]
    answer: str
    hints: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.answer not in self.options:
            raise ValueError(f"answer must be one of {list(self.options)}, got {self.answer!r}")
        if set(self.hints) != set(self.options) - {self.answer}:
            raise ValueError(f"hints must be for every wrong option, got {list(self.hints)}")

    def check(self, answer: object) -> Verdict:
        """See `Question.check`."""
        letter = str(answer).strip().strip("()").lower()
        if letter not in self.options:
            return Verdict(False, f"Answer with one of {', '.join(self.options)}.")
        return Verdict(True) if letter == self.answer else Verdict(False, self.hints[letter])

    def right(self) -> str:
        """See `Question.right`."""
        return self.answer

    def slips_with_hints(self) -> list[tuple[object, str]]:
        """See `Question.slips_with_hints`."""
        return list(self.hints.items())


@dataclass(frozen=True)
class Function(Question):
    """A question that asks for a function.

    Parameters
    ----------
    reference : callable
        Does what is asked; usually a function of the package.
    inputs : sequence of tuple
        Arguments to try both on.
    hint : str
        For a wrong function that is not one of the slips.
    slips : sequence of Slip
        Wrong functions that have a known cause.
    rtol, atol : float
        How close results must be.
    """

    reference: Callable[..., Any]
    inputs: Sequence[tuple[Any, ...]]
    hint: str
    slips: Sequence[Slip] = field(default=())
    rtol: float = 1e-4
    atol: float = 1e-6

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("inputs must hold at least one tuple of arguments, got none")

    def check(self, answer: object) -> Verdict:
        """See `Question.check`."""
        if not callable(answer):
            return Verdict(False, f"The answer is a function, and {answer!r} cannot be called.")
        try:
            given = self._results(answer)
        except Exception as error:  # the reader's code: whatever it raises is shown as a hint
            name = type(error).__name__
            return Verdict(False, f"Your function raised {name} on a valid input: {error}")
        if self._same(given, self._results(self.reference)):
            return Verdict(True)
        for slip in self.slips:
            if self._same(given, self._results(slip.wrong)):
                return Verdict(False, slip.hint)
        return Verdict(False, self.hint)

    def right(self) -> Callable[..., Any]:
        """See `Question.right`."""
        return self.reference

    def slips_with_hints(self) -> list[tuple[object, str]]:
        """See `Question.slips_with_hints`."""
        return [(slip.wrong, slip.hint) for slip in self.slips]

    def _results(self, function: Callable[..., Any]) -> list[np.ndarray[Any, Any]]:
        return [_array(function(*arguments)) for arguments in self.inputs]

    def _same(self, a: list[np.ndarray[Any, Any]], b: list[np.ndarray[Any, Any]]) -> bool:
        return all(
            x.shape == y.shape and np.allclose(x, y, self.rtol, self.atol, equal_nan=True)
            for x, y in zip(a, b, strict=True)
        )


def _array(result: Any) -> np.ndarray[Any, Any]:
    if hasattr(result, "detach"):
        result = result.detach().numpy()
    return np.asarray(result, dtype=np.float64)
