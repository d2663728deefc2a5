"""The loop: who moves when, whose weights, Adam and EMA against torch and by hand, interrupts."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from gan_lessons import training
from gan_lessons.batches import Batches
from gan_lessons.densities import gaussian
from gan_lessons.losses import nonsaturating_loss, saturating_loss, value
from gan_lessons.networks import MLP, LogitMLP
from gan_lessons.objectives import OnFakes
from gan_lessons.penalties import R1
from gan_lessons.training import Adam, LoopSettings, Trainer


@pytest.fixture(autouse=True)
def one_thread():
    """These matrices are too small to be shared; the tests take a third of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def rngs(seeds, offset=0):
    return [torch.Generator().manual_seed(100 * offset + s) for s in seeds]


class Doubled:
    """Batches in float64, counted."""

    def __init__(self, batches):
        self.batches, self.calls, self.fail_at = batches, 0, None

    def __call__(self):
        self.calls += 1
        if self.calls == self.fail_at:
            raise KeyboardInterrupt
        return self.batches().double()


def make(seeds=(0,), settings=None, dtype=torch.float64, **options):
    """A small GAN in float64."""
    g = MLP([1, 8, 8, 1], rngs(seeds, 1)).to(dtype)
    d = LogitMLP([1, 8, 8, 1], rngs(seeds, 2)).to(dtype)
    real = Doubled(Batches(gaussian(0.5, 1.2), 16, rngs(seeds, 3)))
    noise = Doubled(Batches(gaussian(0, 1), 16, rngs(seeds, 4)))
    return Trainer(g, d, real, noise, settings or LoopSettings(), **options)


def copy_of(module):
    return [p.detach().clone() for p in module.parameters()]


def same(module, weights):
    return all(torch.equal(p, w) for p, w in zip(module.parameters(), weights, strict=True))


def state_of(optimizer):
    return [t.clone() for t in (*optimizer.mean, *optimizer.square, *optimizer.count)]


def unchanged(optimizer, state):
    return all(torch.equal(a, b) for a, b in zip(state_of(optimizer), state, strict=True))


# ---- the order of play ----


class Recording:
    """Wraps an optimiser and notes its steps."""

    def __init__(self, name, optimizer, log):
        self.name, self.optimizer, self.log = name, optimizer, log

    def step(self, grads):
        self.log.append(self.name)
        self.optimizer.step(grads)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_k_discriminator_steps_for_one_of_the_generator(k):
    trainer, log = make(settings=LoopSettings(k=k)), []
    trainer.d_optimizer = Recording("D", trainer.d_optimizer, log)
    trainer.g_optimizer = Recording("G", trainer.g_optimizer, log)
    assert trainer.run(3, progress=False)
    assert log == (["D"] * k + ["G"]) * 3
    assert trainer.real.calls == 3 * k  # a fresh batch of data for each D step
    assert trainer.noise.calls == 3 * k
    assert trainer.steps == 3
    assert all(loss.shape == (3, 1) for loss in trainer.losses())


@pytest.mark.parametrize("penalty", [None, R1(0.5)])
def test_a_discriminator_step_moves_d_and_nothing_else(penalty):
    trainer = make(penalty=penalty)
    trainer.run(2, progress=False)
    g, d, mean = (copy_of(m) for m in (trainer.generator, trainer.discriminator, trainer.averaged))
    state = state_of(trainer.g_optimizer)
    trainer.discriminator_step(trainer.generator(trainer.noise()))  # not even detached
    assert same(trainer.generator, g)
    assert same(trainer.averaged, mean)
    assert unchanged(trainer.g_optimizer, state)
    assert not same(trainer.discriminator, d)
    assert all(p.grad is None for m in (trainer.generator, trainer.discriminator)
               for p in m.parameters())  # fmt: skip


def test_a_generator_step_moves_g_and_nothing_else():
    trainer = make()
    trainer.run(2, progress=False)
    g, d, mean = (copy_of(m) for m in (trainer.generator, trainer.discriminator, trainer.averaged))
    state = state_of(trainer.d_optimizer)
    trainer.generator_step(trainer.generator(trainer.noise()))
    assert same(trainer.discriminator, d)
    assert same(trainer.averaged, mean)
    assert unchanged(trainer.d_optimizer, state)
    assert not same(trainer.generator, g)
    assert all(p.grad is None for m in (trainer.generator, trainer.discriminator)
               for p in m.parameters())  # fmt: skip


