// Where the objective comes from. Its words come with the data (objective.py).

const LOG_4 = 2 * LOG_2;
const LOW = -5;
const HIGH = 10;
const DEPTHS = [0.3, 0.6, 1.2, 3, 6, 12, 30, 60]; // of the panel of the integrands
const FLOORS = [2, 4, 8, 20, 40, 80, 160]; // of the panel of V
const CLOSE = 5e-4; // smaller differences are called none
const DATA = gaussian(0, 1);

/** Steepness and centre of the reader's D or of D*, whose logit is a line as the densities have one width. */
const lineOf = (state, name) => (name === "best" ? [-state.mean, state.mean / 2] : [state.steep, state.centre]);

/** Mean under p of softplus(slope (x - centre)). */
function meanSoftplus(p, slope, centre) {
  const [low, high] = [p.points[0], p.points.at(-1)];
  return integrate((x) => p.pdf(x) * softplus(slope * (x - centre)), [...p.points, clamp(centre, low, high)]);
}

/** Where N(mean, 1) times softplus(slope (x - centre)) is largest: its logarithm is concave. */
function deepest(mean, slope, centre) {
  const derivative = (x) => {
    const u = slope * (x - centre);
    return mean - x + slope * (u < -36 ? 1 : sigmoid(u) / softplus(u));
  };
  const reach = Math.abs(slope) + 1;
  return root(derivative, mean - reach, mean + reach, false);
}

function compute(state) {
  const made = gaussian(state.mean, 1);
  const c = { best: bestValue(DATA, made) };
  for (const name of ["own", "best"]) {
    const [steep, centre] = lineOf(state, name);
    c[`data_${name}`] = -meanSoftplus(DATA, -steep, centre);
    c[`fake_${name}`] = -meanSoftplus(made, steep, centre);
  }
  c.own = c.data_own + c.fake_own;
  const [steep, centre] = lineOf(state, state.areas);
  return { ...c, at_data: deepest(0, -steep, centre), at_fake: deepest(state.mean, steep, centre) };
}

const outline = (xs, ys, x, y) => xs.map((at, i) => [x(at), y(ys[i])]);

