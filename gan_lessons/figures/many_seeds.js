// Many seeds: a tile for each run, put above the player that opens them. Words: many_seeds_words.py.

const TILE = { width: 76, judge: 20, gap: 4, mass: 36 };

/** The final D and densities of one run, at the size of a thumb. */
function tile(preset, window, limit) {
  const { width, judge, gap, mass } = TILE;
  const c = preset.curves;
  const size = c.x.length;
  const last = (name) => c[name].subarray(c[name].length - size);
  const x = linear(window[0], window[1], 0, width);
  const inside = Array.from(c.x, (_, i) => i).filter((i) => c.x[i] >= window[0] && c.x[i] <= window[1]);
  const path = (values, y) => (inside.length ? line(inside.map((i) => [x(c.x[i]), y(values[i])])) : "");
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", `0 0 ${width} ${judge + gap + mass}`);
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("ganl-tile");
  const yD = linear(0, 1, judge - 1, 1);
  const yP = linear(0, limit, judge + gap + mass - 1, judge + gap);
  svg(drawing, "path", { class: "ganl-half", d: `M0,${yD(0.5)}h${width}` });
  svg(drawing, "path", { class: "ganl-stroke-d", d: path(last("d"), yD) });
  svg(drawing, "path", { class: "ganl-stroke-data", d: path(c.p_data, yP) });
  svg(drawing, "path", { class: "ganl-stroke-made", d: path(last("p_g"), yP) });
  return drawing;
}

function manySeeds(root, data) {
  const { words, tiles } = data;
  const player = root.ganl;
  const label = html("p", { class: "ganl-rate" });
  const order = write(html("p", { class: "ganl-caption" }), words.order);
  const opened = html("p", { class: "ganl-opened", role: "status" });
  label.textContent = tiles.rate;
  const grid = html("div", { class: "ganl-tiles", role: "group", "aria-label": words.tiles });
  const buttons = tiles.seeds.map((seed, i) => {
    const w1 = number(tiles.distance[i], 2);
    const good = tiles.good[i];
    const name = fill(words.tile, { seed, w1, verdict: words[good ? "succeeded" : "failed"] });
    const under = html("span", { class: "ganl-under" });
    under.textContent = good ? `${w1} \u2713` : w1;
    const button = html("button", { type: "button", "aria-label": name, title: name, "aria-pressed": "false" },
      tile(player.preset(i), tiles.window, data.presets[i].limit), under);
    button.addEventListener("click", () => {
      player.choose(i);
      opened.textContent = fill(words.opened, { seed });
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      root.querySelector(".ganl-run").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    });
    grid.append(button);
    return button;
  });
  const mark = (index) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === index));
  player.onChoose = mark;
  mark(player.state.preset);
  root.querySelector(".ganl-title").after(label, order, grid, opened);
}

start("many_seeds", manySeeds, "ganlTiles");