def test_the_discriminator_is_given_fakes_without_a_graph():
    seen = []

    class Watched(Trainer):
        def discriminator_step(self, fake):
            seen.append(("D", fake.requires_grad, fake.clone()))
            return super().discriminator_step(fake)

        def generator_step(self, fake):
            seen.append(("G", fake.requires_grad, fake.detach().clone()))
            return super().generator_step(fake)

    t = make(settings=LoopSettings(k=2))
    Watched(t.generator, t.discriminator, t.real, t.noise, t.settings).step()
    assert [(name, graph) for name, graph, _ in seen] == [("D", False), ("D", False), ("G", True)]
    assert not torch.equal(seen[0][2], seen[1][2])  # fresh noise for each D step ...
    assert torch.equal(seen[1][2], seen[2][2])  # ... and the last serves G too


def test_the_generator_is_judged_beside_the_batch_that_the_discriminator_saw_last():
    seen = []

    def watched(discriminator, real, fake):
        seen.append((real, fake))
        return discriminator(fake).mean(-1)

    trainer = make(settings=LoopSettings(k=2), g_loss=watched)
    trainer.step()
    assert trainer.real.calls == 2  # none of its own
    assert seen[0][0] is trainer.last_real
    fresh = make(g_loss=watched)
    fresh.generator_step(fresh.generator(fresh.noise()))  # before any step of D: it draws one
    assert fresh.real.calls == 1


def reference_step(g, d, g_opt, d_opt, real, noise, g_loss, gamma):
    """One step as a tutorial writes it, with torch's own optimisers and loss functions."""
    bce = nn.functional.binary_cross_entropy_with_logits
    fake = g(noise)
    on_real, on_fake = d(real), d(fake.detach())
    d_loss = bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))
    x = real.clone().requires_grad_()
    (slope,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
    d_opt.zero_grad()
    (d_loss + gamma / 2 * slope.square().mean()).backward()
    d_opt.step()
    logits = d(fake)
    if g_loss is nonsaturating_loss:
        loss = bce(logits, torch.ones_like(logits))
    else:
        loss = -bce(logits, torch.zeros_like(logits))
    g_opt.zero_grad()
    loss.backward()
    g_opt.step()
    return d_loss.item(), loss.item()


@pytest.mark.parametrize(("gamma", "half_after"), [(0.0, 0), (0.2, 0), (0.0, 7)])
@pytest.mark.parametrize("g_loss", [nonsaturating_loss, saturating_loss])
def test_the_loop_is_the_one_that_tutorials_write(g_loss, gamma, half_after):
    settings = LoopSettings(k=1, lr_d=4e-3, lr_g=1e-3, betas=(0.3, 0.9), half_after=half_after)
    ours = make(settings=settings, g_loss=OnFakes(g_loss), penalty=R1(gamma) if gamma else None)
    other = make(settings=settings)
    g, d = other.generator, other.discriminator
    g_opt = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.3, 0.9))
    d_opt = torch.optim.Adam(d.parameters(), lr=4e-3, betas=(0.3, 0.9))
    slower = [LambdaLR(opt, lambda t: half_after / (half_after + t) if half_after else 1.0)
              for opt in (g_opt, d_opt)]  # fmt: skip
    ours.run(30, progress=False)
    expected = []
    for _ in range(30):
        real, noise = other.real(), other.noise()
        expected.append(reference_step(g, d, g_opt, d_opt, real, noise, g_loss, gamma))
        for schedule in slower:
            schedule.step()
    d_loss, g_loss_ = ours.losses()
    torch.testing.assert_close(
        torch.cat([d_loss, g_loss_], 1), torch.tensor(expected).double(), rtol=1e-5, atol=1e-6
    )
    for module, twin in ((ours.generator, g), (ours.discriminator, d)):
        for p, q in zip(module.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-9, atol=1e-9)


def test_losses_are_recorded_without_the_penalty_and_before_the_move():
    trainer = make(settings=LoopSettings(k=1), penalty=R1(100.0))
    twin = make()
    trainer.step()
    with torch.no_grad():
        fake = twin.generator(twin.noise())
        expected = -value(twin.discriminator(twin.real()), twin.discriminator(fake))
    torch.testing.assert_close(trainer.losses()[0][0], expected)


# ---- Adam and EMA ----


