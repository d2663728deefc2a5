"""The 1-D experiment: seeds, files, frames, interrupts; and a first look at its reliability."""

from __future__ import annotations

import dataclasses
import errno
import zipfile

import numpy as np
import pytest
import torch

from gan_lessons import curves, toy, training
from gan_lessons.batches import Batches
from gan_lessons.densities import pdf
from gan_lessons.toy import Run, ToySettings
from gan_lessons.training import LoopSettings

QUICK = ToySettings(batch=16, g_hidden=(8,), d_hidden=(8, 4))


def train(settings=QUICK, seeds=(0,), steps=6, record_every=2):
    return toy.train(settings, seeds, steps, record_every, progress=False)


def arrays(run):
    yield from (run.seeds, run.d_loss, run.g_loss, run.frames)
    for name in sorted(run.weights):
        yield from run.weights[name]


def identical(a, b):
    return all(
        x.dtype == y.dtype and np.array_equal(x, y)
        for x, y in zip(arrays(a), arrays(b), strict=True)
    )


# ---- seeds ----


def test_same_seed_same_run_bit_by_bit():
    first = train(seeds=(3, 4))
    torch.manual_seed(12345)  # must not matter
    assert identical(first, train(seeds=(3, 4)))


def test_other_seed_other_run():
    a, b = train(seeds=(3,)), train(seeds=(4,))
    for name in a.weights:  # initial weights
        assert not np.array_equal(a.weights[name][0][0], b.weights[name][0][0])
    assert not np.array_equal(a.d_loss, b.d_loss)


def test_a_seed_is_the_same_in_any_company_up_to_rounding():
    together, alone = (train(ToySettings(), seeds=s, steps=10) for s in ((7, 3, 9), (3,)))
    for name in alone.weights:
        for w, v in zip(together.weights[name], alone.weights[name], strict=True):
            np.testing.assert_array_equal(w[0, 1], v[0, 0])  # before training: exactly
            np.testing.assert_allclose(w[:, 1], v[:, 0], atol=1e-4)
    np.testing.assert_allclose(together.d_loss[:, 1], alone.d_loss[:, 0], atol=1e-4)


def test_networks_data_and_noise_have_streams_of_their_own():
    t = toy.make_trainer(dataclasses.replace(QUICK, noise="normal", d_hidden=(8,)), [0])
    assert not torch.equal(t.generator.w0, t.discriminator.w0)
    real, noise = t.real().flatten(), t.noise().flatten()
    assert not torch.allclose(real, noise)
    # Changing the discriminator changes neither the data nor G's initial weights.
    other = toy.make_trainer(dataclasses.replace(QUICK, d_hidden=(4,)), [0])
    assert torch.equal(other.real().flatten(), real)
    assert torch.equal(other.generator.w0, t.generator.w0)


def test_global_state_is_left_alone():
    rng, threads = torch.get_rng_state(), torch.get_num_threads()
    train()
    assert torch.equal(torch.get_rng_state(), rng)
    assert torch.get_num_threads() == threads


