// Saturating against non-saturating. Its words come with the data (forces.py).

const LOW = -7.5;
const HIGH = 10.5;
const STRAY = -4; // where the smaller of two humps stands
const THEN = 3; // where p_g stood when the other D was fitted
const FAKES = 9;
const LOGITS = [6, 12, 25, 40, 60, 100, 150]; // how far the axis of logits may reach
const DATA = gaussian(0, 1);
const NUMBERS = Array.from({ length: FAKES }, (_, i) => i + 1);

/** p_g as humps of sd 1: [mean, weight, how many of the nine fakes]. */
const humpsOf = (state, distance) => (state.law === "one" ? [[distance, 1, FAKES]] : [[STRAY, 1 / 3, 3], [distance, 2 / 3, 6]]);

const mixed = (humps) => mixture(humps.map(([mean]) => mean), humps.map(() => 1), humps.map(([, weight]) => weight));

/** D: its logit and the derivative of it. log p_data - log p_fit has the slope -(mean of the hump that x came from). */
function discriminator(state) {
  const humps = humpsOf(state, state.fit === "now" ? state.distance : THEN);
  const fit = mixed(humps);
  const logit = (x) => state.confidence * (DATA.logpdf(x) - fit.logpdf(x));
  const slope = (x) => {
    if (humps.length === 1) return -state.confidence * humps[0][0];
    const [[a, u], [b, v]] = humps; // the share of the second hump at x
    const share = sigmoid(Math.log(v / u) + (b - a) * (x - (a + b) / 2));
    return -state.confidence * (a * (1 - share) + b * share);
  };
  return { logit, slope, fit };
}

const QUANTILES = new Map();
/** Quantile of N(0, 1). */
function quantile(share) {
  if (!QUANTILES.has(share)) QUANTILES.set(share, root((z) => DATA.cdf(z) - share, -9, 9, true));
  return QUANTILES.get(share);
}

function fakesOf(state) {
  const found = humpsOf(state, state.distance).flatMap(([mean, , n]) => Array.from({ length: n }, (_, k) => mean + quantile((k + 0.5) / n)));
  return found.sort((a, b) => a - b);
}

const SHARES = { sat: (l) => sigmoid(l), non: (l) => sigmoid(-l) };

function compute(state) {
  const { logit, slope } = discriminator(state);
  const c = {};
  fakesOf(state).forEach((x, i) => {
    const [l, k] = [logit(x), i + 1];
    Object.assign(c, { [`x${k}`]: x, [`logit${k}`]: l, [`sat${k}`]: SHARES.sat(l) * slope(x), [`non${k}`]: SHARES.non(l) * slope(x) });
  });
  const made = mixed(humpsOf(state, state.distance));
  const cuts = [...made.points, ...zeros(logit, made.points)];
  for (const name of ["sat", "non"]) c[`mean_${name}`] = integrate((x) => made.pdf(x) * SHARES[name](logit(x)) * slope(x), cuts);
  c.mean_d = integrate((x) => made.pdf(x) * sigmoid(logit(x)), cuts);
  return c;
}

/** Number of the fake with the lowest D, and of that with the highest. */
function extremes(c) {
  const first = (better) => NUMBERS.reduce((best, k) => (better(c[`logit${k}`], c[`logit${best}`]) ? k : best), 1);
  return [first((a, b) => a < b), first((a, b) => a > b)];
}

const raised = (power) => String(power).replace(/[-\d]/g, (one) => (one === "-" ? "\u207b" : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[one]));

/** As forces.small. */
function small(value, words) {
  const size = Math.abs(value);
  if (size >= 5e-5 || size < 1e-99) return amount(value, words);
  const [digit, power] = size.toExponential(0).split("e");
  return (value < 0 ? "\u2212" : "") + fill(words.power, { digit, power: raised(Number(power)) });
}

function directed(value, words, left, right) {
  const written = small(Math.abs(value), words);
  return written === "0" ? written : fill(words[value < 0 ? left : right], { value: written });
}