@pytest.mark.parametrize("betas", [(0.0, 0.9), (0.9, 0.999), (0.5, 0.99)])
def test_adam_is_torchs_adam(betas):
    g = torch.Generator().manual_seed(0)
    start = [torch.randn(s, generator=g, dtype=torch.float64) for s in ((3, 4), (1,), (2, 1, 5))]
    ours, theirs, third = ([nn.Parameter(w.clone()) for w in start] for _ in range(3))
    a, b = Adam(ours, 1e-2, betas), torch.optim.Adam(theirs, lr=1e-2, betas=betas)
    kept = Adam(third, 1.0, betas, recorded=True)  # its rate is a tensor in 32 bits
    kept.set_rate(1e-2)
    for _ in range(50):
        grads = [torch.randn(w.shape, generator=g, dtype=torch.float64) for w in start]
        a.step(grads)
        kept.step(grads)
        for p, grad in zip(theirs, grads, strict=True):
            p.grad = grad.clone()
        b.step()
    for p, q, r in zip(ours, theirs, third, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(r, q, rtol=1e-6, atol=1e-7)


def test_adam_takes_a_gradient_in_any_memory_layout():
    """autograd may return a transposed view: R1 does, for the square matrix of a hidden layer."""
    g = torch.Generator().manual_seed(0)
    grads = [torch.randn(2, 4, 4, generator=g).transpose(1, 2) for _ in range(3)]
    assert not grads[0].is_contiguous()
    ours, theirs = (nn.Parameter(torch.zeros(2, 4, 4)) for _ in range(2))
    a, b = Adam([ours], 0.1, (0.3, 0.9)), torch.optim.Adam([theirs], lr=0.1, betas=(0.3, 0.9))
    for grad in grads:
        a.step([grad])
        theirs.grad = grad.contiguous()
        b.step()
    torch.testing.assert_close(ours, theirs)


def test_adams_first_step_is_the_learning_rate_against_the_gradient():
    p = nn.Parameter(torch.zeros(3, dtype=torch.float64))
    Adam([p], 0.1, (0.0, 0.9)).step([torch.tensor([5.0, -1e-3, 0.0], dtype=torch.float64)])
    torch.testing.assert_close(p.detach(), torch.tensor([-0.1, 0.1, 0.0]).double(), rtol=1e-4,
                               atol=1e-6)  # fmt: skip


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.99])
def test_the_average_is_exponential(beta):
    trainer = make(settings=LoopSettings(ema=beta))
    expected = [copy_of(trainer.generator)]
    assert same(trainer.averaged, expected[0])

    def follow(t):
        now = copy_of(t.generator)
        old = expected[-1]
        expected.append([beta * m + (1 - beta) * w for m, w in zip(old, now, strict=True)])

    trainer.run(20, follow, progress=False)
    for p, m in zip(trainer.averaged.parameters(), expected[-1], strict=True):
        torch.testing.assert_close(p, m, rtol=1e-12, atol=1e-12)
        assert not p.requires_grad
    if beta == 0:
        assert same(trainer.averaged, copy_of(trainer.generator))


# ---- many at once ----


def test_members_trained_together_follow_their_own_paths():
    options = {"settings": LoopSettings(k=2), "penalty": R1(0.3)}
    together = make((0, 1, 2), **options)
    together.run(30, progress=False)
    for s in range(3):
        alone = make((s,), **options)
        alone.run(30, progress=False)
        for name in ("generator", "discriminator", "averaged"):
            pairs = zip(getattr(together, name).parameters(), getattr(alone, name).parameters(),
                        strict=True)  # fmt: skip
            for p, q in pairs:
                torch.testing.assert_close(p[s], q[0], rtol=1e-9, atol=1e-9)
        for a, b in zip(together.losses(), alone.losses(), strict=True):
            torch.testing.assert_close(a[:, [s]], b, rtol=1e-9, atol=1e-9)


def test_one_pass_of_d_for_both_batches_trains_the_same_gans():
    """Three side by side: the batch is their second axis."""
    apart, one = (make((0, 1, 2), LoopSettings(together=x), penalty=R1(0.3)) for x in (False, True))
    for trainer in (apart, one):
        trainer.run(30, progress=False)
    for name in ("generator", "discriminator"):
        pairs = zip(getattr(apart, name).parameters(), getattr(one, name).parameters(), strict=True)
        for p, q in pairs:
            torch.testing.assert_close(p, q, rtol=1e-9, atol=1e-9)
    for a, b in zip(apart.losses(), one.losses(), strict=True):
        assert a.shape == (30, 3)
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


# ---- interrupts, errors, noise ----


def test_an_interrupt_between_steps_keeps_what_was_done():
    trainer = make()

    def stop(t):
        if t.steps == 5:
            raise KeyboardInterrupt

    assert trainer.run(20, stop, progress=False) is False
    assert trainer.steps == 5
    assert [len(loss) for loss in trainer.losses()] == [5, 5]
    assert trainer.run(3, progress=False) is True
    assert [len(loss) for loss in trainer.losses()] == [8, 8]
    assert all(torch.isfinite(loss).all() for loss in trainer.losses())


@pytest.mark.parametrize("source", ["real", "noise"])
@pytest.mark.parametrize("call", [1, 2, 8])
def test_an_interrupt_within_a_step_leaves_whole_records(source, call):
    trainer = make(settings=LoopSettings(k=3))
    getattr(trainer, source).fail_at = call
    assert trainer.run(20, progress=False) is False
    done = (call - 1) // 3
    assert trainer.steps == done
    assert [len(loss) for loss in trainer.losses()] == [done, done]
    assert trainer.run(2, progress=False) is True
    assert [len(loss) for loss in trainer.losses()] == [done + 2, done + 2]