function picture(stage) {
  const { data, left, right, narrow } = stage;
  const { words } = data;
  const heights = narrow ? { d: 84, p: 96, cost: 120 } : { d: 96, p: 116, cost: 140 };
  const x = linear(LOW, HIGH, left, right);
  const back = linear(left, right, LOW, HIGH);
  Object.assign(stage, { x, xTicks: ticks(LOW, HIGH, narrow ? 5 : 9) });
  const xs = Array.from({ length: 481 }, (_, i) => LOW + ((HIGH - LOW) * i) / 480);
  const dataAt = xs.map(DATA.pdf);

  // D and D*, on an axis of their own
  stage.legend([words.legend_own, "ganl-stroke-judge"], [words.legend_best, "ganl-stroke-star"]);
  const judge = stage.panel(heights.d, "d");
  const yD = linear(0, 1, judge.bottom - 2, judge.top + 2);
  stage.columns(judge.top, judge.bottom);
  stage.rows(yD, [{ value: 0, text: "0" }, { value: 0.5, text: "½" }, { value: 1, text: "1" }]);
  stage.layer.append(judge.inside);
  const curves = { best: svg(judge.inside, "path", { class: "ganl-stroke-star" }), own: svg(judge.inside, "path", { class: "ganl-stroke-judge" }) };
  stage.top = judge.bottom + 8;

  // the densities
  stage.legend([words.p_data, "ganl-stroke-data", "ganl-area-data"], [words.p_g, "ganl-stroke-made", "ganl-area-made"]);
  const mass = stage.panel(heights.p, "p");
  const yP = linear(0, 0.44, mass.bottom, mass.top);
  stage.columns(mass.top, mass.bottom);
  stage.rows(yP, ticks(0, 0.44, 4).filter(({ value }, i) => i % 2 === 0));
  stage.layer.append(mass.inside);
  const closed = (points) => `${line(points)}L${right},${mass.bottom}L${left},${mass.bottom}Z`;
  const dataLine = outline(xs, dataAt, x, yP);
  svg(mass.inside, "path", { class: "ganl-area-data", d: closed(dataLine) });
  const under = svg(mass.inside, "path", { class: "ganl-area-made" });
  svg(mass.inside, "path", { class: "ganl-stroke-data", d: line(dataLine) });
  const madeLine = svg(mass.inside, "path", { class: "ganl-stroke-made" });
  svg(stage.layer, "line", { class: "ganl-axis", x1: left, x2: right, y1: mass.bottom, y2: mass.bottom });
  stage.grab(under, "mean", x, back);
  stage.across(mass.bottom + 16);
  label(stage.layer, right + 14, mass.bottom + 16, words.x);
  stage.top = mass.bottom + 26;

  /** A legend that depends on whose areas are shown; room is kept for the taller one. */
  const legends = (entries) => {
    const group = svg(stage.layer, "g");
    const begin = stage.top;
    const show = (name) => {
      let end = 0;
      stage.into(group, () => { stage.top = begin; stage.legend(...entries(name)); end = stage.top; });
      return end;
    };
    stage.top = Math.max(show("own"), show("best"));
    return show;
  };

  // the integrands hang from 0
  const costLegend = legends((name) => [
    [words[`data_${name}`], "ganl-stroke-data", "ganl-hatch-data"], [words[`fake_${name}`], "ganl-stroke-made", "ganl-hatch-made"],
  ]);
  const cost = stage.panel(heights.cost, "cost");
  stage.columns(cost.top, cost.bottom);
  const costScale = svg(stage.layer, "g");
  stage.layer.append(cost.inside);
  const areas = Object.fromEntries(["data", "fake"].map((name) => [name, {
    fill: svg(cost.inside, "path", { class: `ganl-hatch-${name === "data" ? "data" : "made"}` }),
    edge: svg(cost.inside, "path", { class: `ganl-stroke-${name === "data" ? "data" : "made"}` }),
  }]));
  svg(stage.layer, "line", { class: "ganl-axis", x1: left, x2: right, y1: cost.top, y2: cost.top });
  stage.top = cost.bottom + 10;

  // V, made of the two areas
  const barLegend = legends((name) => [[words[`bar_${name}`], null]]);
  const bar = { top: stage.top + 20, bottom: stage.top + 42 };
  const bars = { data: svg(stage.layer, "path", { class: "ganl-hatch-data" }), fake: svg(stage.layer, "path", { class: "ganl-hatch-made" }) };
  const rims = { data: svg(stage.layer, "path", { class: "ganl-stroke-data" }), fake: svg(stage.layer, "path", { class: "ganl-stroke-made" }) };
  const valueScale = svg(stage.layer, "g");
  stage.top = bar.bottom + 48;

  const middle = stage.handle({ field: "centre", tone: "judge", shape: "diamond", label: words.centre, to: x, from: back });

  return (state, c) => {
    const shown = state.areas;
    const made = gaussian(state.mean, 1);
    for (const name of ["own", "best"]) {
      const [steep, centre] = lineOf(state, name);
      curves[name].setAttribute("d", line(outline(xs, xs.map((at) => sigmoid(steep * (at - centre))), x, yD)));
      curves[name].classList.toggle("ganl-shown", name === shown);
    }
    middle.place(x(state.centre), yD(0.5));
    const madeAt = xs.map(made.pdf);
    madeLine.setAttribute("d", line(outline(xs, madeAt, x, yP)));
    under.setAttribute("d", closed(outline(xs, madeAt, x, yP)));

    const [steep, centre] = lineOf(state, shown);
    const costs = {
      data: xs.map((at, i) => -dataAt[i] * softplus(-steep * (at - centre))),
      fake: xs.map((at, i) => -madeAt[i] * softplus(steep * (at - centre))),
    };
    const least = Math.min(...costs.data, ...costs.fake);
    const depth = DEPTHS.find((one) => one >= -least) ?? DEPTHS.at(-1);
    const yC = linear(-depth, 0, cost.bottom, cost.top);
    stage.into(costScale, () => stage.rows(yC, ticks(-depth, 0, 3)));
    for (const name of ["data", "fake"]) {
      const edge = line(outline(xs, costs[name], x, yC));
      areas[name].edge.setAttribute("d", edge);
      areas[name].fill.setAttribute("d", `${edge}L${right},${yC(0)}L${left},${yC(0)}Z`);
    }
    costLegend(shown);
    barLegend(shown);

    const floor = FLOORS.find((one) => one >= -1.2 * c[shown]) ?? FLOORS.at(-1);
    const v = linear(-floor, 0, left, right);
    const box = (from, to) => `M${v(from).toFixed(1)},${bar.top}H${v(to).toFixed(1)}V${bar.bottom}H${v(from).toFixed(1)}Z`;
    const [first, second] = [c[`data_${shown}`], c[shown]];
    for (const [name, d] of [["data", box(first, 0)], ["fake", box(second, first)]]) {
      bars[name].setAttribute("d", d);
      rims[name].setAttribute("d", d);
    }
    stage.into(valueScale, () => {
      svg(stage.layer, "line", { class: "ganl-axis", x1: left, x2: right, y1: bar.bottom + 6, y2: bar.bottom + 6 });
      const half = v(-LOG_4);
      for (const { value, text } of ticks(-floor, 0, narrow ? 4 : 8)) {
        svg(stage.layer, "line", { class: "ganl-axis", x1: v(value), x2: v(value), y1: bar.bottom + 6, y2: bar.bottom + 10 });
        if (Math.abs(v(value) - half) > 18) stage.tick(v(value), bar.bottom + 22, text);
      }
      svg(stage.layer, "line", { class: "ganl-goal", x1: half, x2: half, y1: bar.top - 4, y2: bar.bottom + 28 });
      stage.tick(half, bar.bottom + 40, words.log_4);
      const most = v(c.best);
      svg(stage.layer, "path", { class: "ganl-mark-ink", d: `M${most.toFixed(1)},${bar.top - 2}l5,-8h-10z` });
      const end = most > (left + right) / 2;
      stage.tick(most + (end ? -9 : 9), bar.top - 5, words.most, end ? "end" : "start");
    });
  };
}

