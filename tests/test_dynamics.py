"""The Dirac-GAN and the theta-shift GAN against autograd, quadrature, solve_ivp and by hand.

Each check takes what it checks as an argument, so that wrong versions can be shown to fail.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp
from scipy.special import expit
from scipy.stats import norm
from torch.nn.functional import softplus

from gan_lessons import theory, updates
from gan_lessons.densities import gaussian
from gan_lessons.dynamics import LOSSES, NOISE, WEIGHT, DiracGAN
from gan_lessons.shift_gan import ShiftGAN, best_reply, js
from gan_lessons.updates import ORDERS, distance, eigenvalues, spectral_radius, trajectory, turns

STATES = np.array([[1.0, -1.0], [0.3, 2.0], [-1.5, -0.7], [2.0, 0.4], [0.0, 1.2], [-0.9, 0.0]])
SMOOTH = STATES[:5]  # psi is not 0, where the gradient penalty has a kink
SETTINGS = [
    {}, {"r1": 0.7}, {"noise": 0.8}, {"consensus": 0.6}, {"gradient_penalty": 0.9},
    {"r1": 0.3, "noise": 1.5, "consensus": 0.4, "gradient_penalty": 0.2},
]  # fmt: skip
START = [1.0, -1.0]  # D is right: the logit falls from the real point to the fake one

# ---- a second implementation: the losses themselves, and autograd ----

_t, _w = np.polynomial.legendre.leggauss(300)
GRID = torch.from_numpy(9 * _t)  # another quadrature than the package's
MASS = torch.from_numpy(9 * _w * norm.pdf(9 * _t))


def loss_of_d(loss, theta, psi, r1=0.0, noise=0.0, gradient_penalty=0.0):
    real, fake = psi * noise * GRID, psi * (theta + noise * GRID)
    if loss == "wasserstein":
        total = (MASS * (fake - real)).sum()
    else:
        total = (MASS * (softplus(-real) + softplus(fake))).sum()
    return total + r1 / 2 * psi**2 + gradient_penalty / 2 * (psi.abs() - 1) ** 2


def loss_of_g(loss, theta, psi, noise=0.0):
    fake = psi * (theta + noise * GRID)
    terms = {"saturating": -softplus(fake), "non-saturating": softplus(-fake), "wasserstein": -fake}
    return (MASS * terms[loss]).sum()


def autograd_field(loss, p, consensus=0.0, noise=0.0, **penalties):
    """Minus the gradient of each player's own loss, as a differentiable function of p, (2,)."""
    theta, psi = p
    (down_g,) = torch.autograd.grad(loss_of_g(loss, theta, psi, noise), theta, create_graph=True)
    d = loss_of_d(loss, theta, psi, noise=noise, **penalties)
    (down_d,) = torch.autograd.grad(d, psi, create_graph=True)
    v = -torch.stack([down_g, down_d])
    if consensus:
        (of_size,) = torch.autograd.grad(v.square().sum() / 2, p, create_graph=True)
        v = v - consensus * of_size
    return v


def reference(loss, settings, p):
    """The field and its Jacobian at one state, by autograd alone."""
    at = torch.tensor(p, requires_grad=True)
    v = autograd_field(loss, at, **settings)
    rows = []
    for one in v:
        (row,) = torch.autograd.grad(one, at, retain_graph=True, allow_unused=True)
        rows.append(torch.zeros(2) if row is None else row)
    return v.detach().numpy(), torch.stack([r.double() for r in rows]).numpy()


def check_field(make, loss, settings):
    ours = make(loss, **settings).field(SMOOTH)
    truth = np.stack([reference(loss, settings, p)[0] for p in SMOOTH])
    assert np.allclose(ours, truth, rtol=1e-10, atol=1e-12)


def check_jacobian(make, loss, settings):
    ours = make(loss, **settings).jacobian(SMOOTH)
    truth = np.stack([reference(loss, settings, p)[1] for p in SMOOTH])
    assert np.allclose(ours, truth, rtol=1e-9, atol=1e-11)


each = pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "+".join(s) or "plain")


