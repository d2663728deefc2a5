"""Other losses against worked examples, torch's own functions and finite differences; mutants.

Each check takes the loss as its argument: the package's must pass, each wrong version must fail.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch.autograd import gradcheck
from torch.nn import functional as torch_has

from gan_lessons import alternatives as a
from gan_lessons.f_divergences import GENERATORS
from gan_lessons.losses import discriminator_loss


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(shape, generator=g, dtype=torch.float64)


def close(ours, expected, tolerance=1e-12):
    expected = torch.as_tensor(expected, dtype=torch.float64)
    assert torch.allclose(ours.double(), expected, rtol=tolerance, atol=tolerance)


def slope(loss, x):
    x = x.clone().requires_grad_()
    (grad,) = torch.autograd.grad(loss(x).sum(), x)
    return grad


REAL = torch.tensor([2.0, 0.5, -1.0], dtype=torch.float64)
FAKE = torch.tensor([-3.0, 0.25], dtype=torch.float64)


def check_least_squares_d(loss):
    close(loss(REAL, FAKE), (1 + 0.25 + 4) / 6 + (9 + 0.0625) / 4)
    real, fake = randn(7), randn(5, seed=1)
    ours = torch_has.mse_loss(real, torch.ones(7).double()) / 2
    close(loss(real, fake), ours + torch_has.mse_loss(fake, torch.zeros(5).double()) / 2)
    close(loss(torch.full((4,), 0.5), torch.full((4,), 0.5)), 0.25)


def check_least_squares_g(loss):
    close(loss(FAKE), (16 + 0.5625) / 4)
    fake = randn(5)
    close(slope(loss, fake), (fake - 1) / 5)


def check_hinge_d(loss):
    close(loss(REAL, FAKE), (0 + 0.5 + 2) / 3 + (0 + 1.25) / 2)
    real, fake = randn(7), randn(5, seed=1)
    both = torch.cat([real, fake])
    sign = torch.cat([torch.ones(7), -torch.ones(5)]).double()
    # torch's hinge_embedding_loss is x for y = 1 and max(0, margin - x) for y = -1.
    terms = torch_has.hinge_embedding_loss(
        both * sign, -torch.ones(12).double(), reduction="none", margin=1.0
    )
    close(loss(real, fake), terms[:7].mean() + terms[7:].mean())
    close(loss(torch.zeros(3), torch.zeros(3)), 2.0)


def check_wasserstein_d(loss):
    close(loss(REAL, FAKE), -1.375 - 0.5)
    close(slope(lambda x: loss(x, FAKE), randn(5)), -0.2)
    close(slope(lambda x: loss(REAL, x), randn(5)), 0.2)


def check_score_g(loss):
    close(loss(FAKE), 1.375)
    close(slope(loss, randn(5)), -0.2)


def check_relativistic_d(loss):
    real, fake = randn(6), randn(6, seed=1)
    ones = torch.ones(6).double()
    close(loss(real, fake), torch_has.binary_cross_entropy_with_logits(real - fake, ones))
    close(loss(real + 5, fake + 5), loss(real, fake))  # only differences count
    close(slope(lambda x: loss(x, fake), real), -torch.sigmoid(fake - real) / 6)
    close(loss(torch.tensor([-1000.0]), torch.tensor([1000.0])), 2000.0)


def check_relativistic_g(loss):
    real, fake = randn(6), randn(6, seed=1)
    ones = torch.ones(6).double()
    close(loss(real, fake), torch_has.binary_cross_entropy_with_logits(fake - real, ones))
    close(slope(lambda x: loss(real, x), fake), -torch.sigmoid(real - fake) / 6)


def swapped(loss):
    return lambda real, fake: loss(fake, real)


def negative(loss):
    return lambda *outputs: -loss(*outputs)


def summed(loss):
    return lambda *outputs: len(outputs[-1]) * loss(*outputs)


def real_only(loss):
    return lambda real, fake: loss(real, torch.zeros_like(real))


CHECKS = {
    "least_squares_d_loss": check_least_squares_d,
    "least_squares_g_loss": check_least_squares_g,
    "hinge_d_loss": check_hinge_d,
    "wasserstein_d_loss": check_wasserstein_d,
    "score_g_loss": check_score_g,
    "relativistic_d_loss": check_relativistic_d,
    "relativistic_g_loss": check_relativistic_g,
}
OF_FAKES = {"least_squares_g_loss", "score_g_loss"}
MUTANTS = {
    "sign": (CHECKS, negative),
    "sum": (CHECKS, summed),
    "swapped roles": ([n for n in CHECKS if n.endswith("d_loss")], swapped),
    "swapped pairs": (["relativistic_g_loss"], swapped),
    "without the fakes": ([n for n in CHECKS if n.endswith("d_loss")], real_only),
}
WRONG = {
    "not halved": (
        "least_squares_d_loss", lambda r, f: 2 * a.least_squares_d_loss(r, f)
    ),
    "targets 1 and -1": (
        "least_squares_d_loss",
        lambda r, f: (r - 1).square().mean(-1) / 2 + (f + 1).square().mean(-1) / 2,
    ),
    "G towards 0": ("least_squares_g_loss", lambda f: f.square().mean(-1) / 2),
    "margin 0": (
        "hinge_d_loss", lambda r, f: torch.relu(-r).mean(-1) + torch.relu(f).mean(-1)
    ),
    "hinge on G": ("score_g_loss", lambda f: torch.relu(1 - f).mean(-1)),
    "a sigmoid left on the critic": (
        "wasserstein_d_loss",
        lambda r, f: a.wasserstein_d_loss(torch.sigmoid(r), torch.sigmoid(f)),
    ),
    "against the mean": (
        "relativistic_d_loss",
        lambda r, f: torch_has.softplus(f.mean(-1, keepdim=True) - r).mean(-1),
    ),
    "all pairs": (
        "relativistic_g_loss", lambda r, f: torch_has.softplus(r[:, None] - f).mean()
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKS)
def test_loss(name):
    CHECKS[name](getattr(a, name))


@pytest.mark.parametrize(
    ("name", "mutant"),
    [(n, f"{m}") for m, (names, _) in MUTANTS.items() for n in names] + [
        (n, m) for m, (n, _) in WRONG.items()],
)  # fmt: skip
def test_the_check_notices_a_mutant(name, mutant):
    wrong = WRONG[mutant][1] if mutant in WRONG else MUTANTS[mutant][1](getattr(a, name))
    with pytest.raises(AssertionError):
        CHECKS[name](wrong)


@pytest.mark.parametrize("name", CHECKS)
def test_leading_axes_are_independent_gans(name):
    loss = getattr(a, name)
    batches = [randn(3, 8), randn(3, 8, seed=1)][
        : 1 if name in {"least_squares_g_loss", "score_g_loss"} else 2
    ]
    together = loss(*batches)
    assert together.shape == (3,)
    for s in range(3):
        close(together[s], loss(*(b[s] for b in batches)))


@pytest.mark.parametrize("name", CHECKS)
def test_gradients_order_and_the_size_of_the_batch(name):
    loss = getattr(a, name)
    batches = [x.requires_grad_() for x in (randn(2, 5), randn(2, 5, seed=1))]
    batches = batches[-1:] if name in OF_FAKES else batches
    assert gradcheck(loss, batches)
    order = torch.tensor([3, 0, 4, 2, 1])
    close(loss(*(b[:, order] for b in batches)), loss(*batches).detach())
    close(loss(*(torch.cat([b, b], dim=1) for b in batches)), loss(*batches).detach())


@pytest.mark.parametrize("name", CHECKS)
def test_empty_batches_are_refused(name):
    batches = [torch.zeros(0)] if name in OF_FAKES else [torch.zeros(2), torch.zeros(0)]
    with pytest.raises(ValueError, match=r"^fake must hold.*got"):
        getattr(a, name)(*batches)


def test_pairs_have_one_size():
    for loss in (a.relativistic_d_loss, a.relativistic_g_loss):
        with pytest.raises(ValueError, match=r"^real and fake.*\(2,\) and \(3,\)"):
            loss(torch.zeros(2), torch.zeros(3))


def test_every_game_is_in_the_table_and_g_gains_where_d_is_fooled():
    """In each game, a fake that D rates higher costs G less (until it passes the target)."""
    assert [*a.GAMES] == [
        "minimax", "non-saturating", "least squares", "hinge", "wasserstein", "relativistic",
    ]  # fmt: skip
    low, high = torch.tensor([-1.0]), torch.tensor([0.5])
    for game in a.GAMES.values():
        given = [torch.zeros(1)] if game.pairs else []
        assert game.g_loss(*given, high) < game.g_loss(*given, low)
        assert game.d_loss(high, low) < game.d_loss(low, high)


@pytest.mark.parametrize("name", [*GENERATORS])
def test_an_f_gan_descends_minus_its_bound(name):
    """The loss of D is minus the estimate of the variational bound, term by term."""
    g = GENERATORS[name]
    game = a.f_gan(g.slope, g.conjugate, name)
    real, fake = randn(9), randn(7, seed=1)
    bound = g.slope(real).mean() - g.conjugate(g.slope(fake)).mean()
    close(game.d_loss(real, fake), -bound)
    close(game.g_loss(fake), -g.conjugate(g.slope(fake)).mean())
    assert torch.isfinite(game.d_loss(real, fake))  # T = slope(l) never leaves the domain of f*


def test_the_f_gan_of_the_2014_paper_is_the_minimax_game():
    g = GENERATORS["GAN"]
    game, real, fake = a.f_gan(g.slope, g.conjugate), randn(9), randn(7, seed=1)
    close(game.d_loss(real, fake), discriminator_loss(real, fake), 1e-9)
    close(game.g_loss(fake), a.GAMES["minimax"].g_loss(fake), 1e-9)
    close(game.d_loss(torch.zeros(2).double(), torch.zeros(2).double()), math.log(4), 1e-9)
