"""Devices and precision: what is chosen, what is computed in it; large logits do no harm."""

from __future__ import annotations

import itertools
from contextlib import nullcontext

import pytest
import small_gans
import torch
from simulated_gpu import simulated_gpu
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from gan_lessons import devices, losses
from gan_lessons.devices import Mixed
from gan_lessons.history import DivergedError
from gan_lessons.objectives import FeatureMatching, OnFakes
from gan_lessons.optimiser import Adam, ScaledAdam
from gan_lessons.penalties import R1
from gan_lessons.samples import Labelled
from gan_lessons.training import LoopSettings

pytestmark = pytest.mark.usefixtures("one_thread")


# ---- what is chosen ----


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_best_device(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert devices.best_device().type == expected


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((7, 0), torch.float16), ((7, 5), torch.float16), ((8, 0), torch.bfloat16),
     ((9, 0), torch.bfloat16)],
)  # fmt: skip
def test_a_gpu_takes_bf16_if_it_has_it(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert devices.mixed("cuda:0") == devices.half("mixed", "cuda:0") == expected
    assert devices.half("bf16", "cuda:0") == torch.bfloat16  # if told so
    assert devices.half("full", "cuda:0") is None


@pytest.mark.parametrize(("new", "expected"), [(True, torch.bfloat16), (False, None)])
def test_an_old_mac_stays_in_full_precision(monkeypatch, new, expected):
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda *version: new)
    assert devices.half("mixed", "mps") == expected


@pytest.mark.parametrize("name", ["compile", "graph"])
def test_what_only_cuda_can_do_is_refused_elsewhere(name):
    with pytest.raises(ValueError, match=rf"^{name} must be False without a CUDA.*got True on cpu"):
        small_gans.make(LoopSettings(**{name: True}))


# ---- what is computed in it ----


class Watch(nn.Module):
    """Notes the type of what comes out of a layer."""

    def __init__(self, layer, log):
        super().__init__()
        self.layer, self.log = layer, log

    def forward(self, x):
        out = self.layer(x)
        self.log.append(out.dtype)
        return out


@pytest.mark.parametrize(
    ("precision", "expected"),
    [("full", torch.float32), ("mixed", torch.bfloat16), ("bf16", torch.bfloat16),
     ("fp16", torch.float16)],
)  # fmt: skip
def test_layers_in_16_bits_and_everything_else_in_32(precision, expected):
    inside, logits, fakes = [], [], []

    def d_loss(real, fake):
        logits.extend([real.dtype, fake.dtype])
        return losses.discriminator_loss(real, fake)

    def g_loss(discriminator, real, fake):
        fakes.append(fake.x.dtype)
        out = discriminator(fake)
        logits.append(out.dtype)
        return losses.nonsaturating_loss(out)

    trainer = small_gans.make(LoopSettings(precision=precision), d_loss=d_loss, g_loss=g_loss)
    for network in (trainer.generator, trainer.discriminator):
        network.last = Watch(network.last, inside)
    trainer.run(2, progress=False)
    assert set(inside) == {expected}
    assert set(logits) == set(fakes) == {torch.float32}
    tensors = [*trainer.generator.state_dict().values(), *trainer.d_optimizer.square]
    assert {t.dtype for t in tensors if t.is_floating_point()} == {torch.float32}


def test_in_full_precision_the_networks_are_called_as_they_are():
    trainer = small_gans.make()
    assert trainer.generate is trainer.generator
    assert trainer.judge is trainer.discriminator


def test_penalties_are_in_full_precision():
    seen, inside = [], []

    def penalty(discriminator, real, fake):
        inside.clear()
        value = R1(0.1)(discriminator, real, fake)
        seen.extend(inside)
        return value

    trainer = small_gans.make(LoopSettings(precision="bf16"), penalty=penalty)
    trainer.discriminator.last = Watch(trainer.discriminator.last, inside)
    trainer.run(1, progress=False)
    assert seen == [torch.float32] * trainer.settings.k


def test_other_methods_of_a_network_are_reached_through_its_mixed_form():
    trainer = small_gans.make(LoopSettings(precision="bf16"), g_loss=FeatureMatching())
    trainer.run(2, progress=False)
    mixed = Mixed(nn.Linear(2, 2), torch.bfloat16)
    with pytest.raises(AttributeError, match="feathers"):
        _ = mixed.feathers


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_stays_near_full(precision):
    """A few per cent after 20 steps: two or three digits in each product."""
    results = []
    for name in ("full", precision):
        trainer = small_gans.make(LoopSettings(precision=name, k=1), norm=False)
        trainer.run(20, progress=False)
        results.append(torch.cat([torch.stack(trainer.losses()).flatten()]))
    torch.testing.assert_close(*results, rtol=0.03, atol=0.03)
    assert not torch.equal(*results)


# ---- logits of 1000 ----


def of_probabilities(real, fake):
    """The loss as it is written in the paper; right in exact arithmetic."""
    return -(torch.sigmoid(real).log().mean(-1) + (1 - torch.sigmoid(fake)).log().mean(-1))


