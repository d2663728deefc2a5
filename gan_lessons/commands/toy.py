"""``python -m gan_lessons toy``: train one-dimensional GANs and say how good they are."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from gan_lessons.commands.console import INTERRUPTED, say

EXAMPLES = """\
examples:
  python -m gan_lessons toy                              # one GAN, a Gaussian
  python -m gan_lessons toy --target "two modes" --seeds 8
  python -m gan_lessons toy --g-loss saturating --r1 0.1 --out run.npz

W1 is the exact Wasserstein distance between p_g and p_data, in standard deviations of p_data.
"""


def add_parser(commands: Any) -> None:
    """Add this command to a parser."""
    # Names are checked by the settings themselves, whose message lists the choices.
    p = commands.add_parser(
        "toy",
        help="train GANs on a one-dimensional density",
        description="Train one-dimensional GANs side by side, and say how good each became.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--target", default="gaussian", help='"gaussian" (default) or "two modes"')
    p.add_argument("--noise", default="normal", help='"normal" (default) or "uniform"')
    p.add_argument("--g-loss", default="non-saturating",
                   help='"non-saturating" (default) or "saturating"')  # fmt: skip
    p.add_argument("--r1", type=float, default=0.0, help="weight of the R1 penalty; default 0")
    p.add_argument("--steps", type=int, default=1000, help="updates of G; default 1000")
    p.add_argument("--batch", type=int, default=256, help="samples in a batch; default 256")
    p.add_argument("--seeds", type=int, default=1, metavar="N", help="train seeds 0 ... N - 1")
    p.add_argument("--out", metavar="FILE", help="write the run: read it by toy.Run.load")
    p.add_argument("--quiet", action="store_true", help="no progress bar")
    p.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train, report, save."""
    from gan_lessons import curves, toy  # here, so that --help need not wait for scipy

    names = {f.name for f in dataclasses.fields(toy.ToySettings)}
    given = {name: value for name, value in vars(options).items() if name in names}
    settings = toy.ToySettings(**given)
    trained = toy.train(settings, range(options.seeds), options.steps, progress=not options.quiet)
    done = len(trained.d_loss)
    if done < options.steps:
        say(f"interrupted after {done:,} of {options.steps:,} steps")
    modes = curves.mode_shares(trained) if settings.target == "two modes" else None
    for i, (seed, w1) in enumerate(zip(trained.seeds, curves.final_w1(trained), strict=True)):
        shares = "" if modes is None else "  share of each mode " + " ".join(
            f"{share:.3f}" for share in modes[i]
        )  # fmt: skip
        print(f"seed {seed}  W1 {w1:.4f}{shares}")
    if options.out:
        trained.save(options.out)
        say(f"wrote {options.out}")
    return INTERRUPTED if done < options.steps else 0