/** The largest of ..., 0.1, 0.2, 0.5, 1, 2, 5, ... that is not above `most`, and how to write it. */
function keyForce(most) {
  const power = Math.floor(Math.log10(most) + 1e-9);
  const lead = [5, 2, 1].find((one) => one * 10 ** power <= most * (1 + 1e-9)) ?? 1;
  return { value: lead * 10 ** power, text: power < -4 ? `${lead}\u00d710${raised(power)}` : (lead * 10 ** power).toFixed(Math.max(0, -power)) };
}

const along = (xs, ys, x, y) => line(xs.map((at, i) => [x(at), y(ys[i])]));

/** An arrow from (x, y), `length` pixels long: its shaft, and its head if there is room for one. */
function pointer(x, y, length, size = 5) {
  const sign = Math.sign(length);
  const head = Math.min(size, Math.abs(length));
  const tip = x + length;
  const shaft = `M${x.toFixed(1)},${y}H${(tip - sign * head).toFixed(1)}`;
  if (Math.abs(length) < 1) return { shaft: "", head: "" };
  return { shaft, head: `M${tip.toFixed(1)},${y}l${-sign * head},${-0.75 * head}v${1.5 * head}z` };
}

function picture(stage) {
  stage.left += 12; // room for powers of ten
  const { data, left, right, narrow } = stage;
  const { words } = data;
  const heights = narrow ? { d: 72, p: 84, row: 8, slope: 104 } : { d: 84, p: 96, row: 9, slope: 120 };
  const x = linear(LOW, HIGH, left, right);
  const back = linear(left, right, LOW, HIGH);
  Object.assign(stage, { x, xTicks: ticks(LOW, HIGH, narrow ? 5 : 9) });
  const xs = Array.from({ length: 541 }, (_, i) => LOW + ((HIGH - LOW) * i) / 540);
  const halves = [{ value: 0, text: "0" }, { value: 0.5, text: "½" }, { value: 1, text: "1" }];
  const dot = (parent, cls, r = 3.4) => NUMBERS.map(() => svg(parent, "circle", { class: cls, r }));
  const put = (node, at, y) => { node.setAttribute("cx", at.toFixed(1)); node.setAttribute("cy", y.toFixed(1)); };

  // D on an axis of its own, with the fakes on it
  stage.legend([words.d, "ganl-stroke-judge"]);
  const judge = stage.panel(heights.d, "d");
  const yD = linear(0, 1, judge.bottom - 3, judge.top + 3);
  stage.columns(judge.top, judge.bottom);
  stage.rows(yD, halves);
  stage.layer.append(judge.inside);
  const dLine = svg(judge.inside, "path", { class: "ganl-stroke-judge" });
  const onD = dot(stage.layer, "ganl-fake");
  stage.top = judge.bottom + 8;

  // the densities, with the fakes on the axis
  stage.legend([words.p_data, "ganl-stroke-data", "ganl-area-data"], [words.p_g, "ganl-stroke-made", "ganl-area-made"]);
  const mass = stage.panel(heights.p, "p");
  const yP = linear(0, 0.44, mass.bottom, mass.top);
  stage.columns(mass.top, mass.bottom);
  stage.rows(yP, ticks(0, 0.44, 4).filter((_, i) => i % 2 === 0));
  stage.layer.append(mass.inside);
  const closed = (curve) => `${curve}L${right},${mass.bottom}L${left},${mass.bottom}Z`;
  const dataLine = along(xs, xs.map(DATA.pdf), x, yP);
  svg(mass.inside, "path", { class: "ganl-area-data", d: closed(dataLine) });
  const under = svg(mass.inside, "path", { class: "ganl-area-made" });
  svg(mass.inside, "path", { class: "ganl-stroke-data", d: dataLine });
  const madeLine = svg(mass.inside, "path", { class: "ganl-stroke-made" });
  svg(stage.layer, "line", { class: "ganl-axis", x1: left, x2: right, y1: mass.bottom, y2: mass.bottom });
  const onAxis = dot(stage.layer, "ganl-fake");
  stage.grab(under, "distance", x, back);
  stage.top = mass.bottom + 10;

  // two rows of arrows: one line for each fake, the last for the mean
  const bands = {};
  let keyAt;
  for (const name of ["sat", "non"]) {
    stage.legend([words[name], `ganl-stroke-${name}`]);
    const top = stage.top;
    keyAt ??= top - 12;
    const bottom = top + heights.row * (FAKES + 3.4);
    stage.columns(top, bottom);
    svg(stage.layer, "rect", { class: "ganl-rule", x: left, y: top, width: right - left, height: bottom - top, fill: "none" });
    const shafts = svg(stage.layer, "path", { class: `ganl-stroke-${name}` });
    const heads = svg(stage.layer, "path", { class: `ganl-head-${name}` });
    const middle = svg(stage.layer, "path", { class: `ganl-stroke-${name} ganl-mean` });
    const middleHead = svg(stage.layer, "path", { class: `ganl-head-${name}` });
    bands[name] = {
      shafts, heads, middle, middleHead, dots: dot(stage.layer, "ganl-fake", 2.6), words: svg(stage.layer, "g"),
      at: (k) => top + heights.row * (k + 0.3), mean: top + heights.row * (FAKES + 2),
    };
    stage.top = bottom + (name === "sat" ? 6 : 0);
  }
  const keys = svg(stage.layer, "g"); // how long a round force is
  stage.across(stage.top + 16);
  label(stage.layer, right + 14, stage.top + 16, words.x);
  stage.top += 26;

  // the slopes of both losses against the logit
  stage.legend([words.curve_sat, "ganl-stroke-sat"], [words.curve_non, "ganl-stroke-non"]);
  const slopes = stage.panel(heights.slope, "slope");
  const scale = svg(stage.layer, "g");
  stage.layer.append(slopes.inside);
  const curves = { sat: svg(slopes.inside, "path", { class: "ganl-stroke-sat" }), non: svg(slopes.inside, "path", { class: "ganl-stroke-non" }) };
  const onCurves = { sat: dot(stage.layer, "ganl-head-sat"), non: dot(stage.layer, "ganl-head-non") };
  label(stage.layer, (left + right) / 2, slopes.bottom + 34, words.logit_axis, { class: "ganl-tick", "text-anchor": "middle" });
  stage.top = slopes.bottom + 44;

  return (state, c) => {
    const { logit } = discriminator(state);
    const made = mixed(humpsOf(state, state.distance));
    dLine.setAttribute("d", along(xs, xs.map((at) => sigmoid(logit(at))), x, yD));
    const curve = along(xs, xs.map(made.pdf), x, yP);
    madeLine.setAttribute("d", curve);
    under.setAttribute("d", closed(curve));

    const forces = NUMBERS.flatMap((k) => [c[`sat${k}`], c[`non${k}`]]).concat(c.mean_sat, c.mean_non).map(Math.abs);
    const most = Math.max(...forces);
    const unit = most > 0 ? (0.15 * (right - left)) / most : 0; // pixels for a force of 1
    for (const [name, band] of Object.entries(bands)) {
      const arrows = NUMBERS.map((k) => pointer(x(c[`x${k}`]), band.at(k), unit * c[`${name}${k}`]));
      band.shafts.setAttribute("d", arrows.map((one) => one.shaft).join(""));
      band.heads.setAttribute("d", arrows.map((one) => one.head).join(""));
      NUMBERS.forEach((k, i) => put(band.dots[i], x(c[`x${k}`]), band.at(k)));
      const centre = humpsOf(state, state.distance).reduce((sum, [mean, weight]) => sum + weight * mean, 0);
      const mean = pointer(x(centre), band.mean, unit * c[`mean_${name}`], 9);
      band.middle.setAttribute("d", `M${x(centre).toFixed(1)},${band.mean - 6}v12${mean.shaft}`);
      band.middleHead.setAttribute("d", mean.head);
      stage.into(band.words, () => {
        const leftwards = c[`mean_${name}`] < 0;
        stage.tick(x(centre) + (leftwards ? 8 : -8), band.mean + 4, words.mean, leftwards ? "start" : "end");
      });
    }
    stage.into(keys, () => {
      if (!most) return;
      const key = keyForce(most);
      const text = stage.tick(stage.width - 2, keyAt, fill(words.key, { force: key.text }), "end");
      const one = pointer(stage.width - text.getComputedTextLength() - 8, keyAt - 4, -unit * key.value);
      svg(stage.layer, "path", { class: "ganl-stroke-ink", d: one.shaft });
      svg(stage.layer, "path", { class: "ganl-mark-ink", d: one.head });
    });
    NUMBERS.forEach((k, i) => {
      put(onD[i], x(c[`x${k}`]), yD(sigmoid(c[`logit${k}`])));
      put(onAxis[i], x(c[`x${k}`]), mass.bottom);
    });

    const furthest = Math.max(...NUMBERS.map((k) => Math.abs(c[`logit${k}`])));
    const reach = LOGITS.find((one) => one >= furthest) ?? Math.ceil(furthest);
    const log = state.scale === "log";
    const xL = linear(-reach, reach, left, right);
    const decades = Math.ceil(reach / Math.LN10);
    const yL = log ? linear(-decades, 0, slopes.bottom - 3, slopes.top + 3) : linear(0, 1, slopes.bottom - 3, slopes.top + 3);
    const height = { sat: (l) => (log ? -softplus(-l) / Math.LN10 : sigmoid(l)), non: (l) => (log ? -softplus(l) / Math.LN10 : sigmoid(-l)) };
    const step = Math.ceil(decades / 3);
    stage.into(scale, () => {
      const marks = log ? [0, 1, 2, 3].map((i) => -i * step).filter((p) => p >= -decades).map((p) => ({ value: p, text: p ? `10${raised(p)}` : "1" })) : halves;
      stage.rows(yL, marks);
      for (const { value, text } of ticks(-reach, reach, narrow ? 5 : 9)) {
        svg(stage.layer, "line", { class: "ganl-rule", x1: xL(value), x2: xL(value), y1: slopes.top, y2: slopes.bottom });
        stage.tick(xL(value), slopes.bottom + 16, text);
      }
    });
    const ls = Array.from({ length: 241 }, (_, i) => -reach + (reach * i) / 120);
    for (const name of ["sat", "non"]) {
      curves[name].setAttribute("d", along(ls, ls.map(height[name]), xL, yL));
      NUMBERS.forEach((k, i) => put(onCurves[name][i], xL(c[`logit${k}`]), yL(height[name](c[`logit${k}`]))));
    }
  };
}