def test_threads_are_restored_after_an_error(monkeypatch):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        seen = []

        def fail(self):
            seen.append(torch.get_num_threads())
            raise RuntimeError("mine")

        monkeypatch.setattr(Batches, "__call__", fail)
        with pytest.raises(RuntimeError, match="mine"):
            train()
        assert seen == [1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_without_the_bar_nothing_is_printed(capsys, monkeypatch):
    bar = training.tqdm  # usually it appears after a second: here at once
    monkeypatch.setattr(training, "tqdm", lambda **options: bar(**options | {"delay": 0}))
    train()
    assert capsys.readouterr() == ("", "")


# ---- what is recorded ----


@pytest.mark.parametrize(
    ("steps", "every", "frames"),
    [(6, 2, [0, 2, 4, 6]), (7, 3, [0, 3, 6, 7]), (5, None, [0, 5]), (2, 9, [0, 2]),
     (3, 1, [0, 1, 2, 3])],
)  # fmt: skip
def test_frames(steps, every, frames):
    run = train(seeds=(0, 1), steps=steps, record_every=every)
    assert run.frames.tolist() == frames
    assert run.d_loss.shape == run.g_loss.shape == (steps, 2)
    for ws in run.weights.values():
        assert {w.shape[:2] for w in ws} == {(len(frames), 2)}


def test_recording_does_not_change_the_run():
    a, b = train(record_every=1), train(record_every=None)
    assert np.array_equal(a.d_loss, b.d_loss)
    for name in a.weights:
        for v, w in zip(a.weights[name], b.weights[name], strict=True):
            assert np.array_equal(v[[0, -1]], w)


def test_snapshots_are_copies_and_the_average_lags():
    run = train(steps=6, record_every=1)
    g, mean = run.weights["generator"][0], run.weights["averaged"][0]
    assert len(np.unique(g[:, 0, 0, 0])) == 7
    assert np.array_equal(g[0], mean[0])
    np.testing.assert_allclose(mean[1], 0.99 * g[0] + 0.01 * g[1], rtol=1e-5, atol=1e-7)


def by_hand(weights, frame, member, x, activation=np.tanh):
    h = x[:, None]
    layers = [w[frame, member].astype(np.float64) for w in weights]
    for w, b in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        h = activation(h @ w + b)
    return (h @ layers[-2] + layers[-1])[:, 0]


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_networks_of_a_run_by_numpy(standardise, activation):
    settings = dataclasses.replace(
        QUICK, standardise=standardise, activation=activation, target="two modes"
    )
    run = train(settings, seeds=(0, 1))
    mean, sd = (4, np.sqrt(4.25)) if standardise else (0, 1)
    f = np.tanh if activation == "tanh" else (lambda h: np.maximum(h, 0))
    z = np.linspace(-2, 2, 9)
    for frame, member in ((0, 0), (-1, 1), (2, 0)):
        for averaged in (False, True):
            name = "averaged" if averaged else "generator"
            ours = run.generator(frame, member, averaged)(torch.from_numpy(z)).numpy()
            expected = mean + sd * by_hand(run.weights[name], frame, member, z, f)
            np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)
        x = z + 4
        ours = run.discriminator(frame, member)(torch.from_numpy(x)).numpy()
        expected = by_hand(run.weights["discriminator"], frame, member, (x - mean) / sd, f)
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("judge", ["relu", "square"])
def test_d_may_bend_otherwise_than_g(judge):
    run = train(dataclasses.replace(QUICK, d_activation=judge), seeds=(0, 1))
    z = np.linspace(-2, 2, 9)
    f = {"relu": lambda h: np.maximum(h, 0), "square": np.square}[judge]
    ours = run.discriminator(-1, 1)(torch.from_numpy(z + 4)).numpy()
    expected = by_hand(run.weights["discriminator"], -1, 1, z / 0.5, f)
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)
    ours = run.generator(-1, 1)(torch.from_numpy(z)).numpy()
    expected = 4 + 0.5 * by_hand(run.weights["generator"], -1, 1, z)  # tanh, as before
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)
    same = train(dataclasses.replace(QUICK, d_activation="tanh"))
    assert identical(same, train())


def test_the_targets_are_those_of_the_book():
    x = torch.tensor([4.0])
    assert pdf(ToySettings().p_data, x).item() == pytest.approx(0.797885, abs=1e-6)
    assert ToySettings().scale == (4.0, 0.5)
    two = ToySettings(target="two modes", noise="uniform")
    assert two.scale == pytest.approx((4.0, 4.25**0.5))
    assert pdf(two.p_z, torch.tensor([-1.1, 0.0, 0.9])).tolist() == [0, 0.5, 0.5]


def test_settings_reach_the_loop():
    loop = LoopSettings(k=3, lr_d=1e-3, lr_g=2e-3, betas=(0.5, 0.8), ema=0.5)
    settings = dataclasses.replace(QUICK, loop=loop, r1=0.7, g_loss="saturating")
    t = toy.make_trainer(settings, [0])
    assert (t.d_optimizer.lr, t.g_optimizer.lr) == (1e-3, 2e-3)
    assert t.d_optimizer.betas == t.g_optimizer.betas == (0.5, 0.8)
    assert t.penalty.gamma == 0.7
    t.step()
    assert float(t.losses()[1]) < 0  # log(1 - D)
    assert toy.make_trainer(dataclasses.replace(QUICK, r1=0), [0]).penalty is None


def test_g_start_moves_the_first_outputs_by_standard_deviations():
    plain, far = train(), train(dataclasses.replace(QUICK, g_start=-3.0))
    z = torch.linspace(-2, 2, 5, dtype=torch.float64)
    for averaged in (False, True):
        moved = far.generator(0, averaged=averaged)(z) - plain.generator(0, averaged=averaged)(z)
        torch.testing.assert_close(moved, torch.full_like(z, -1.5), rtol=1e-5, atol=1e-5)
    assert np.array_equal(far.weights["discriminator"][0][0], plain.weights["discriminator"][0][0])


# ---- files ----


def odd_settings():
    loop = LoopSettings(k=2, lr_d=1 / 3, lr_g=1e-7, betas=(0.1, 0.2), ema=0.3)
    return ToySettings(
        target="two modes",
        noise="uniform",
        g_loss="saturating",
        batch=16,
        g_hidden=(8,),
        d_hidden=(8, 4),
        activation="relu",
        standardise=False,
        g_start=-1.5,
        r1=1 / 7,
        loop=loop,
    )