def test_an_interrupt_between_the_two_players_leaves_whole_records():
    trainer, interrupted = make(), []

    def loss(fake):
        if trainer.steps == 4 and not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        return nonsaturating_loss(fake)

    trainer.g_loss = OnFakes(loss)
    assert trainer.run(9, progress=False) is False
    assert [len(x) for x in trainer.losses()] == [4, 4]
    assert trainer.run(1, progress=False) is True


def test_other_errors_are_not_swallowed():
    trainer = make()

    def fail(t):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        trainer.run(3, fail, progress=False)
    assert trainer.steps == 1


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_is_shown_only_if_wanted(capsys, monkeypatch, progress):
    bar = training.tqdm  # usually it appears after a second: here at once
    monkeypatch.setattr(training, "tqdm", lambda **options: bar(**options | {"delay": 0}))
    make().run(3, progress=progress)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("training" in err) == progress


def test_the_callback_sees_every_step():
    seen = []
    make().run(4, lambda t: seen.append(t.steps), progress=False)
    assert seen == [1, 2, 3, 4]


def test_no_steps():
    trainer = make()
    assert trainer.run(0, progress=False) is True
    assert [len(loss) for loss in trainer.losses()] == [0, 0]


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    make(penalty=R1(0.1)).run(3, progress=False)
    assert torch.equal(torch.get_rng_state(), before)


def test_recorded_losses_do_not_hold_the_graph():
    trainer = make()
    trainer.run(2, progress=False)
    assert not any(loss.requires_grad for loss in trainer.losses())


# ---- the toy does not notice what other experiments need ----


def committed_loop(trainer, steps):
    """The loop as it was before precision, labels and processes: nothing but the 1-D GAN."""
    g, d, k = trainer.generator, trainer.discriminator, trainer.settings.k
    g_params, d_params = [*g.parameters()], [*d.parameters()]
    g_values = [p.detach() for p in g_params]
    means = [p.clone() for p in g_values]
    record = []
    for _ in range(steps):
        for _ in range(k):
            fake, real = g(trainer.noise()), trainer.real()
            d_loss = trainer.d_loss(d(real), d(fake.detach()))
            total = d_loss
            if trainer.penalty is not None:
                total = d_loss + trainer.penalty(d, real, fake.detach())
            ones = torch.ones_like(total)
            trainer.d_optimizer.step(torch.autograd.grad(total, d_params, ones))
        g_loss = trainer.g_loss(d, real, fake)
        ones = torch.ones_like(g_loss)
        trainer.g_optimizer.step(torch.autograd.grad(g_loss, g_params, ones))
        torch._foreach_lerp_(means, g_values, 1 - trainer.settings.ema)
        record.append(torch.stack([d_loss.detach(), g_loss.detach()]))
    return [*g_values, *(p.detach() for p in d_params), *means, torch.stack(record)]


@pytest.mark.parametrize("seeds", [(0,), (1, 2, 3)])
@pytest.mark.parametrize("options", [
    {}, {"penalty": R1(0.1)}, {"settings": LoopSettings(k=3, ema=0.9)},
    {"g_loss": OnFakes(saturating_loss)},
])  # fmt: skip
def test_the_toy_is_trained_as_before_bit_for_bit(seeds, options):
    ours, before = (make(seeds, dtype=torch.float32, **options) for _ in range(2))
    for trainer in (ours, before):  # float32, as in the experiment
        trainer.real, trainer.noise = trainer.real.batches, trainer.noise.batches
    expected = committed_loop(before, 60)
    ours.run(60, progress=False)
    networks = (ours.generator, ours.discriminator, ours.averaged)
    found = [p for network in networks for p in network.parameters()]
    found.append(torch.stack(ours.losses(), 1))
    assert len(found) == len(expected)
    assert all(map(torch.equal, found, expected))


# ---- limits ----


def test_a_time_limit(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(training.time, "perf_counter", lambda: now[0])

    def pass_time(t):
        now[0] += 0.25

    trainer = make()
    assert trainer.run(on_step=pass_time, progress=False, seconds=1.0) is True
    assert trainer.steps == 4
    trainer.run(2, pass_time, progress=False, seconds=1.0)  # the nearer of the two
    assert trainer.steps == 6
    trainer.run(progress=False, seconds=0)
    assert trainer.steps == 6


def test_some_limit_is_needed():
    with pytest.raises(ValueError, match=r"^steps must be a number if seconds is not, got None"):
        make().run()
    with pytest.raises(ValueError, match=r"^seconds must be at least 0, got -1"):
        make().run(seconds=-1)


@pytest.mark.parametrize("bad", [{"check_every": -1}, {"precision": "half"}])
def test_settings_that_make_no_sense(bad):
    name = next(iter(bad))
    with pytest.raises(ValueError, match=rf"^{name} must be.*got"):
        LoopSettings(**bad)
