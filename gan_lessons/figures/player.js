// The player: four panels over one slider. All its words come with the data (player_words.py).

const LOG_4 = Math.log(4);

/** The numbers of one frame; the chain is worked out here from V(D, G) and JS alone. */
function numbers(preset, frame) {
  const { value, js, w1, w1_ema } = preset.numbers;
  const best = 2 * js[frame] - LOG_4;
  return { value: value[frame], js: js[frame], log4: LOG_4, best, gap: best - value[frame], w1: w1[frame], ema: w1_ema[frame] };
}

/** Mean, least and largest of each `count` losses; x is the middle of the steps they span. */
function binned(losses, count) {
  const bins = [];
  for (let from = 0; from < losses.length; from += count) {
    const part = losses.slice(from, from + count);
    bins.push({
      x: from + (part.length + 1) / 2,
      mean: part.reduce((sum, loss) => sum + loss, 0) / part.length,
      low: Math.min(...part),
      high: Math.max(...part),
    });
  }
  return bins;
}

const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];

/** Everything that moves is set by the function that is returned: draw(frame). */
function picture(drawing, data, preset, width, seek) {
  const { words } = data;
  const c = preset.curves;
  drawing.replaceChildren();
  const stage = new Stage(drawing, drawing.dataset.name, width);
  const { left, right, narrow } = stage;
  const heights = narrow ? { d: 88, p: 140, g: 84, loss: 92 } : { d: 104, p: 176, g: 104, loss: 112 };
  const x = linear(c.x[0], c.x.at(-1), left, right);
  stage.x = x;
  stage.xTicks = ticks(c.x[0], c.x.at(-1), narrow ? 5 : 9);

  const curve = (values, y) => line([...values].map((value, i) => [x(c.x[i]), y(value)]));
  /** The stretches [from, to) of the grid where `mask` holds. */
  const stretches = (mask) => {
    const found = [];
    mask.forEach((on, i) => {
      if (on && (i === 0 || !mask[i - 1])) found.push([i, i]);
      if (on) found.at(-1)[1] = i + 1;
    });
    return found;
  };
  const between = (upper, lower, y) => `${curve(upper, y)}L${line([...lower].map((v, i) => [x(c.x[i]), y(v)]).reverse()).slice(1)}Z`;

  // D and D*
  stage.legend([words.d, "ganl-stroke-d"], [words.d_star, "ganl-stroke-star"], [words.gap_area, null, "ganl-area-gap"]);
  const judge = stage.panel(heights.d, "d");
  const yD = linear(0, 1, judge.bottom - 2, judge.top + 2);
  stage.columns(judge.top, judge.bottom);
  stage.rows(yD, [{ value: 0, text: "0" }, { value: 0.5, text: "½" }, { value: 1, text: "1" }]);
  drawing.append(judge.inside);
  const gap = svg(judge.inside, "path", { class: "ganl-area-gap" });
  const dLine = svg(judge.inside, "path", { class: "ganl-stroke-d" });
  const starLine = svg(judge.inside, "path", { class: "ganl-stroke-star" });
  stage.top = judge.bottom + 8;

  // the densities
  stage.legend([words.p_data, "ganl-stroke-data"], [words.p_g, "ganl-stroke-made", "ganl-area-made"]);
  stage.top += 10; // room for the marks of peaks that are off the scale
  const mass = stage.panel(heights.p, "p");
  const yP = linear(0, preset.limit, mass.bottom, mass.top);
  stage.columns(mass.top, mass.bottom);
  stage.rows(yP, ticks(0, preset.limit, 3));
  stage.rule(mass.bottom, "ganl-axis");
  stage.across(mass.bottom + 16);
  label(drawing, right + 14, mass.bottom + 16, words.x);
  drawing.append(mass.inside);
  const under = svg(mass.inside, "path", { class: "ganl-area-made" });
  svg(mass.inside, "path", { class: "ganl-stroke-data", d: curve(c.p_data, yP) });
  const madeLine = svg(mass.inside, "path", { class: "ganl-stroke-made" });
  const spikes = svg(drawing, "g");
  const onData = label(drawing, 0, 0, words.data_label, { class: "ganl-on ganl-text-data" });
  const onMade = label(drawing, 0, 0, words.g_label, { class: "ganl-on ganl-text-made" });
  stage.top = mass.bottom + 24;

  // from noise to data
  stage.legend([words.g, "ganl-stroke-arrow"]);
  const arrows = stage.panel(heights.g, "g");
  const z = linear(c.z[0], c.z.at(-1), left + 0.04 * (right - left), right - 0.04 * (right - left));
  stage.rule(arrows.top, "ganl-axis");
  stage.rule(arrows.bottom, "ganl-axis");
  ticks(c.z[0], c.z.at(-1), narrow ? 4 : 6).forEach(({ value, text }) => stage.tick(z(value), arrows.bottom + 18, text));
  label(drawing, right + 14, arrows.top + 4, words.x);
  label(drawing, right + 14, arrows.bottom + 4, words.z);
  drawing.append(arrows.inside);
  const shafts = svg(arrows.inside, "path", { class: "ganl-stroke-arrow" });
  const heads = svg(arrows.inside, "path", { class: "ganl-mark-made" });
  for (const value of c.z) svg(drawing, "circle", { class: "ganl-noise", cx: z(value), cy: arrows.bottom, r: 2.2 });
  stage.top = arrows.bottom + 28;

  // the losses
  const total = Math.max(c.d_loss.length, preset.step.at(-1));
  const count = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((n) => total / n <= (right - left) / 3.5) ?? 1000;
  const bins = { d: binned(c.d_loss, count), g: binned(c.g_loss, count) };
  const goal = preset.g_optimum;
  const means = [...bins.d, ...bins.g].map((bin) => bin.mean);
  const low = Math.min(0, goal === null ? 0 : 1.25 * goal, quantile(means, 0.01));
  const high = 1.12 * Math.max(LOG_4, quantile(means, 0.98));
  stage.legend([words.d_loss, "ganl-stroke-dloss"], [words.g_loss, "ganl-stroke-gloss"],
    [count === 1 ? words.each : fill(words.mean, { count }), null, null]);
  const loss = stage.panel(heights.loss, "loss");
  const yL = linear(low, high, loss.bottom, loss.top);
  const at = linear(0, total, left, right);
  stage.rows(yL, ticks(low, high, 3));
  stage.rule(loss.bottom, "ganl-axis");
  ticks(0, total, narrow ? 4 : 6).forEach(({ value, text }) => stage.tick(at(value), loss.bottom + 16, text));
  drawing.append(loss.inside);
  for (const name of ["g", "d"]) {
    const points = bins[name];
    if (count > 1) {
      const band = [...points.map((b) => [at(b.x), yL(b.high)]), ...points.map((b) => [at(b.x), yL(b.low)]).reverse()];
      svg(loss.inside, "path", { class: `ganl-area-${name}loss`, d: `${line(band)}Z` });
    }
    svg(loss.inside, "path", { class: `ganl-stroke-${name}loss`, d: line(points.map((b) => [at(b.x), yL(b.mean)])) });
  }
  const optimum = (value, name, kind, tone) => {
    svg(loss.inside, "line", { class: `ganl-goal-${kind}`, x1: left, x2: right, y1: yL(value), y2: yL(value) });
    const text = label(drawing, right + 4, yL(value) + 4, name, { class: `ganl-tick ganl-text-${tone}` });
    text.setAttribute("x", Math.min(right + 4, width - text.getComputedTextLength())); // a phone has little room
  };
  optimum(LOG_4, words.best_d_loss, "d", "judge");
  if (goal !== null) optimum(goal, words[preset.g_optimum_name], "g", "made");
  const cursor = svg(drawing, "line", { class: "ganl-cursor", y1: loss.top - 4, y2: loss.bottom });
  const foot = svg(drawing, "path", { class: "ganl-mark-ink" });
  const seeker = svg(drawing, "rect", { class: "ganl-seek", x: left, y: loss.top, width: right - left, height: heights.loss });
  seeker.addEventListener("pointerdown", (event) => seek(linear(left, right, 0, total)(event.offsetX)));
  seeker.addEventListener("pointermove", (event) => { if (event.buttons) seek(linear(left, right, 0, total)(event.offsetX)); });

  const height = loss.bottom + 22;
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.setAttribute("height", height);

  /** Put a curve's name outside it, on its left or right, where it reaches 60% of its height. */
  const name = (node, values, onRight) => {
    const peak = Math.max(...values);
    const tall = Array.from(values, (value) => value >= 0.6 * peak);
    const i = onRight ? tall.lastIndexOf(true) : tall.indexOf(true);
    const place = x(c.x[i]) + (onRight ? 7 : -7);
    node.setAttribute("x", Math.min(Math.max(place, left + 40), right - 40));
    node.setAttribute("y", Math.max(yP(values[i]), mass.top + 14));
    node.setAttribute("text-anchor", onRight ? "start" : "end");
    node.style.display = peak < 0.04 * preset.limit ? "none" : "";
  };
  const mean = (values) => values.reduce((sum, v, i) => sum + v * c.x[i], 0) / (values.reduce((sum, v) => sum + v, 0) || 1);
  const dataMean = mean(c.p_data);
  const dataPeak = Math.max(...c.p_data);
  const row = (name, frame, size = c.x.length) => c[name].subarray(frame * size, (frame + 1) * size);

  return (frame) => {
    const [d, star, made, g] = [row("d", frame), row("d_star", frame), row("p_g", frame), row("g", frame, c.z.length)];
    dLine.setAttribute("d", curve(d, yD));
    // Where there is hardly any data or sample, D is never asked: D* says nothing there.
    const asked = Array.from(made, (value, i) => c.p_data[i] + value >= 0.01 * dataPeak);
    const point = (values) => (i) => [x(c.x[i]), yD(values[i])];
    const parts = stretches(asked).map(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
    starLine.setAttribute("d", parts.map((part) => line(part.map(point(star)))).join(""));
    gap.setAttribute("d", parts.map((part) => `${line([...part.map(point(d)), ...part.map(point(star)).reverse()])}Z`).join(""));
    madeLine.setAttribute("d", curve(made, yP));
    under.setAttribute("d", between(made, made.map(() => 0), yP));
    const right_ = mean(made) >= dataMean;
    name(onMade, made, right_);
    name(onData, c.p_data, !right_);
    spikes.replaceChildren();
    let from = -1;
    made.forEach((value, i) => {
      const off = value >= preset.limit * (1 - 1e-9);
      if (off && from < 0) from = i;
      if (from >= 0 && (!off || i === made.length - 1)) {
        const middle = (x(c.x[from]) + x(c.x[off ? i : i - 1])) / 2;
        svg(spikes, "path", { class: "ganl-mark-made", d: `M${middle - 6},${mass.top + 1}h12l-6,-9z` });
        if (spikes.childElementCount === 1) {
          const end = middle > right - 110;
          label(spikes, middle + (end ? -10 : 10), mass.top + 2, words.off_scale,
            { class: "ganl-tick ganl-text-made", "text-anchor": end ? "end" : "start" });
        }
        from = -1;
      }
    });
    shafts.setAttribute("d", [...g].map((to, i) => line([[z(c.z[i]), arrows.bottom], [x(to), arrows.top + 5]])).join(""));
    heads.setAttribute("d", [...g].map((to) => `M${x(to).toFixed(1)},${arrows.top}l3.5,8h-7z`).join(""));
    const now = at(preset.step[frame]).toFixed(1);
    cursor.setAttribute("x1", now);
    cursor.setAttribute("x2", now);
    foot.setAttribute("d", `M${now},${loss.bottom + 1}l5,-8h-10z`);
    return { left, right: width - right };
  };
}

function player(root, data) {
  const { words, sentences } = data;
  const opened = new Map();
  const open = (index) => {
    if (!opened.has(index)) {
      const packed = data.presets[index];
      const curves = Object.fromEntries(Object.entries(packed.curves).map(([name, values]) => [name, decode(values)]));
      opened.set(index, { ...packed, curves });
    }
    return opened.get(index);
  };
  let index = 0;
  let preset = open(0);
  let draw = () => {};

  const select = html("select", { id: `${root.id}-run` });
  data.presets.slice(0, data.listed).forEach((one, i) => select.append(new Option(plain(one.label), i)));
  const fix = html("button", { type: "button", class: "ganl-fix" });
  const caption = html("p", { class: "ganl-caption" });
  const drawing = document.createElementNS(SVG, "svg");
  drawing.classList.add("ganl-picture");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", data.alt);
  drawing.dataset.name = root.id;
  const says = html("p", { class: "ganl-says", "aria-live": "polite" });
  const chain = html("div", { class: "ganl-chain" });
  const more = html("p", { class: "ganl-more" });
  const link = linked(words.link);

  const describe = (frame) => {
    const values = { step: preset.step[frame], last: preset.step.at(-1) };
    return { reading: fill(words.reading, values), position: fill(words.position, values) };
  };
  const speak = throttle(900, () => {
    const frame = transport.frame;
    const [aboutG, aboutD, percent] = preset.shows[frame];
    write(says, `${fill(sentences[aboutG], { step: preset.step[frame], percent })} ${sentences[aboutD]}`);
  });
  const show = (frame) => {
    draw(frame);
    const all = numbers(preset, frame);
    const written = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, number(value)]));
    chain.replaceChildren(...["value", "best", "chain", "chain_numbers", "chain_value"].map((name) => write(html("span"), fill(words[name], written))));
    write(more, `${fill(words.gap, written)} ${fill(words.w1, written)}`);
    link.lead(hash());
    speak();
  };
  const transport = new Transport(root, words, show, describe);
  const order = [...document.querySelectorAll(".ganl-player")].indexOf(root) + 1;
  const hash = () => `#ganl=${[index, preset.step[transport.frame], ...(order > 1 ? [order] : [])].join(",")}`;

  let drawn = 0; // the width that the picture was drawn for
  const wide = () => Math.round(drawing.getBoundingClientRect().width);
  const redraw = () => {
    const width = wide();
    drawn = width < 100 ? 0 : width; // hidden: to be drawn when it shows
    if (!drawn) return;
    draw = picture(drawing, data, preset, width, (step) => { transport.pause(); transport.go(nearest(step)); });
    const { left, right } = draw(transport.frame);
    // the slider's thumb, 24 px wide, stands under the cursor of the losses
    transport.slider.style.marginLeft = `${left - 12}px`;
    transport.slider.style.width = `${width - left - right + 24}px`;
  };
  const nearest = (step) => preset.step.reduce((best, one, i) => (Math.abs(one - step) < Math.abs(preset.step[best] - step) ? i : best), 0);
  const choose = (chosen, step) => {
    index = chosen;
    preset = open(index);
    const partner = data.partners[index];
    const listed = index < data.listed;
    select.value = listed ? index : partner;
    fix.hidden = partner === null;
    fix.textContent = words[listed ? "fix" : "failure"];
    write(caption, preset.caption);
    draw = () => {}; // the picture on the page is still the last run's
    transport.reset(preset.step.length - 1, step === undefined ? preset.start : nearest(step));
    redraw();
    root.ganl?.onChoose(index);
  };
  const follow = () => {
    const [, run, step, which] = /^#ganl=(\d+),(\d+)(?:,(\d+))?$/.exec(location.hash) ?? [];
    if (Number(which ?? 1) !== order || !data.presets[run]) return false;
    choose(Number(run), Number(step));
    return true;
  };

  const title = html("p", { class: "ganl-title" });
  title.textContent = data.title;
  const runLabel = html("label", { for: select.id });
  const stepLabel = html("label", { for: transport.slider.id });
  runLabel.textContent = words.run;
  stepLabel.textContent = words.slider;
  root.append(
    title,
    // Play stands above: what moves first is below it, and both are in sight.
    html("div", { class: "ganl-row ganl-run" }, runLabel, select, ...(data.partners.some((one) => one !== null) ? [fix] : []), transport.button),
    caption,
    drawing,
    html("div", { class: "ganl-controls" }, transport.slider,
      html("div", { class: "ganl-row" }, transport.back, transport.forward, html("span", { class: "ganl-reading" }, stepLabel, " ", transport.where))),
    says,
    chain,
    more,
    link.node,
  );
  select.addEventListener("change", () => choose(Number(select.value)));
  fix.addEventListener("click", () => choose(data.partners[index], preset.step[transport.frame])); // at the same moment
  window.addEventListener("hashchange", follow);
  if (follow()) root.scrollIntoView();
  else choose(0);
  // Only for another width: a sentence that takes one more line changes the height, and a new
  // picture would take a finger's target away from under it.
  new ResizeObserver(() => wide() !== drawn && redraw()).observe(drawing.parentElement);
  root.ganl = {
    curves: (i) => Object.fromEntries(Object.entries(open(i).curves).map(([name, values]) => [name, [...values]])),
    numbers: (i, frame) => numbers(open(i), frame),
    show: (step) => transport.go(nearest(step)),
    choose,
    preset: open,
    onChoose: () => {}, // for a figure that is built around this one
    get state() {
      return { preset: index, frame: transport.frame, step: preset.step[transport.frame], playing: transport.playing };
    },
  };
}

start("player", player);