@pytest.mark.parametrize("settings", [QUICK, odd_settings()])
def test_a_run_comes_back_from_its_file_exactly(tmp_path, settings):
    run = train(settings, seeds=(2, 5))
    for path in (tmp_path / "run.npz", str(tmp_path / "no suffix")):
        run.save(path)
        back = Run.load(path)
        assert back.settings == settings
        assert type(back.settings.g_hidden) is tuple
        assert identical(run, back)
        assert [*back.weights] == [*run.weights]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["no suffix", "run.npz"]


def test_more_than_ten_layers_keep_their_order(tmp_path):
    run = train(dataclasses.replace(QUICK, g_hidden=(2,) * 7))
    run.save(tmp_path / "run")
    assert identical(run, Run.load(tmp_path / "run"))


def test_nothing_is_pickled(tmp_path):
    train().save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        assert all(file[key].dtype != object for key in file)
    with zipfile.ZipFile(tmp_path / "run.npz") as file:
        assert all(name.endswith(".npy") for name in file.namelist())


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "disk full"), KeyboardInterrupt()])
def test_a_failed_save_leaves_the_old_file_whole(tmp_path, monkeypatch, error):
    path = tmp_path / "run.npz"
    old = train(seeds=(1,))
    old.save(path)

    def savez(file, **_):
        file.write(b"half of it")
        raise error

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(type(error)):
        train(seeds=(2,)).save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    assert identical(old, Run.load(path))


def test_an_unknown_name_in_a_file_is_refused(tmp_path):
    run = train()
    object.__setattr__(run.settings, "target", "three modes")
    try:
        run.save(tmp_path / "run")
    finally:
        object.__setattr__(run.settings, "target", "gaussian")
    with pytest.raises(ValueError, match="target"):
        Run.load(tmp_path / "run")


# ---- interrupts ----


def interrupt(monkeypatch, at):
    """Raise KeyboardInterrupt at the at-th batch that is drawn (data and noise together)."""
    draw, calls = Batches.__call__, []

    def call(self):
        calls.append(self)
        if len(calls) == at:
            raise KeyboardInterrupt
        return draw(self)

    monkeypatch.setattr(Batches, "__call__", call)


@pytest.mark.parametrize(
    ("at", "done", "frames"), [(7, 3, [0, 2, 3]), (10, 4, [0, 2, 4]), (12, 5, [0, 2, 4, 5])]
)
def test_an_interrupted_run_is_shorter_and_whole(monkeypatch, tmp_path, at, done, frames):
    quick = dataclasses.replace(
        QUICK, loop=LoopSettings(k=1)
    )  # two batches for each step, and one of noise
    whole, threads = train(quick), torch.get_num_threads()
    interrupt(monkeypatch, at)
    run = train(quick)
    assert run.frames.tolist() == frames
    assert np.array_equal(run.d_loss, whole.d_loss[:done])
    assert np.array_equal(run.g_loss, whole.g_loss[:done])
    assert all(len(w) == len(frames) for ws in run.weights.values() for w in ws)
    assert torch.get_num_threads() == threads
    run.save(tmp_path / "run")
    assert identical(run, Run.load(tmp_path / "run"))
    assert curves.compute(run).p_g.shape[0] == len(frames)


def test_a_run_interrupted_before_its_first_step_can_still_be_looked_at(monkeypatch):
    interrupt(monkeypatch, 1)
    run = train(seeds=(0, 1))
    assert run.frames.tolist() == [0]
    assert run.d_loss.shape == run.g_loss.shape == (0, 2)
    assert curves.compute(run, member=1).d_loss.shape == (0,)


def test_an_interrupt_while_a_snapshot_is_taken_leaves_whole_frames(monkeypatch):
    """Ctrl-C may come at any time: here between the weights of G and those of D."""
    from gan_lessons.networks import LogitMLP

    parameters, calls = LogitMLP.parameters, []

    def interrupted(self, *args, **kwargs):
        calls.append(self)
        if len(calls) == 4:  # one by Trainer, then the snapshots of steps 0, 2, 4
            raise KeyboardInterrupt
        return parameters(self, *args, **kwargs)

    monkeypatch.setattr(LogitMLP, "parameters", interrupted)
    run = train()
    assert len(calls) >= 4
    assert len(run.d_loss) == 4
    assert {len(w) for ws in run.weights.values() for w in ws} == {len(run.frames)}
    assert run.frames.tolist() in ([0, 2], [0, 2, 4])


# ---- does it work? The full bar, 20 seeds, is in benchmarks/; four seeds are a smoke test ----

FRESH = (1001, 1002, 1003, 1004)


def test_the_gaussian_is_learned():
    run = toy.train(ToySettings(), FRESH, progress=False)
    assert (curves.final_w1(run) < 0.03).all()


@pytest.mark.parametrize("noise", ["normal", "uniform"])
def test_both_modes_are_covered(noise):
    settings = ToySettings(target="two modes", noise=noise)
    run = toy.train(settings, FRESH, progress=False)
    assert (curves.mode_shares(run) > 0.25).all()
