"""``python -m gan_lessons mnist``: train a GAN on digits, draw some, and judge them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_lessons.commands.console import INTERRUPTED, Progress, say

if TYPE_CHECKING:
    from gan_lessons.mnist.data import Digits
    from gan_lessons.mnist.experiment import MnistSettings
    from gan_lessons.samples import State
    from gan_lessons.training import Trainer

TRAIN_EXAMPLES = """\
examples:
  python -m gan_lessons mnist train                           # a minute, what suits the device
  python -m gan_lessons mnist train --preset dcgan --steps 20000 --out dcgan.pt
  python -m gan_lessons mnist train --seconds 300 --out digits.pt --resume
  torchrun --nproc-per-node 2 -m gan_lessons mnist train --steps 20000

The file is saved every 30 seconds, at the end, and by Ctrl-C.  With --resume, training goes on
from it, exactly as if there had been no pause, with the settings that are in the file.  On another
kind of device it goes on with other random numbers.
"""
SAMPLE_EXAMPLES = """\
examples:
  python -m gan_lessons mnist sample digits.pt
  python -m gan_lessons mnist sample digits.pt --digit 7 --count 25 --out sevens.png
"""
EVALUATE_EXAMPLES = """\
examples:
  python -m gan_lessons mnist evaluate digits.pt
  python -m gan_lessons mnist evaluate digits.pt --count 2000 --seed 1

The Frechet distance is on features of this package's own classifier: compare it with the
"floor" that is printed beside it (real training pictures), not with an FID of the literature.
"""


def add_parser(commands: Any) -> None:
    """Add these commands to a parser."""
    mnist = commands.add_parser("mnist", help="train a GAN on digits, draw some, judge them")
    below = mnist.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, run: Any, help_: str, examples: str) -> argparse.ArgumentParser:
        p: argparse.ArgumentParser = below.add_parser(
            name, help=help_, description=help_[0].upper() + help_[1:] + ".", epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        p.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps; default: the best")
        p.add_argument("--data", default="mnist", choices=("mnist", "fashion"))
        p.add_argument("--seed", type=int, default=0, help="the source of all that is random")
        p.set_defaults(run=run)
        return p

    p = add("train", train, "train a GAN, and save it", TRAIN_EXAMPLES)
    p.add_argument("--preset", help="dcgan, fast, labels or clusters; default: by the device")
    p.add_argument("--steps", type=int, metavar="N", help="train until N steps are done")
    p.add_argument("--seconds", type=float, metavar="S",
                   help="train for S seconds; default 60, if --steps is not given")  # fmt: skip
    p.add_argument("--batch", type=int, help="pictures in a batch, over all processes together")
    p.add_argument("--precision", help="full, mixed, bf16 or fp16; default: the preset's")
    p.add_argument("--compile", action="store_true", help="compile the networks (CUDA only)")
    p.add_argument("--graph", action="store_true", help="a step as one CUDA graph (CUDA only)")
    p.add_argument("--out", metavar="FILE", default="digits.pt", help="default: digits.pt")
    p.add_argument("--resume", action="store_true", help="go on from FILE, if it exists")
    p.add_argument("--quiet", action="store_true", help="no line about the progress")
    for name, run, help_, examples, count in (
        ("sample", sample, "draw digits with a trained GAN", SAMPLE_EXAMPLES, 100),
        ("evaluate", evaluate, "judge the digits of a trained GAN", EVALUATE_EXAMPLES, 10_000),
    ):
        p = add(name, run, help_, examples)
        p.add_argument("file", metavar="FILE", help="what `train` wrote")
        p.add_argument("--count", type=int, default=count, help=f"how many; default {count}")
        if name == "sample":
            p.add_argument("--digit", type=int, help="which; only with a GAN that knows labels")
            p.add_argument("--out", metavar="PICTURE", default="digits.png",
                           help="default: digits.png")  # fmt: skip


def train(options: argparse.Namespace) -> int:
    """Train and save."""
    from dataclasses import replace

    from gan_lessons import processes
    from gan_lessons.history import DivergedError
    from gan_lessons.interrupts import Interrupts
    from gan_lessons.mnist import experiment

    out = Path(options.out)
    if out.exists() and not options.resume:
        raise FileExistsError(f"{out} exists: give --resume to go on from it, or another --out")
    processes.start()
    try:
        device = _device(options.device)
        settings = experiment.default(device)
        if options.preset is not None:
            if options.preset not in experiment.PRESETS:
                choices = [*experiment.PRESETS]
                raise ValueError(f"--preset must be one of {choices}, got {options.preset!r}")
            settings = experiment.PRESETS[options.preset]
        elif options.resume and out.exists():  # perhaps from a device that another preset suits
            settings, _ = _settings(out)
        loop = replace(settings.loop, compile=options.compile, graph=options.graph)
        if options.precision is not None:
            loop = replace(loop, precision=options.precision)
        settings = replace(settings, loop=loop, batch=options.batch or settings.batch)
        steps, seconds = options.steps, options.seconds
        if steps is None and seconds is None:
            seconds = 60.0
        data = _data(options, "train")
        together = "" if processes.count() == 1 else f", {processes.count()} processes"
        line = Progress(settings.batch * loop.k, steps, seconds)

        with Interrupts() as stop:

            def on_step(trainer: Trainer) -> None:
                if not options.quiet and processes.rank() == 0:
                    line(trainer)
                stop(trainer)

            say(f"training on {device}{together}: {data.source}")
            trainer = experiment.train(
                settings, options.seed, data, steps=steps, seconds=seconds, device=device,
                out=out, resume=options.resume, on_step=on_step, progress=False,
            )  # fmt: skip
            line.close()
        say(f"{trainer.steps:,} steps done; saved {out}")
        return INTERRUPTED if stop.asked else 0
    except DivergedError as error:
        kept = f"; {out} is from before that" if out.exists() else ""
        raise DivergedError(f"{error}{kept}") from error
    finally:
        processes.stop()


def sample(options: argparse.Namespace) -> int:
    """Draw a grid of digits."""
    import torch
    from matplotlib import image

    from gan_lessons.mnist import experiment
    from gan_lessons.mnist.data import pixels

    trainer = _restored(options)
    count = _positive(options.count)
    labels = None if options.digit is None else torch.full((count,), options.digit)
    pictures = experiment.sample(trainer, count, _generator(trainer, options.seed), labels)
    columns = min(count, max(1, round(count**0.5)))
    rows = -(-count // columns)
    grid = torch.zeros(rows * columns, 28, 28, dtype=torch.uint8)
    grid[:count] = pixels(pictures).cpu()
    grid = grid.view(rows, columns, 28, 28).transpose(1, 2).reshape(rows * 28, columns * 28)
    image.imsave(options.out, grid.numpy(), cmap="gray_r", vmin=0, vmax=255)
    say(f"wrote {count} digits to {options.out}")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Print what a classifier sees in the digits of a GAN, beside what it sees in real ones."""
    from gan_lessons import metrics, neighbours
    from gan_lessons.mnist import experiment
    from gan_lessons.mnist.classifier import load_classifier, look

    trainer = _restored(options)
    made = experiment.sample(trainer, _positive(options.count), _generator(trainer, options.seed))
    train, test = (_data(options, split).to(made.device) for split in ("train", "test"))
    judge = load_classifier(train)
    reference = look(judge, test.images)
    print(f"judge: {train.source}")
    print(f"{'':24}{'made':>10}{'training':>10}")
    sights = [look(judge, made), look(judge, train.images[: options.count])]
    frequent = metrics.class_counts(reference.probabilities)
    near = [neighbours.precision_recall(reference.features, s.features) for s in sights]
    for name, numbers in {
        "Frechet distance": [metrics.frechet_distance(reference.features, s.features)
                             for s in sights],
        "confident share (>= .99)": [metrics.confident_share(s.probabilities) for s in sights],
        "KL of class histogram": [metrics.class_kl(metrics.class_counts(s.probabilities), frequent)
                                  for s in sights],
        "precision": [n.precision for n in near],
        "recall": [n.recall for n in near],
    }.items():  # fmt: skip
        print(f"{name:24}" + "".join(f"{number:10.4f}" for number in numbers))
    return 0