function table(state, c, { words }) {
  const [low, high] = extremes(c);
  const judged = [c.mean_d, sigmoid(c[`logit${low}`]), sigmoid(c[`logit${high}`])];
  const [sat, non] = ["sat", "non"].map((name) => [c[`mean_${name}`], c[`${name}${low}`], c[`${name}${high}`]]);
  const arrow = (value) => directed(value, words, "left", "right");
  const rows = [
    [words.row_d, ...judged.map((value) => small(value, words))],
    [words.row_sat, ...sat.map(arrow)],
    [words.row_non, ...non.map(arrow)],
    [words.row_sum, ...sat.map((value, i) => arrow(value + non[i]))],
  ];
  return { head: ["", words.head_mean, words.head_low, words.head_high], rows };
}

function sentence(state, c, { words }) {
  const [low, high] = extremes(c).map((k) => sigmoid(c[`logit${k}`]));
  const [sat, non] = [c.mean_sat, c.mean_non];
  if (Math.abs(sat) + Math.abs(non) < 1e-12) return words.flat;
  const d = high < 0.1 ? "rejects" : low > 0.9 ? "fooled" : low > 0.4 && high < 0.6 ? "unsure" : "mixed";
  let pushes = Math.abs(sat) > 1.2 * Math.abs(non) ? "more_sat" : "alike";
  if (Math.abs(non) > 1.2 * Math.abs(sat)) pushes = "more_non";
  if (sat * non < 0) pushes = "opposite";
  const away = state.law === "one" && sat * state.distance > 0;
  const [toSat, toNon] = [sat, non].map((value) => directed(value, words, "to_left", "to_right"));
  const values = { low: small(low, words), high: small(high, words), sat: toSat, non: toNon };
  return [d, pushes, ...(away ? ["away"] : [])].map((key) => fill(words[key], values)).join(" ");
}

explorer("forces", { compute, picture, table, sentence });
