"""The command line: ``python -m gan_lessons toy`` and ``python -m gan_lessons mnist train``.

Exit codes: 0 done, 1 an error (one line says which), 2 a command that makes no sense,
130 interrupted by Ctrl-C, after saving what there is.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

import gan_lessons
from gan_lessons.commands import doctor, mnist, toy
from gan_lessons.commands.console import INTERRUPTED, say

EXAMPLES = """\
examples:
  python -m gan_lessons doctor
  python -m gan_lessons toy --target "two modes" --seeds 8
  python -m gan_lessons mnist train --seconds 60 --out digits.pt
  python -m gan_lessons mnist sample digits.pt --out digits.png
  torchrun --nproc-per-node 2 -m gan_lessons mnist train --steps 20000 --out digits.pt

Set GAN_LESSONS_TRACEBACK=1 to see where in the code an error comes from.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="python -m gan_lessons",
        description="Train and look at the GANs of the book GAN Lessons.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument(
        "--version", action="version", version=f"gan_lessons {gan_lessons.__version__}"
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    toy.add_parser(commands)
    mnist.add_parser(commands)
    doctor.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    options = parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: say(f"note: {message}")
            code: int = options.run(options)
        return code
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except Exception as error:  # a command line answers with a line, not with a traceback
        if os.environ.get("GAN_LESSONS_TRACEBACK"):
            raise
        say(f"error: {one_line(error)}")
        return 1
    finally:
        sys.stdout.flush()


def one_line(error: Exception) -> str:
    """Return what an error says, on one line; its kind too, if the user can hardly know it."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split()) or type(error).__name__
    known = isinstance(error, ValueError | ArithmeticError | OSError | ImportError)
    return text if known else f"{type(error).__name__}: {text}"
