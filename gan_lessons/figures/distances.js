// The explorer of distances. Its words come with the data (distances.py).

const LOW = -8;
const HIGH = 8;
const MODE_SD = 0.5; // of each mode of the mixture
const MEASURES = ["kl_pq", "kl_qp", "js", "tv", "w1"];

function density(state, name) {
  const [shape, mean, width] = [state[`${name}_shape`], state[`${name}_mean`], state[`${name}_width`]];
  if (shape === "gaussian") return gaussian(mean, width);
  if (shape === "two") return mixture([mean - width, mean + width], [MODE_SD, MODE_SD]);
  return uniform(mean - width, mean + width);
}

/** Probability that p gives to the outside of q's support. */
const missed = (p, q) => p.cdf(q.low) + p.sf(q.high);

/** The integral of p log(q / p) over all x where q is above p. */
function minus(p, q) {
  const inside = (x) => {
    const [a, b] = [p.logpdf(x), q.logpdf(x)];
    return a > -Infinity && b > a ? Math.exp(a) * (b - a) : 0;
  };
  return integrate(inside, over(p, q));
}

/** The integrand of each distance at x, with the sign that its filling shows. */
const INTEGRANDS = {
  kl_pq: (p, q, x) => klAt(p, q, x),
  kl_qp: (p, q, x) => klAt(q, p, x),
  js: (p, q, x) => jsAt(p, q, x),
  tv: (p, q, x) => (p.pdf(x) - q.pdf(x)) / 2,
  w1: (p, q, x) => cdfGap(p, q, x),
};
function klAt(p, q, x) {
  const [a, b] = [p.logpdf(x), q.logpdf(x)];
  if (a === -Infinity) return 0;
  return b === -Infinity ? Infinity : Math.exp(a) * (a - b); // exp may round to 0: not 0 times infinity
}

function compute(state) {
  const [p, q] = [density(state, "p"), density(state, "q")];
  const unit = state.unit === "bits" ? LOG_2 : 1;
  const [one, other] = state.measure === "kl_qp" ? [q, p] : [p, q];
  return {
    kl_pq: kl(p, q) / unit, kl_qp: kl(q, p) / unit, js: js(p, q) / unit, tv: totalVariation(p, q), w1: wasserstein1(p, q),
    missed_pq: missed(p, q), missed_qp: missed(q, p), minus: minus(one, other) / unit,
  };
}

/** x for drawing: even, closer where a density is narrow, and both sides of each step. */
function grid(...densities) {
  const found = Array.from({ length: 401 }, (_, i) => LOW + ((HIGH - LOW) * i) / 400);
  for (const one of densities) {
    const [from, to] = [one.points[0], one.points.at(-1)];
    for (let i = 0; i <= 160; i += 1) found.push(from + ((to - from) * i) / 160);
    if (one.low > -Infinity) for (const edge of [one.low, one.high]) found.push(edge - 1e-9, edge + 1e-9);
  }
  return sorted(found.filter((x) => x >= LOW && x <= HIGH));
}

