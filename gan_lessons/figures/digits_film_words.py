"""The words of the film of digits, in one table, and which sentences are true of which frame.

Every entry is a whole label or a whole sentence with named gaps; nothing is put together from
parts.  ``<i>`` and ``<b>`` are the only marks.  The page's script and the live widget read this
same table.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gan_lessons.mnist.film import Recording

WORDS = {
    "slider": "Training step",
    "reading": "{step} of {last}",
    "position": "step {step} of {last}",
    "back": "One frame back",
    "forward": "One frame forward",
    "play": "Play",
    "pause": "Pause",
    "link": "Link to this frame",
    "scores": "How many pictures at each <i>D</i>(<i>x</i>)",
    "real": "real digits, held out",
    "fake": "new pictures by <i>G</i>",
    "score": "<i>D</i>(<i>x</i>)",
    "classes": "What the judge sees in {samples} new pictures",
    "sure": "sure (99%)",
    "unsure": "not sure",
    "usual": "real digits",
    "percent": "{percent}%",
    "picture": "Picture",
    "which": "{picture} of {pictures}",
    "enlarged": "Pictures {first} to {last}, larger; choose one with the slider or in the grid",
    "nearest": "The nearest training digits, and how far away they are",
    "rows": "Pictures {first} to {last}, larger; under each the nearest training digit, "
    "and how far away it is",
    "made_alt": "Pictures {first} to {last} of the grid, larger.",
    "nearest_alt": "Under each of them the training digit that is nearest in the judge’s features.",
    "about": "Picture {picture}: the judge reads <b>{digit}</b>, with a probability of {percent}%. "
    "The nearest training digit, labelled <b>{label}</b>, is {distance} away. Half of the real "
    "digits that are held out have one nearer than {usual}.",
}

SENTENCES = {
    "sure": "Step {step}: the judge is sure of {sure}% of {samples} new pictures.",
    "all_digits": "It sees all ten digits among them; the rarest is the {rarest}, {least} times.",
    "some_digits": "It sees {found} of the ten digits among them; {share}% look like {most}.",
    "one_digit": "To it they all look like {most}: it has never seen anything but digits.",
    "apart": "<i>D</i> takes {real}% of the real digits for real, and {fake}% of <i>G</i>’s "
    "pictures: it tells the two apart almost always.",
    "often": "<i>D</i> takes {real}% of the real digits for real, and {fake}% of <i>G</i>’s "
    "pictures: it is right more often than a coin would be.",
    "chance": "<i>D</i> takes {real}% of the real digits for real, and {fake}% of <i>G</i>’s "
    "pictures: a coin would be right about as often.",
    "worse": "<i>D</i> takes {real}% of the real digits for real, and {fake}% of <i>G</i>’s "
    "pictures: a coin would be right more often.",
}

Part = tuple[str, dict[str, int]]


def what_shows(recording: Recording) -> list[list[Part]]:
    """For each frame the sentences that are true of it, and the numbers that belong in them.

    The rules.  About the judge: how many of the pictures it is sure of; then ``all_digits`` if it
    takes at least one picture for each digit, ``one_digit`` if it takes all for the same, else
    ``some_digits``.  About D: its accuracy is the mean of the share of real digits with D above
    1/2 and of G's pictures with D of at most 1/2: ``apart`` from 90 %, ``often`` from 60 %,
    ``chance`` from 40 %, else ``worse``.
    """
    shows = []
    for f, step in enumerate(recording.step.tolist()):
        classes, total = recording.classes[f], int(recording.classes[f].sum())
        sure = percent(int(recording.sure[f].sum()), total)
        parts: list[Part] = [("sure", {"step": step, "sure": sure, "samples": total})]
        found, most = int((classes > 0).sum()), int(classes.argmax())
        if found == len(classes):
            rarest = int(classes.argmin())
            parts.append(("all_digits", {"rarest": rarest, "least": int(classes[rarest])}))
        elif found == 1:
            parts.append(("one_digit", {"most": most}))
        else:
            share = percent(int(classes[most]), total)
            parts.append(("some_digits", {"found": found, "share": share, "most": most}))
        taken = [int((logits[f] > 0).sum()) for logits in (recording.real, recording.fake)]
        sizes = (recording.real.shape[1], recording.fake.shape[1])
        right = (taken[0] / sizes[0] + 1 - taken[1] / sizes[1]) / 2
        limits = {"apart": 0.9, "often": 0.6, "chance": 0.4, "worse": 0.0}
        name = next(name for name, least in limits.items() if right >= least)
        real, fake = (percent(k, n) for k, n in zip(taken, sizes, strict=True))
        parts.append((name, {"real": real, "fake": fake}))
        shows.append(parts)
    return shows


def percent(k: int, n: int) -> int:
    """Round a share to whole percent, but to 0 and to 100 only if it is none and all.

    Examples
    --------
    >>> percent(1, 500), percent(499, 500), percent(500, 500), percent(125, 500)
    (1, 99, 100, 25)
    """
    return 100 * (k == n) if k in (0, n) else int(np.clip(round(100 * k / n), 1, 99))


def written(parts: list[Part]) -> str:
    """Return the sentences of a frame; the page's script writes the same."""
    return " ".join(SENTENCES[name].format(**values) for name, values in parts)


def about(values: Mapping[str, object]) -> str:
    """Return the sentence about one picture; the page's script writes the same."""
    return WORDS["about"].format(**values)