@pytest.mark.parametrize("precision", ["full", "bf16"])
@pytest.mark.parametrize("saturating", [True, False])
def test_logits_of_a_thousand_do_no_harm(precision, saturating):
    g_loss = OnFakes(losses.saturating_loss if saturating else losses.nonsaturating_loss)
    settings = LoopSettings(precision=precision, check_every=1)
    trainer = small_gans.make(settings, gain=3000.0, g_loss=g_loss)
    with torch.no_grad():
        logits = trainer.judge(trainer.real())
    assert logits.abs().max() > 1000
    assert (logits > 0).any()
    assert (logits < 0).any()
    trainer.run(30, progress=False)
    d_loss, g = trainer.losses()
    assert torch.isfinite(d_loss).all()
    assert torch.isfinite(g).all()
    assert d_loss.max() > 100


def test_with_probabilities_they_do():
    settings = LoopSettings(precision="bf16", check_every=1)
    trainer = small_gans.make(settings, gain=3000.0, d_loss=of_probabilities)
    with pytest.raises(DivergedError, match="loss of D became"):
        trainer.run(30, progress=False)


# ---- float16 and its scale ----


def test_scaled_adam_is_torchs_adam_with_its_scaler():
    """Also when a gradient overflows: both skip the step and halve the scale."""
    draw = torch.Generator().manual_seed(0)
    start = [torch.randn(3, 2, generator=draw), torch.randn(4, generator=draw)]
    ours, theirs = ([nn.Parameter(w.clone()) for w in start] for _ in range(2))
    scalers = [torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=3) for _ in range(2)]
    mine = ScaledAdam(ours, 1e-2, (0.5, 0.9), scalers[0])
    reference = torch.optim.Adam(theirs, 1e-2, betas=(0.5, 0.9), fused=True)
    scales = []
    for step in range(12):
        grads = [torch.randn(w.shape, generator=draw) for w in start]
        if step in (4, 9):
            grads[1][2] = float("inf") if step == 4 else float("nan")
        scale = scalers[0].scale(torch.ones(()))
        mine.step([g * scale for g in grads])
        scale = scalers[1].scale(torch.ones(()))
        for p, g in zip(theirs, grads, strict=True):
            p.grad = g * scale
        scalers[1].step(reference)
        scalers[1].update()
        scales.append((scalers[0].get_scale(), scalers[1].get_scale()))
    assert scales == [(a, a) for a, _ in scales]
    steps = [b[0] / a[0] for a, b in itertools.pairwise(scales)]
    assert {0.5, 1.0, 2.0} == {*steps}  # it fell, stayed and grew
    assert mine.count[0] == 10
    for p, q in zip(ours, theirs, strict=True):
        assert torch.equal(p, q)
        assert torch.isfinite(p).all()
        assert p.grad is None


def test_an_overflow_changes_nothing_but_the_scale():
    trainer = small_gans.make(LoopSettings(precision="fp16", k=1), norm=False)
    trainer.run(3, progress=False)
    weights = [p.detach().clone() for p in trainer.discriminator.parameters()]
    scale = trainer.scaler.get_scale()
    grads = [torch.full_like(p, float("inf")) for p in weights]
    trainer.d_optimizer.step(grads)
    assert all(map(torch.equal, weights, trainer.discriminator.parameters()))
    assert trainer.scaler.get_scale() == scale / 2


def tiny_loss(real, fake):
    return (fake - real).mean(-1) * 1e-3


def test_gradients_too_small_for_float16_are_felt():
    """Without the scale they are 0: that is what it is for."""
    updates = []
    for scaled in (True, False):
        settings = LoopSettings(precision="fp16", k=1)
        trainer = small_gans.make(settings, norm=False, gain=1e-5, d_loss=tiny_loss)
        if not scaled:
            trainer.scaler = None
            trainer.d_optimizer = Adam(trainer.d_params, 1e-3, (0.0, 0.9))
        fake = trainer.generate(trainer.noise()).detach()
        before = trainer.discriminator.first.weight.detach().clone()
        trainer.discriminator_step(fake)
        updates.append((trainer.discriminator.first.weight - before).abs().max().item())
    assert updates[0] > 1e-4
    assert updates[1] < updates[0] / 10


# ---- no waiting ----


