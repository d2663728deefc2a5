"""The words of the many-seeds figure beyond those of the player; see `player_words`."""

from __future__ import annotations

WORDS = {
    "rate": "{successes} of {n} runs succeed (95% interval {low}% to {high}%). Success: {rule}.",
    "tiles": "One tile for each seed, the nearest first; choose one to open it below",
    "tile": "seed {seed}, distance {w1}, {verdict}",
    "succeeded": "success",
    "failed": "no success",
    "opened": "Seed {seed} is open in the player below.",
    "order": "Each tile: <i>D</i> above, <i>p</i><sub>g</sub> (dashed) and <i>p</i><sub>data</sub> "
    "below; under it <i>W</i><sub>1</sub> in standard deviations, ✓ for a success. "
    "Sorted, the smallest first.",
    "run_label": "seed {seed}: W1 {w1}",
    "good": "Seed {seed} succeeds: {rule}.",
    "bad": "Seed {seed} does not succeed. Success would be: {rule}.",
}