@each
@pytest.mark.parametrize("loss", LOSSES)
def test_field(loss, settings):
    check_field(DiracGAN, loss, settings)


@each
@pytest.mark.parametrize("loss", LOSSES)
def test_jacobian(loss, settings):
    check_jacobian(DiracGAN, loss, settings)


@each
@pytest.mark.parametrize("loss", LOSSES)
def test_jacobian_by_finite_differences(loss, settings):
    game, h = DiracGAN(loss, **settings), 1e-4
    for i in range(2):
        e = h * np.eye(2)[i]
        near = game.field(SMOOTH + e) - game.field(SMOOTH - e)
        slope = (8 * near - game.field(SMOOTH + 2 * e) + game.field(SMOOTH - 2 * e)) / (12 * h)
        assert np.allclose(game.jacobian(SMOOTH)[..., i], slope, rtol=1e-8, atol=1e-9)


def mutant(**replaced):
    return lambda loss, **settings: type("Mutant", (DiracGAN,), replaced)(loss, **settings)


def on_real(game, p):
    """What the noise on the real points adds to the push on psi."""
    x = game.noise * NOISE
    return np.stack([0 * p[..., 0], (x * expit(-p[..., 1:] * x)) @ WEIGHT], -1)


FIELDS = {
    "players swapped": (lambda s, p: DiracGAN.field(s, p)[..., ::-1], {}),
    "D descends V": (lambda s, p: DiracGAN.field(s, p) * [1, -1], {}),
    "G ascends V": (lambda s, p: DiracGAN.field(s, p) * [-1, 1], {}),
    "D high on fakes": (lambda s, p: DiracGAN.field(s, p * [1, -1]), {}),
    "R1 without the half": (lambda s, p: DiracGAN.field(s, p) - s.r1 * p * [0, 1], {"r1": 0.7}),
    "R1 on G": (lambda s, p: DiracGAN.field(s, p) - s.r1 * p * [1, 0], {"r1": 0.7}),
    "noise on fakes only": (lambda s, p: DiracGAN.field(s, p) - on_real(s, p), {"noise": 0.8}),
    "consensus up": (
        lambda s, p: 2 * DiracGAN(s.loss).field(p) - DiracGAN.field(s, p), {"consensus": 0.6},
    ),
    "penalty on psi^2, not |psi| - 1": (
        lambda s, p: DiracGAN.field(s, p) - s.gradient_penalty * np.sign(p) * [0, 1],
        {"gradient_penalty": 0.9},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_the_check_of_the_field_notices(name):
    field, settings = FIELDS[name]
    for loss in ("saturating", "non-saturating"):
        with pytest.raises(AssertionError):
            check_field(mutant(field=field), loss, settings)


JACOBIANS = {
    "transposed": (lambda s, p: np.swapaxes(DiracGAN.jacobian(s, p), -1, -2), {"r1": 0.7}),
    "without the penalty": (lambda s, p: DiracGAN(s.loss).jacobian(p), {"r1": 0.7}),
    "as at the equilibrium": (lambda s, p: DiracGAN.jacobian(s, 0 * p), {"r1": 0.7}),
    "consensus without second derivatives": (
        lambda s, p: (lambda J: J - s.consensus * np.swapaxes(J, -1, -2) @ J)(
            DiracGAN(s.loss).jacobian(p)
        ),
        {"consensus": 0.6},
    ),
}


@pytest.mark.parametrize("name", JACOBIANS)
def test_the_check_of_the_jacobian_notices(name):
    jacobian, settings = JACOBIANS[name]
    with pytest.raises(AssertionError):
        check_jacobian(mutant(jacobian=jacobian), "non-saturating", settings)


def test_losses_are_distinct_games():
    """A check that takes one loss for another fails."""
    for loss in LOSSES:
        for other in set(LOSSES) - {loss}:
            with pytest.raises(AssertionError):
                check_field(lambda _, other=other: DiracGAN(other), loss, {})


def test_value_is_the_objective():
    for theta, psi in STATES:
        real, fake = torch.tensor([0.0]).double(), torch.tensor([psi * theta])
        V = (torch.sigmoid(real).log() + (1 - torch.sigmoid(fake)).log()).item()
        p = np.array([theta, psi])
        assert DiracGAN().value(p) == pytest.approx(V, rel=1e-12)
        assert DiracGAN("wasserstein").value(p) == -theta * psi
    assert DiracGAN().value(np.zeros(2)) == pytest.approx(-math.log(4))


def test_the_desired_solution_is_a_saddle_point():
    """The Hessian of V has one eigenvalue of either sign, and neither player gains alone."""
    H = torch.autograd.functional.hessian(
        lambda p: -math.log(2) - softplus(p[0] * p[1]), torch.zeros(2, dtype=torch.float64)
    )
    assert torch.linalg.eigvalsh(H).tolist() == pytest.approx([-0.5, 0.5])
    alone = np.linspace(-3, 3, 13)
    for moves in (np.stack([alone, 0 * alone], -1), np.stack([0 * alone, alone], -1)):
        assert np.allclose(DiracGAN().value(moves), -math.log(4), atol=1e-15)


@pytest.mark.parametrize("steep", [0.5, 3.0, 6.0])
def test_means_over_the_noise_are_exact(steep):
    """Against quad; and 64 Gauss-Hermite nodes are not enough for a steep sigmoid."""

    def f(e):
        return e * expit(steep * e + 0.4)

    truth, _ = quad(lambda e: f(e) * norm.pdf(e), -12, 12, points=[0], epsabs=1e-13, limit=400)
    assert f(NOISE) @ WEIGHT == pytest.approx(truth, abs=1e-11)
    x, w = np.polynomial.hermite_e.hermegauss(64)
    hermite = f(x) @ w / w.sum()
    assert (abs(hermite - truth) > 1e-9) == (steep > 1)


# ---- steps ----


def check_step(order):
    """Two steps by hand: the saturating game from (1, -1) with h = 1/2, D first."""

    def s(u):
        return 1 / (1 + math.exp(-u))

    theta, psi = 1.0, -1.0
    for _ in range(2):
        psi = psi - 0.5 * theta * s(theta * psi)
        theta = theta + 0.5 * psi * s(theta * psi)
    game = DiracGAN()
    p = np.array(START)
    for _ in range(2):
        p = order.step(game, p, 0.5)
    assert p.tolist() == pytest.approx([theta, psi], rel=1e-14)


def test_alternating_steps():
    check_step(ORDERS["alternating"])


class GFirst(updates.Alternating):
    def step(self, players, p, h):
        q = p + h * np.array([1.0, 0.0]) * players.field(p)
        return q + h * np.array([0.0, 1.0]) * players.field(q)


@pytest.mark.parametrize("wrong", [ORDERS["simultaneous"], ORDERS["flow"], GFirst()])
def test_the_check_of_alternating_steps_notices(wrong):
    with pytest.raises(AssertionError):
        check_step(wrong)


def test_simultaneous_steps():
    theta, psi = 1.0, -1.0
    path = trajectory(DiracGAN("wasserstein"), "simultaneous", START, 0.5, 3)
    for p in path:
        assert p.tolist() == [theta, psi]
        theta, psi = theta + 0.5 * psi, psi - 0.5 * theta


@each
@pytest.mark.parametrize("loss", LOSSES)
def test_flow(loss, settings):
    """Runge-Kutta against an adaptive integrator of order 8."""
    game = DiracGAN(loss, **{**settings, "gradient_penalty": 0.0})
    path = trajectory(game, "flow", START, 0.25, 40)
    truth = solve_ivp(lambda _, p: game.field(p), (0, 10), START, "DOP853",
                      t_eval=np.linspace(0, 10, 41), rtol=1e-12, atol=1e-13).y.T  # fmt: skip
    assert np.abs(path - truth).max() < 1e-5
    mutant = trajectory(game, "simultaneous", START, 0.25, 40)
    assert np.abs(mutant - truth).max() > 1e-2


@pytest.mark.parametrize("order", ["simultaneous", "alternating"])
@each
def test_derivative_of_a_step(order, settings):
    game, h = DiracGAN("non-saturating", **settings), 1e-5
    step = ORDERS[order].step
    for p in SMOOTH:
        columns = [
            (step(game, p + h * e, 0.3) - step(game, p - h * e, 0.3)) / (2 * h) for e in np.eye(2)
        ]
        assert np.allclose(ORDERS[order].derivative(game, p, 0.3), np.stack(columns, -1), atol=2e-9)


def test_derivative_of_the_flow_at_rest():
    for settings in SETTINGS[:4]:
        game, zero, h = DiracGAN(**settings), np.zeros(2), 1e-4
        columns = [(ORDERS["flow"].step(game, h * e, 0.3) - ORDERS["flow"].step(game, -h * e, 0.3))
                   / (2 * h) for e in np.eye(2)]  # fmt: skip
        M = ORDERS["flow"].derivative(game, zero, 0.3)
        assert np.allclose(M, np.stack(columns, -1), atol=2e-7)
        ours, numpy_s = ORDERS["flow"].multipliers(game, 0.3), np.linalg.eigvals(M)
        assert np.allclose(np.sort_complex(ours), np.sort_complex(numpy_s))


def test_clipping():
    path = trajectory(DiracGAN("wasserstein", clip=0.5), "alternating", START, 0.1, 300)
    assert np.abs(path[1:, 1]).max() == 0.5
    assert (np.abs(path[1:, 1]) == 0.5).sum() > 20
    free = trajectory(DiracGAN("wasserstein"), "alternating", START, 0.1, 300)
    assert np.abs(free[:, 1]).max() > 1.3


def test_runs_side_by_side_are_the_runs_alone():
    starts = np.stack(np.meshgrid([-1.0, 0.5], [1.0, 2.0]), -1)  # (2, 2, 2)
    for settings in SETTINGS:
        game = DiracGAN("non-saturating", **settings)
        together = trajectory(game, "alternating", starts, 0.2, 10)
        for i in np.ndindex(2, 2):
            alone = trajectory(game, "alternating", starts[i], 0.2, 10)
            assert np.allclose(together[:, *i], alone, rtol=1e-13, atol=1e-14)


def test_a_run_beyond_the_limit_is_given_up():
    path = trajectory(DiracGAN("wasserstein"), "simultaneous", START, 2.0, 50, limit=100.0)
    r = distance(path)
    last = int(np.flatnonzero(np.isfinite(r))[-1])
    assert r[last] > 100 >= r[last - 1]
    assert np.isnan(path[last + 1 :]).all()


def test_turns():
    angle = np.linspace(0, 9 * math.pi, 50)
    circle = np.stack([np.cos(angle), -np.sin(angle)], -1) * np.linspace(1, 3, 50)[:, None]
    assert turns(circle)[-1] == pytest.approx(4.5)
    assert turns(circle[:, ::-1])[-1] == pytest.approx(-4.5)


# ---- eigenvalues ----


def test_eigenvalues_in_closed_form():
    M = np.random.default_rng(0).normal(size=(200, 2, 2))
    ours = eigenvalues(M)
    assert np.allclose(np.sort_complex(ours), np.sort_complex(np.linalg.eigvals(M)))
    assert np.allclose(ours.prod(-1), np.linalg.det(M))
    assert (ours[:, 0].real >= ours[:, 1].real).all()
    assert (ours[:, 0].imag >= 0).all()
    assert np.allclose(spectral_radius(M), np.abs(ours).max(-1))
    assert eigenvalues(np.array([[0.3, 0.1], [-0.1, 0.1]])).tolist() == [0.2, 0.2]


def damped(gamma, pull=0.5):
    """-gamma/2 +- sqrt(gamma^2/4 - f'(0)^2), as the chapter writes it."""
    root = np.sqrt(gamma**2 / 4 - pull**2 + 0j)
    return np.array([-gamma / 2 + root, -gamma / 2 - root])


def check_r1(make):
    for gamma in (0.0, 0.3, 0.6, 1.0, 1.7, 3.0):
        for loss, pull in (("saturating", 0.5), ("non-saturating", 0.5), ("wasserstein", 1.0)):
            ours = eigenvalues(make(loss, r1=gamma).jacobian(np.zeros(2)))
            assert np.allclose(ours, damped(gamma, pull), atol=1e-12)


def test_r1():
    check_r1(DiracGAN)
    assert np.allclose(
        eigenvalues(DiracGAN(r1=0.6).jacobian(np.zeros(2))), [-0.3 + 0.4j, -0.3 - 0.4j]
    )
    rotates = [
        abs(eigenvalues(DiracGAN(r1=g).jacobian(np.zeros(2))).imag).max() > 0 for g in (0.99, 1.0)
    ]
    assert rotates == [True, False]


@pytest.mark.parametrize("factor", [2.0, 0.5, -1.0])
def test_the_check_of_r1_notices(factor):
    with pytest.raises((AssertionError, ValueError)):
        check_r1(lambda loss, r1: DiracGAN(loss, r1=factor * r1))


def test_other_regularisers_at_rest():
    """Noise is R1 with gamma = s^2/2; consensus damps by gamma f'(0)^2, the turn stays."""
    zero = np.zeros(2)
    for s in (0.4, 1.0, 2.0):
        for loss in ("saturating", "non-saturating"):
            noisy = eigenvalues(DiracGAN(loss, noise=s).jacobian(zero))
            assert np.allclose(noisy, damped(s**2 / 2), atol=1e-10)
            pulled = eigenvalues(DiracGAN(loss, consensus=s).jacobian(zero))
            assert np.allclose(pulled, [-s / 4 + 0.5j, -s / 4 - 0.5j])
        assert np.allclose(eigenvalues(DiracGAN("wasserstein", noise=s).jacobian(zero)), [1j, -1j])
        # a linear critic does not see zero-mean noise at all
        w = DiracGAN("wasserstein", noise=s).field(STATES)
        assert np.allclose(w, DiracGAN("wasserstein").field(STATES), atol=1e-13)


def check_simultaneous_radius(order):
    for h in (0.02, 0.1, 0.4, 2.0):
        for loss, pull in (("saturating", 0.5), ("non-saturating", 0.5), ("wasserstein", 1.0)):
            size = np.abs(order.multipliers(DiracGAN(loss), h))
            assert np.allclose(size, math.sqrt(1 + h**2 * pull**2), rtol=1e-12)


def test_simultaneous_steps_grow():
    check_simultaneous_radius(ORDERS["simultaneous"])
    assert np.abs(ORDERS["simultaneous"].multipliers(DiracGAN(), 0.4))[0] == pytest.approx(
        1.019804, abs=1e-6
    )
    for wrong in ("alternating", "flow"):
        with pytest.raises(AssertionError):
            check_simultaneous_radius(ORDERS[wrong])


def test_alternating_steps_turn_on_the_unit_circle_until_they_are_too_long():
    """|lambda| = 1 for h f'(0) <= 2, with cos of the angle 1 - h^2 f'(0)^2 / 2; beyond it grows."""
    for hc in (0.05, 0.7, 1.9, 2.0):
        lam = ORDERS["alternating"].multipliers(DiracGAN("wasserstein"), hc)
        assert np.allclose(np.abs(lam), 1.0, atol=1e-9)
        assert np.allclose(lam.real, 1 - hc**2 / 2)
    assert np.abs(ORDERS["alternating"].multipliers(DiracGAN(), 4.1)).max() > 1.1
    assert np.abs(ORDERS["alternating"].multipliers(DiracGAN(), 4.0)).max() == pytest.approx(1)


def test_limits_of_the_step_with_r1():
    """Stable for h < gamma / f'(0)^2 (simultaneous), h^2 f'(0)^2 < 4 - 2 h gamma (in turns)."""
    for gamma in (0.2, 0.5, 0.8):
        h = gamma / 0.25
        for factor, stable in ((0.99, True), (1.01, False)):
            lam = ORDERS["simultaneous"].multipliers(DiracGAN(r1=gamma), factor * h)
            assert (np.abs(lam).max() < 1) == stable
        h = 4 * math.sqrt(gamma**2 + 1) - 4 * gamma  # the positive root of h^2/4 + 2 h gamma = 4
        for factor, stable in ((0.99, True), (1.01, False)):
            lam = ORDERS["alternating"].multipliers(DiracGAN(r1=gamma), factor * h)
            assert (np.abs(lam).max() < 1) == stable


# ---- what a run does ----


def end(loss, order, h=0.1, steps=200, start=START, **settings):
    return distance(trajectory(DiracGAN(loss, **settings), order, start, h, steps))[-1]


def test_radii_after_200_steps():
    """As a separate trial found them; it moved G first, and so its alternating run differs."""
    assert end("saturating", "simultaneous") == pytest.approx(1.767, abs=5e-4)
    assert end("non-saturating", "simultaneous") == pytest.approx(0.657, abs=5e-4)
    assert end("wasserstein", "simultaneous") == pytest.approx(3.825, abs=5e-4)
    assert end("saturating", "simultaneous", r1=1.0) == pytest.approx(4.4e-4, abs=5e-5)
    assert end("saturating", "alternating") == pytest.approx(1.410, abs=5e-4)
    p = np.array(START)
    for _ in range(200):
        p = GFirst().step(DiracGAN(), p, 0.1)
    assert math.hypot(*p) == pytest.approx(1.408, abs=5e-4)
    assert end("wasserstein", "simultaneous") == pytest.approx(math.sqrt(2) * 1.01**100, rel=1e-12)


def test_zero_sum_games_circle_in_continuous_time():
    for loss in ("saturating", "wasserstein"):
        r = distance(trajectory(DiracGAN(loss), "flow", STATES, 0.1, 500))
        assert np.abs(r - r[0]).max() < 1e-5
    for loss in ("saturating", "wasserstein"):  # the velocity is at right angles to the place
        assert np.allclose((DiracGAN(loss).field(STATES) * STATES).sum(-1), 0, atol=1e-15)
    drift = (DiracGAN("non-saturating").field(STATES) * STATES).sum(-1)
    u = STATES.prod(-1)
    assert np.allclose(drift, -u * np.tanh(u / 2))


def predicted(r0, t):
    return (1 / r0**2 + t / 8) ** -0.5


def test_non_saturating_flow_creeps_in():
    for r0 in (0.2, 0.5):
        start = [r0, 0.0]
        r = distance(trajectory(DiracGAN("non-saturating"), "flow", start, 1.0, 600))
        t = np.arange(601)
        assert np.abs(r / predicted(r0, t) - 1).max() < 0.02
        assert (
            np.abs(r / (1 / r0**2 + t / 4) ** -0.5 - 1).max() > 0.2
        )  # the check notices a wrong 8
        assert np.abs(r / (r0 * np.exp(-t / 8)) - 1).max() > 1


@pytest.mark.parametrize("h", [0.02, 0.1])
def test_non_saturating_simultaneous_steps_end_on_a_circle(h):
    starts = math.sqrt(2 * h) * np.array([[0.7, 0.0], [0.0, 1.4]])  # from inside and from outside
    path = trajectory(DiracGAN("non-saturating"), "simultaneous", starts, h, round(15 / h**2))
    assert distance(path)[-1].tolist() == pytest.approx([math.sqrt(2 * h)] * 2, rel=0.02)


def test_which_methods_converge():
    """40 starts each; 1,500 alternating steps of 0.1."""
    starts = np.random.default_rng(0).uniform(-2, 2, (40, 2))
    settled = {}
    for name, loss, settings in (
        ("plain", "saturating", {}), ("wasserstein", "wasserstein", {}),
        ("clip", "wasserstein", {"clip": 0.5}), ("gp", "wasserstein", {"gradient_penalty": 1.0}),
        ("r1", "saturating", {"r1": 1.0}), ("wasserstein r1", "wasserstein", {"r1": 1.0}),
        ("noise", "saturating", {"noise": 1.0}), ("noisy critic", "wasserstein", {"noise": 1.0}),
        ("consensus", "non-saturating", {"consensus": 1.0}),
        ("saturating consensus", "saturating", {"consensus": 1.0}),
    ):  # fmt: skip
        path = trajectory(DiracGAN(loss, **settings), "alternating", starts, 0.1, 1500)
        settled[name] = (distance(path)[-1] < 1e-3).mean()
    none, all_ = ([n for n, share in settled.items() if share == s] for s in (0, 1))
    assert none == ["plain", "wasserstein", "clip", "gp", "noisy critic"]
    assert all_ == ["r1", "wasserstein r1", "noise", "consensus"]
    # Consensus also likes the field to vanish where the generator's loss saturates.
    assert 0.5 < settled["saturating consensus"] < 0.95


@pytest.mark.parametrize(
    ("loss", "gamma", "where"),
    [("saturating", 1.0, 2.0), ("non-saturating", 1.0, 2.0), ("wasserstein", 3.0, 3.0)],
)
def test_the_gradient_penalty_can_stop_a_run_at_the_wrong_place(loss, gamma, where):
    """At theta = gamma / f'(0) the penalty and the loss cancel, as psi goes to 0."""
    game = DiracGAN(loss, gradient_penalty=gamma)
    path = trajectory(game, "alternating", START, 0.1, 3000)
    assert np.allclose(np.abs(path[-1]), [where, 0], atol=1e-3)
    side = math.copysign(1e-9, path[-1, 1])
    assert np.allclose(game.field(np.array([math.copysign(where, side), side])), 0, atol=1e-8)


# ---- the theta-shift GAN ----

THREE = np.array([[1.0, 0.2, -0.7], [-0.5, 0.0, 1.5], [2.0, 2.0, -2.0], [0.0, 0.0, 0.0]])


def shift_reference(loss, p, r1):
    """Field and Jacobian at one state by autograd on the losses, with another quadrature."""
    at = torch.tensor(p, requires_grad=True)
    theta, a, b = at
    real, fake = a + b * GRID, a + b * (GRID + theta)
    if loss == "wasserstein":
        d, g = (MASS * (fake - real)).sum(), -(MASS * fake).sum()
    else:
        d = (MASS * (softplus(-real) + softplus(fake))).sum()
        g = (MASS * (-softplus(fake) if loss == "saturating" else softplus(-fake))).sum()
    d = d + r1 / 2 * b**2 + 0 * a * theta
    (of_g,) = torch.autograd.grad(g, at, create_graph=True)
    (of_d,) = torch.autograd.grad(d, at, create_graph=True)
    v = -torch.stack([of_g[0], of_d[1], of_d[2]])
    rows = [torch.autograd.grad(one, at, retain_graph=True)[0] for one in v]
    return v.detach().numpy(), torch.stack(rows).numpy()


def check_shift(make):
    for loss in LOSSES:
        for r1 in (0.0, 0.4):
            game = make(loss, r1)
            v, J = map(np.stack, zip(*(shift_reference(loss, p, r1) for p in THREE), strict=True))
            assert np.allclose(game.field(THREE), v, rtol=1e-10, atol=1e-12)
            assert np.allclose(game.jacobian(THREE), J, rtol=1e-9, atol=1e-11)


def test_shift_gan():
    check_shift(ShiftGAN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": lambda s, p: -ShiftGAN.field(s, p)},
        {"field": lambda s, p: ShiftGAN.field(s, p) * [-1, 1, 1]},
        {"field": lambda s, p: ShiftGAN.field(s, p)[..., [0, 2, 1]]},
        {"jacobian": lambda s, p: np.swapaxes(ShiftGAN.jacobian(s, p), -1, -2)},
        {"jacobian": lambda s, p: ShiftGAN.jacobian(s, 0 * p)},
    ],
    ids=["sign", "sign of G", "a and b swapped", "transposed", "as at rest"],
)
def test_the_check_of_the_shift_gan_notices(wrong):
    with pytest.raises(AssertionError):
        check_shift(lambda loss, r1: type("Mutant", (ShiftGAN,), wrong)(loss, r1))


def test_without_bias_it_is_the_dirac_gan_with_noise_1():
    for loss in LOSSES:
        for r1 in (0.0, 0.5):
            p = np.stack([STATES[:, 0], 0 * STATES[:, 0], STATES[:, 1]], -1)
            ours = ShiftGAN(loss, r1).field(p)[:, [0, 2]]
            assert np.allclose(ours, DiracGAN(loss, r1=r1, noise=1.0).field(STATES), atol=1e-13)


def test_shift_gan_at_rest():
    lam = np.sort_complex(np.linalg.eigvals(ShiftGAN().jacobian(np.zeros(3))))
    truth = [-0.5, -0.25 - math.sqrt(3) / 4 * 1j, -0.25 + math.sqrt(3) / 4 * 1j]
    assert np.allclose(lam, truth)


def best(theta):
    return best_reply(theta)


def check_best_reply(reply):
    """D is stationary there, its value is that of D*, and it is the log density ratio."""
    for theta in (-1.2, 0.5, 2.0):
        p = reply(theta)
        assert np.allclose(ShiftGAN().field(p)[1:], 0, atol=1e-12)
        made = theory.Pushforward(lambda z, t=theta: z + t, gaussian(0.0, 1.0))
        truth = theory.best_value(gaussian(0.0, 1.0), made)
        assert ShiftGAN().value(p) == pytest.approx(truth, abs=1e-9)
        assert js(theta) == pytest.approx((truth + math.log(4)) / 2, abs=1e-9)
        x = np.linspace(-3, 3, 7)
        ratio = norm.logpdf(x) - norm.logpdf(x, theta)
        assert np.allclose(p[1] + p[2] * x, ratio)


def test_best_reply():
    check_best_reply(best_reply)
    for wrong in (lambda t: best_reply(t) * [1, -1, 1], lambda t: best_reply(t) * [1, 1, -1],
                  lambda t: best_reply(t) * [1, 2, 1]):  # fmt: skip
        with pytest.raises(AssertionError):
            check_best_reply(wrong)


def test_with_d_at_its_best_g_descends_js():
    for theta in (0.4, 1.5, 3.0):
        slope = (js(theta + 1e-4) - js(theta - 1e-4)) / 2e-4
        assert ShiftGAN().field(best_reply(theta))[0] == pytest.approx(-2 * slope, rel=1e-6)


def test_value_of_the_shift_gan_by_quad():
    for theta, a, b in THREE[:3]:
        real, _ = quad(lambda x, a=a, b=b: -np.logaddexp(0, -(a + b * x)) * norm.pdf(x), -12, 12)
        fake, _ = quad(lambda x, a=a, b=b, t=theta: -np.logaddexp(0, a + b * x) * norm.pdf(x, t),
                       -12, 14)  # fmt: skip
        p = np.array([theta, a, b])
        assert ShiftGAN().value(p) == pytest.approx(real + fake, abs=1e-9)
        assert ShiftGAN("wasserstein").value(p) == pytest.approx(-b * theta, abs=1e-12)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: DiracGAN("hinge"), "loss"),
        (lambda: ShiftGAN("hinge"), "loss"),
        (lambda: DiracGAN(r1=-1.0), "r1"),
        (lambda: ShiftGAN(r1=math.nan), "r1"),
        (lambda: DiracGAN(noise=math.inf), "noise"),
        (lambda: DiracGAN(consensus=-0.1), "consensus"),
        (lambda: DiracGAN(gradient_penalty=math.nan), "gradient_penalty"),
        (lambda: DiracGAN(clip=0.0), "clip"),
        (lambda: trajectory(DiracGAN(), "in turns", START, 0.1, 1), "order"),
        (lambda: trajectory(DiracGAN(), "flow", START, 0.0, 1), "h"),
        (lambda: trajectory(DiracGAN(), "flow", START, 0.1, -1), "steps"),
        (lambda: trajectory(DiracGAN(), "flow", [1.0], 0.1, 1), "start"),
        (lambda: eigenvalues(np.eye(3)), "matrix"),
    ],
)
def test_bad_input_is_refused_by_name(call, name):
    with pytest.raises(ValueError, match=rf"^{name}\b.*got"):
        call()