def _restored(options: argparse.Namespace) -> Trainer:
    """Return the trainer that a file holds."""
    from gan_lessons.mnist import experiment

    settings, state = _settings(options.file)
    data, device = _data(options, "train"), _device(options.device)
    trainer = experiment.make_trainer(settings, state["seed"], data, device)
    trainer.load_state(state["trainer"])
    return trainer


def _settings(path: str | Path) -> tuple[MnistSettings, State]:
    """Return the settings of the run that a file holds, and all that it holds."""
    from gan_lessons import checkpoints
    from gan_lessons.loop_settings import LoopSettings
    from gan_lessons.mnist.experiment import MnistSettings
    from gan_lessons.mnist.networks import NetworkSettings

    state = checkpoints.load(path)
    if not {"settings", "seed", "trainer"} <= state.keys():
        raise ValueError(f"{path} must be what `mnist train` wrote, got {[*state]}")
    given = json.loads(state["settings"])
    given["networks"] = NetworkSettings(**given["networks"])
    given["loop"]["betas"] = tuple(given["loop"]["betas"])
    given["loop"] = LoopSettings(**given["loop"])
    return MnistSettings(**given), state


def _data(options: argparse.Namespace, split: str) -> Digits:
    from gan_lessons.mnist.data import load_mnist

    return load_mnist(split, options.data)


def _device(name: str) -> Any:
    import torch

    from gan_lessons import devices

    try:
        return devices.best_device() if name == "auto" else torch.device(name)
    except RuntimeError:
        raise ValueError(f"--device must be auto, cpu, cuda or mps, got {name!r}") from None


def _generator(trainer: Trainer, seed: int) -> Any:
    import torch

    return torch.Generator(next(trainer.averaged.parameters()).device).manual_seed(seed)


def _positive(count: int) -> int:
    if count < 2:
        raise ValueError(f"--count must be at least 2, got {count}")
    return count