function picture(stage) {
  const { data, left, right, narrow } = stage;
  const { words } = data;
  const heights = narrow ? { p: 150, below: 130 } : { p: 180, below: 150 };
  const x = linear(LOW, HIGH, left, right);
  const back = linear(left, right, LOW, HIGH);
  Object.assign(stage, { x, xTicks: ticks(LOW, HIGH, narrow ? 5 : 9) });

  // the densities
  stage.legend([words.p, "ganl-stroke-data", "ganl-area-data"], [words.q, "ganl-stroke-made", "ganl-area-made"]);
  const top = stage.panel(heights.p, "p");
  stage.columns(top.top, top.bottom);
  const scale = svg(stage.layer, "g");
  stage.rule(top.bottom, "ganl-axis");
  stage.layer.append(top.inside);
  const areas = { p: svg(top.inside, "path", { class: "ganl-area-data" }), q: svg(top.inside, "path", { class: "ganl-area-made" }) };
  const lines = { p: svg(top.inside, "path", { class: "ganl-stroke-data" }), q: svg(top.inside, "path", { class: "ganl-stroke-made" }) };
  stage.across(top.bottom + 16);
  label(stage.layer, right + 14, top.bottom + 16, words.x);

  // a lane of handles for each density
  const lanes = Object.entries({ p: "data", q: "made" }).map(([name, tone], i) => {
    const y = top.bottom + 44 + 44 * i;
    label(stage.layer, narrow ? 4 : left - 18, y + 5, `<i>${name}</i>`, { class: `ganl-on ganl-text-${tone}` });
    const reach = svg(stage.layer, "path", { class: `ganl-stroke-${tone}` });
    const width = stage.handle({
      field: `${name}_width`, tone, shape: "arrow", label: fill(words.width, { name }),
      to: (value) => x(stage.owner.state[`${name}_mean`] + value), from: (pixel) => back(pixel) - stage.owner.state[`${name}_mean`],
    });
    const mean = stage.handle({ field: `${name}_mean`, tone, shape: name === "p" ? "circle" : "square", label: fill(words.mean, { name }), to: x, from: back });
    stage.grab(areas[name], `${name}_mean`, x, back);
    return { name, y, reach, width, mean };
  });
  stage.top = top.bottom + 44 * 2 + 26;

  // the integrand: room for the longest legend
  const legends = {
    kl_pq: [[words.legend_kl_pq, null, "ganl-area-judge"], [words.legend_minus, null, "ganl-hatch-ink"], [words.legend_infinite, null, "ganl-area-infinite"]],
    kl_qp: [[words.legend_kl_qp, null, "ganl-area-judge"], [words.legend_minus, null, "ganl-hatch-ink"], [words.legend_infinite, null, "ganl-area-infinite"]],
    js: [[words.legend_js, null, "ganl-area-judge"], [words.legend_m, null, null]],
    tv: [[words.legend_tv, null, "ganl-area-data"], [words.legend_q, null, "ganl-hatch-made"]],
    w1: [[words.legend_w1, null, "ganl-area-data"], [words.legend_q, null, "ganl-hatch-made"]],
  };
  const named = svg(stage.layer, "g");
  const begin = stage.top;
  const ends = MEASURES.map((name) => {
    let end = 0;
    stage.into(named, () => { stage.top = begin; stage.legend(...legends[name]); end = stage.top; });
    return end;
  });
  stage.top = Math.max(...ends);
  const below = stage.panel(heights.below, "below");
  stage.columns(below.top, below.bottom);
  const belowScale = svg(stage.layer, "g");
  stage.layer.append(below.inside);
  const parts = Object.fromEntries(["plus", "minus", "infinite"].map((name) => [name, svg(below.inside, "path")]));
  const edge = svg(below.inside, "path", { class: "ganl-stroke-ink" });
  const zero = svg(stage.layer, "line", { class: "ganl-axis", x1: left, x2: right });
  stage.across(below.bottom + 16);
  label(stage.layer, right + 14, below.bottom + 16, words.x);
  stage.top = below.bottom + 24;

  return (state) => {
    const { measure } = state;
    const pair = { p: density(state, "p"), q: density(state, "q") };
    const { p, q } = pair;
    const xs = grid(p, q, ...["p", "q"].flatMap((name) => pair[name].parts ?? []));
    const heightsAt = { p: xs.map(p.pdf), q: xs.map(q.pdf) };
    const most = 1.12 * Math.max(...heightsAt.p, ...heightsAt.q);
    const y = linear(0, most, top.bottom, top.top);
    stage.into(scale, () => stage.rows(y, ticks(0, most, 3)));
    for (const name of ["p", "q"]) {
      const curve = line(Array.from(xs, (at, i) => [x(at), y(heightsAt[name][i])]));
      lines[name].setAttribute("d", curve);
      areas[name].setAttribute("d", `${curve}L${right},${top.bottom}L${left},${top.bottom}Z`);
    }
    for (const { name, y: at, reach, width, mean } of lanes) {
      const [middle, off] = [state[`${name}_mean`], state[`${name}_width`]];
      const end = Math.max(x(middle + off), x(middle) + 44); // the two targets never lie on each other
      reach.setAttribute("d", `M${x(middle - off)},${at - 6}v12M${x(middle - off)},${at}H${end}M${x(middle + off)},${at - 6}v12`);
      mean.place(x(middle), at);
      width.place(end, at);
    }

    const ys = xs.map((at) => INTEGRANDS[measure](p, q, at));
    const signed = measure.startsWith("kl");
    const finite = ys.filter(Number.isFinite).map((v) => (signed ? v : Math.abs(v)));
    const low = Math.min(0, 1.15 * Math.min(...finite));
    const room = ys.includes(Infinity) ? Math.max(0.1, -low) : 0.01; // what is infinite reaches to the top
    const high = 1.08 * Math.max(...finite, room);
    const yB = linear(low, high, below.bottom, below.top);
    const shown = ys.map((v) => clamp(signed ? v : Math.abs(v), low, high));
    const area = (wanted) => `${line(Array.from(xs, (at, i) => [x(at), yB(wanted(ys[i]) ? shown[i] : 0)]))}L${right},${yB(0)}L${left},${yB(0)}Z`;
    const two = { tv: ["data", "made"], w1: ["data", "made"] }[measure] ?? ["judge", "ink"];
    parts.plus.setAttribute("class", `ganl-area-${two[0]}`);
    parts.minus.setAttribute("class", `ganl-hatch-${two[1]}`);
    parts.infinite.setAttribute("class", "ganl-area-infinite");
    parts.plus.setAttribute("d", area((v) => v > 0 && v < Infinity));
    parts.minus.setAttribute("d", area((v) => v < 0));
    parts.infinite.setAttribute("d", area((v) => v === Infinity));
    edge.setAttribute("d", line(Array.from(xs, (at, i) => [x(at), yB(shown[i])])));
    stage.into(belowScale, () => stage.rows(yB, ticks(low, high, 3)));
    for (const end of ["y1", "y2"]) zero.setAttribute(end, yB(0));
    stage.into(named, () => {
      stage.top = begin;
      stage.legend(...legends[measure].filter(([text]) => text !== words.legend_infinite || ys.includes(Infinity)));
    });
  };
}