class Waits(TorchDispatchMode):
    """Counts the operations for which the host would wait for the device."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("precision", ["full", "bf16", "fp16"])
def test_a_step_reads_no_number_back(precision):
    trainer = small_gans.make(LoopSettings(precision=precision), penalty=R1(0.1))
    trainer.step()
    with Waits() as waits:
        for _ in range(3):
            trainer.step()
    assert waits.count == 0
    with Waits() as waits:
        trainer.check()
    assert waits.count > 0  # a look does


# ---- compiled ----


# torch's compiler reads `.grad` of whatever it is given, fakes with a graph included.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.parametrize("precision", ["full", "bf16"])
def test_compiled_networks_train_as_they_are(monkeypatch, precision):
    """The tracing part of torch.compile; generating code is for a GPU, below."""
    trainers = [small_gans.make(LoopSettings(precision=precision), penalty=R1(0.1)) for _ in "ab"]
    compile_, traced = torch.compile, trainers[1]
    monkeypatch.setattr(torch, "compile", lambda network: compile_(network, backend="aot_eager"))
    dtype = devices.half(precision, "cpu")
    traced.generate = devices.as_called(traced.generator, dtype, compiled=True)
    traced.judge = devices.as_called(traced.discriminator, dtype, compiled=True)
    for trainer in trainers:
        trainer.run(3, progress=False)
    ours, theirs = (torch.stack(trainer.losses()) for trainer in trainers)
    torch.testing.assert_close(ours, theirs)


# ---- memory formats ----


@pytest.mark.parametrize("fused", [True, False])
def test_adam_with_channels_last(fused):
    draw = torch.Generator().manual_seed(0)
    start = torch.randn(3, 4, 3, 3, generator=draw)
    ours = nn.Parameter(start.clone(memory_format=torch.channels_last))
    theirs = nn.Parameter(start.clone())
    mine, reference = Adam([ours], 0.1, (0.3, 0.9)), torch.optim.Adam([theirs], 0.1, (0.3, 0.9))
    mine.fused = fused
    for i in range(4):
        grad = torch.randn(3, 4, 3, 3, generator=draw)
        format_ = torch.channels_last if i % 2 else torch.contiguous_format
        mine.step([grad.contiguous(memory_format=format_)])
        theirs.grad = grad
        reference.step()
    torch.testing.assert_close(ours.detach().contiguous(), theirs.detach())
    assert ours.is_contiguous(memory_format=torch.channels_last)


# ---- a GPU: one that is simulated, and a real one if there is one ----

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.fixture(params=["simulated", pytest.param("real", marks=needs_cuda)])
def gpu(request, monkeypatch):
    with simulated_gpu(monkeypatch) if request.param == "simulated" else nullcontext():
        yield request.param


class OnGpu:
    """A source whose batches are moved to the GPU."""

    def __init__(self, source):
        self.source = source

    def __call__(self):
        return self.source().to("cuda")

    def state(self):
        return self.source.state()

    def load_state(self, state):
        self.source.load_state(state)


def on_gpu(settings, **options):
    trainer = small_gans.make(**options)
    return type(trainer)(
        trainer.generator.cuda(), trainer.discriminator.cuda(), OnGpu(trainer.real),
        OnGpu(trainer.noise), settings, penalty=trainer.penalty,
    )  # fmt: skip


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("precision", ["full", "mixed", "fp16"])
def test_the_gpu_does_as_the_cpu_does(precision):
    results = []
    for make in (small_gans.make, on_gpu):
        name = precision if make is on_gpu else "full"
        trainer = make(LoopSettings(precision=name, k=2), penalty=R1(0.1), norm=False)
        trainer.run(20, progress=False)
        results.append(torch.stack(trainer.losses()))
    tolerance = 1e-3 if precision == "full" else 0.03
    torch.testing.assert_close(*results, rtol=tolerance, atol=tolerance)


def as_eager(precision, how):
    """Train in full, and so as is asked: averaged weights and losses must be near each other."""
    results = []
    for asked in (False, True):
        # Rates that fall: those of each replay, not those of the recording.
        settings = LoopSettings(
            precision=precision, k=2, lr_d=0.02, ema_warmup=True, half_after=3, **{how: asked}
        )
        trainer = on_gpu(settings, penalty=R1(0.1))
        trainer.run(12, progress=False)
        state = trainer.state()
        weights = [v.float().cpu().flatten() for v in state["averaged"].values()]
        results.append(torch.cat([*weights, torch.stack(trainer.losses()).flatten()]))
    tolerance = 1e-4 if precision == "full" else 0.03
    torch.testing.assert_close(*results, rtol=tolerance, atol=tolerance)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("precision", ["full", "bf16", "fp16"])
def test_a_graph_does_as_eager_code_does(precision):
    as_eager(precision, "graph")


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@needs_cuda
@pytest.mark.parametrize("precision", ["full", "bf16"])
def test_compiled_code_does_as_eager_code_does(precision):
    as_eager(precision, "compile")


@pytest.mark.usefixtures("gpu")
def test_a_graph_is_resumed_from_a_checkpoint():
    settings = LoopSettings(k=2, graph=True)
    whole, first, second = (on_gpu(settings) for _ in range(3))
    whole.run(20, progress=False)
    first.run(10, progress=False)
    second.load_state(first.state())
    second.run(10, progress=False)
    torch.testing.assert_close(torch.stack(whole.losses()), torch.stack(second.losses()))


def test_labels_go_to_the_device_with_their_samples():
    moved = Labelled(torch.zeros(2), torch.tensor([1, 2])).to("meta")
    assert moved.x.device.type == moved.y.device.type == "meta"
