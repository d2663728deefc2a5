"""Exercises of the chapter on dynamics."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gan_lessons.dynamics import DiracGAN
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip
from gan_lessons.shift_gan import best_reply
from gan_lessons.updates import ORDERS, eigenvalues, spectral_radius

REST = np.zeros(2)
STEPS = [(1.0, -1.0, 0.1), (0.3, 2.0, 0.5), (-1.5, -0.7, 1.0)]  # theta, psi, h
PENALTIES = [(0.1, 0.6), (0.4, 1.0), (2.0, 0.3), (0.5, 2.5)]  # h, gamma
SHIFTS = [(2.0,), (-0.5,), (3.0,)]


def _turn(theta: float, psi: float, h: float, loss: str = "saturating") -> NDArray[np.float64]:
    return ORDERS["alternating"].step(DiracGAN(loss), np.array([theta, psi]), h)


def _at_once(theta: float, psi: float, h: float) -> NDArray[np.float64]:
    return ORDERS["simultaneous"].step(DiracGAN(), np.array([theta, psi]), h)


def _g_first(theta: float, psi: float, h: float) -> NDArray[np.float64]:
    game = DiracGAN()
    theta = theta + h * game.field(np.array([theta, psi]))[0]
    return np.array([theta, psi + h * game.field(np.array([theta, psi]))[1]])


def _radius(h: float, gamma: float, order: str = "simultaneous") -> float:
    return float(spectral_radius(ORDERS[order].derivative(DiracGAN(r1=gamma), REST, h)))


def _size_of_lambda(h: float, gamma: float) -> float:
    return float(np.abs(eigenvalues(DiracGAN(r1=gamma).jacobian(REST))).max())


def _rotation(gamma: float) -> float:
    return float(eigenvalues(DiracGAN(r1=gamma).jacobian(REST))[0].imag)


def _growth(loss: str) -> float:
    return float(spectral_radius(ORDERS["simultaneous"].derivative(DiracGAN(loss), REST, 0.4)))


QUESTIONS: dict[str, Question] = {
    "saddle-or-not": Choice(
        options={
            "a": "a minimum of V",
            "b": "an inflection point of V",
            "c": "a saddle point of V",
            "d": "a maximum of V",
        },
        answer="c",
        hints={
            "a": "Along the diagonal psi = theta V falls away from the solution.",
            "b": "A curve of one variable has inflection points. V has two players' variables.",
            "d": "Along the diagonal psi = -theta V rises away from the solution.",
        },
    ),
    "r1-rotation": Number(
        answer=lambda: _rotation(0.6),
        hint="Put gamma = 0.6 and f'(0) = 1/2 into -gamma/2 +- sqrt(gamma^2/4 - f'(0)^2).",
        slips=[
            Slip(lambda: math.sqrt(0.3**2 + 0.25), "The two squares are subtracted, not added."),
            Slip(lambda: math.sqrt(0.6**2 - 0.25), "Under the root stands gamma^2 / 4."),
            Slip(lambda: math.sqrt(1 - 0.09), "f'(0) is 1/2 for the logistic loss, not 1."),
            Slip(lambda: -0.3, "That is the real part. The question is about the imaginary one."),
        ],
    ),
    "simultaneous-growth": Number(
        answer=lambda: _growth("saturating"),
        hint="The multipliers are 1 + h lambda with lambda = +- i/2. How large is 1 + 0.2 i?",
        slips=[
            Slip(lambda: _growth("wasserstein"), "f'(0) is 1/2 here; you took 1."),
            Slip(lambda: _growth("saturating") ** 2, "That is the square: take the root."),
            Slip(lambda: 1 + 0.4 / 2, "1 and i/5 stand at right angles: Pythagoras, not a sum."),
            Slip(lambda: 1.0, "That would be alternating steps, or continuous time."),
        ],
        rtol=1e-4,
    ),
    "no-rotation": Number(
        answer=lambda: 2 * _rotation(0.0),
        hint="When does the root of gamma^2/4 - f'(0)^2 become real?",
        slips=[
            Slip(lambda: _rotation(0.0), "gamma/2 = 1/2 is where it happens. What is gamma?"),
            Slip(lambda: 2.0, "gamma = 2 f'(0), and f'(0) is 1/2."),
        ],
    ),
    "ns-circle": Number(
        answer=lambda: math.sqrt(2 * 0.02),
        hint="Per step r^2 grows by h^2 r^2/4 and shrinks by h r^4/8. Where are the two equal?",
        slips=[
            Slip(lambda: 2 * 0.02, "That is the square of the radius."),
            Slip(lambda: math.sqrt(0.02), "r^2/8 = h/4 gives r^2 = 2 h."),
            Slip(lambda: 0.0, "In continuous time, yes. Simultaneous steps push out as well."),
        ],
    ),
    "write-turn": Function(
        reference=_turn,
        inputs=STEPS,
        hint="psi moves by -h theta sigmoid(psi theta), then theta by h psi sigmoid(psi theta).",
        slips=[
            Slip(_at_once, "Those are simultaneous steps: G must see where D has moved."),
            Slip(_g_first, "You moved G first. In this book D moves first."),
            Slip(
                lambda theta, psi, h: _turn(theta, psi, h, "non-saturating"),
                "That is the non-saturating loss of G.",
            ),
            Slip(
                lambda theta, psi, h: _turn(theta, psi, -h),
                "The signs are the wrong way round: psi moves by minus h theta sigmoid.",
            ),
        ],
    ),
    "write-r1-radius": Function(
        reference=_radius,
        inputs=PENALTIES,
        hint="Eigenvalues of 1 + h J with J = [[0, 1/2], [-1/2, -gamma]], then the larger size.",
        slips=[
            Slip(_size_of_lambda, "That is the size of lambda. A step multiplies by 1 + h lambda."),
            Slip(
                lambda h, gamma: _radius(h, gamma, "alternating"),
                "Those are alternating steps. The question is about simultaneous ones.",
            ),
            Slip(
                lambda h, gamma: _radius(h, gamma / 2),
                "The derivative of gamma/2 psi^2 is gamma psi: J holds -gamma, not -gamma/2.",
            ),
            Slip(
                lambda h, gamma: float(
                    spectral_radius(np.eye(2) + h * np.array([[0, 0.5], [-0.5, gamma]]))
                ),
                "The penalty damps: the entry of J is minus gamma.",
            ),
        ],
    ),
    "write-best-line": Function(
        reference=lambda theta: best_reply(theta)[1:],
        inputs=SHIFTS,
        hint="The best logit is log p_data(x) - log p_g(x). Multiply out both squares.",
        slips=[
            Slip(lambda theta: -best_reply(theta)[1:], "Real and fake are swapped."),
            Slip(lambda theta: best_reply(theta)[:0:-1], "a comes first, then b."),
            Slip(
                lambda theta: best_reply(theta)[1:] * [2, 1],
                "a is theta^2 / 2: the best D is 1/2 half-way, at x = theta/2.",
            ),
        ],
    ),
}  # fmt: skip
