"""The words of the figure "Saturating against non-saturating"."""

from __future__ import annotations

WORDS = {
    "game": "The game",
    "more": "Fakes and axis",
    "p_data": "<i>p</i><sub>data</sub>(<i>x</i>)",
    "p_g": "<i>p</i><sub>g</sub>(<i>x</i>)",
    "fakes": "nine fakes",
    "d": "<i>D</i>(<i>x</i>), held fixed",
    "sat": "saturating force, <i>D l</i>′",
    "non": "non-saturating force, (1 − <i>D</i>) <i>l</i>′",
    "mean": "mean",
    "key": "force {force}",
    "curve_sat": "saturating: <i>D</i>",
    "curve_non": "non-saturating: 1 − <i>D</i>",
    "x": "<i>x</i>",
    "logit_axis": "logit <i>l</i> of the fake",
    "head_mean": "mean over <i>p</i><sub>g</sub>",
    "head_low": "lowest <i>D</i>",
    "head_high": "highest <i>D</i>",
    "row_d": "<i>D</i>",
    "row_sat": "saturating",
    "row_non": "non-saturating",
    "row_sum": "sum, <i>l</i>′",
    "left": "← {value}",
    "right": "→ {value}",
    "to_left": "{value} to the left",
    "to_right": "{value} to the right",
    "power": "{digit}×10{power}",
    "flat": "<i>D</i> is flat, so there is no force: <i>G</i> learns nothing from either loss.",
    "rejects": "<i>D</i> is sure that all nine fakes are fake: it is at most {high} on them.",
    "fooled": "<i>D</i> takes all nine fakes for real: it is at least {low} on them.",
    "unsure": "<i>D</i> is unsure: it lies between {low} and {high} on the nine fakes.",
    "mixed": "<i>D</i> goes from {low} to {high} over the nine fakes.",
    "more_sat": "The saturating loss pushes harder: its mean force is {sat}, "
    "that of the non-saturating loss {non}.",
    "more_non": "The non-saturating loss pushes harder: its mean force is {non}, "
    "that of the saturating loss {sat}.",
    "alike": "Both losses push about equally hard: the mean forces are {sat} and {non}.",
    "opposite": "On each fake the two forces point the same way, but their means do not: "
    "{sat} for the saturating loss, {non} for the non-saturating one.",
    "away": "Both push <i>p</i><sub>g</sub> away from the data.",
}