const above = (value, words) => amount(Math.abs(value + LOG_4) > 1e-9 ? value + LOG_4 : 0, words);

function table(state, c, { words }) {
  const both = (write_) => ["own", "best"].map(write_);
  const rows = [
    [words.row_data, ...both((name) => amount(c[`data_${name}`], words))],
    [words.row_fake, ...both((name) => amount(c[`fake_${name}`], words))],
    [words.row_value, ...both((name) => `<b>${amount(c[name], words)}</b>`)],
    [words.row_above, ...both((name) => above(c[name], words))],
  ];
  return { head: [words.head, words.head_own, words.head_best], rows };
}

function sentence(state, c, { words }) {
  const shown = state.areas;
  const [data, fake] = [c[`data_${shown}`], c[`fake_${shown}`]];
  const more = data < fake ? "data" : "fake";
  const [steep, centre] = lineOf(state, shown);
  const place = (x) => amount(Math.floor(10 * x + 0.5) / 10, words, 1);
  const chance = (d) => (d > 0.995 ? words.sure : d < 0.005 ? words.never : amount(d, words, 2));
  const at = c[`at_${more}`];
  const values = {
    d: words[`d_${shown}`], value: amount(c[shown], words), best: amount(c.best, words),
    more: amount(Math.min(data, fake), words), less: amount(Math.max(data, fake), words),
    x: place(at), at: chance(sigmoid(steep * (at - centre))),
  };
  let costs = `${more}_more`;
  if (Math.abs(data - fake) < CLOSE) {
    costs = "same";
    Object.assign(values, { x: place(c.at_data), y: place(c.at_fake) });
  }
  const over4 = c[shown] + LOG_4;
  let end = Math.abs(over4) < CLOSE ? "half" : over4 < 0 ? "worse" : "between";
  if (c.best - c[shown] < CLOSE) end = state.mean === 0 ? "equal" : c.best > -0.05 ? "apart" : "trade";
  return ["value", costs, end].map((key) => fill(words[key], values)).join(" ");
}

explorer("objective", { compute, picture, table, sentence });