function table(state, c, { words }) {
  const most = state.unit === "bits" ? 1 : LOG_2;
  const rows = MEASURES.map((name) => {
    const template = { tv: "no_unit", w1: "of_x" }[name] ?? state.unit;
    const written = Number.isFinite(c[name]) ? fill(words[template], { value: amount(c[name], words) }) : amount(c[name], words);
    const row = [words[name], written].map((text) => (name === state.measure ? `<b>${text}</b>` : text));
    if (name === "js") row.push({ share: c.js / most, low: words.zero, high: words[`most_${state.unit}`] });
    if (name === "tv") row.push({ share: c.tv, low: words.zero, high: words.one });
    return row;
  });
  return { head: [], rows };
}

function sentence(state, c, { words }) {
  const { measure } = state;
  if (c.tv < 1e-9) return words.same;
  const lie = c.tv > 1 - 1e-9 ? "disjoint" : c.tv > 0.99 ? "apart" : "overlap";
  const value = c[measure];
  const values = { value: amount(value, words) };
  let key = `says_${measure}`;
  if (measure.startsWith("kl")) {
    key = `${value === Infinity ? "infinite" : "parts"}_${measure}`;
    if (value === Infinity) values.percent = amount(100 * c[`missed${measure.slice(2)}`], words, 1);
    else Object.assign(values, { plus: amount(value + c.minus, words), minus: amount(c.minus, words) });
  } else if (measure === "js") values.percent = amount((100 * value) / (state.unit === "bits" ? 1 : LOG_2), words, 2);
  else if (measure === "tv") values.percent = amount(50 * (1 + value), words, 1);
  return `${words[lie]} ${fill(words[key], values)}`;
}

function reading(name, state, { words, fields }) {
  const [, of] = /^([pq])_width$/.exec(name) ?? [];
  return of && fill(words[`width_${state[`${of}_shape`]}`], { width: number(state[name], fields[name].digits) });
}

explorer("distances", { compute, picture, table, sentence, reading });
