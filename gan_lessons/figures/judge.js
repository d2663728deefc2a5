// You are the discriminator. Its words come with the data (judge.py).

const LOW = -7;
const HIGH = 7;
const HANDLES = [-6, -4, -2, 0, 2, 4, 6];
const NAMES = HANDLES.map((_, i) => `d${i + 1}`);
const LOOKED = Array.from({ length: 141 }, (_, i) => (i - 70) / 10); // where the largest loss is looked for
const NOTHING = 1e-9; // nats; less is rounding
const GRADES = [["best", 0.97], ["good", 0.85], ["fair", 0.5], ["weak", 0]];
const LOG_4 = 2 * LOG_2;

const densities = (state) => [
  state.data === "one" ? gaussian(-1.5, 1.5) : mixture([-3, 3], [1, 1]),
  gaussian(state.g_mean, state.g_sd),
];

/** The reader's logit: linear between the handles, constant beyond them. */
function logitOf(state) {
  const heights = NAMES.map((name) => state[name]);
  return (x) => {
    const last = HANDLES.length - 1;
    if (x <= HANDLES[0]) return heights[0];
    if (x >= HANDLES[last]) return heights[last];
    const i = HANDLES.findIndex((at) => at > x) - 1;
    return heights[i] + ((heights[i + 1] - heights[i]) * (x - HANDLES[i])) / (HANDLES[i + 1] - HANDLES[i]);
  };
}

/** What D loses against D* at x: (p + q) KL(Bernoulli(D*) || Bernoulli(D)). */
const loss = (p, q, logit) => {
  const best = optimalLogit(p, q);
  return (x) => {
    const [a, b, own, goal] = [p.pdf(x), q.pdf(x), logit(x), best(x)];
    return (a > 0 ? a * (softplus(-own) - softplus(-goal)) : 0) + (b > 0 ? b * (softplus(own) - softplus(goal)) : 0);
  };
};

/** The first x whose loss no later one exceeds by more than rounding. */
function highest(lose) {
  let [peak, top] = [0, 1e-12];
  for (const x of LOOKED) {
    const here = lose(x);
    if (here > top * (1 + 1e-9)) [peak, top] = [x, here];
  }
  return peak;
}

function compute(state) {
  const [p, q] = densities(state);
  const logit = logitOf(state);
  const played = state.part === "judge" ? logit : () => 0;
  const lose = loss(p, q, played);
  const cuts = sorted([...over(p, q), ...HANDLES]);
  const peak = highest(lose);
  const inside = cuts.filter((x) => x > peak - 1 && x < peak + 1);
  const apart = js(p, q);
  return {
    value: value(logit, p, q, HANDLES), best: 2 * apart - LOG_4, js: apart,
    lost: Math.max(integrate(lose, cuts), 0), near: Math.max(integrate(lose, [peak - 1, ...inside, peak + 1]), 0),
    peak, said: sigmoid(played(peak)), should: sigmoid(optimalLogit(p, q)(peak)),
  };
}

/** Part of what can be won above -log 4 that D has; null where nothing can be. */
function share(c) {
  const won = c.value + LOG_4;
  if (c.js <= NOTHING) return null;
  return Math.abs(won) <= NOTHING ? 0 : won / (2 * c.js);
}

/** A probability with two decimals, but never one that is not 0 or 1 as 0 or 1. */
function chance(given, words) {
  if (given > 0.995) return words.sure;
  return given < 0.005 ? words.never : amount(given, words, 2);
}

const judging = (state) => state.part === "judge";
const hidden = (state) => judging(state) && state.phase === "shape";

function table(state, c, { words }) {
  const written = (one) => amount(one, words);
  if (!judging(state)) {
    return { head: [], rows: [
      [words.v_best, written(c.best), words.is_best],
      [words.js, written(c.js), { share: c.js / LOG_2, low: words.zero, high: words.log_2 }],
      [words.goal, written(-LOG_4), words.is_goal],
    ] };
  }
  const rows = [["v_yours", "value", "is_yours"], ["v_best", "best", "is_best"], ["regret", "lost", "is_regret"]].map(
    ([name, from, is]) => [words[name], hidden(state) ? words.hidden : written(c[from]), words[is]]);
  if (hidden(state)) return { head: [], rows: [...rows, [words.share, words.hidden]] };
  const won = share(c);
  const part = won === null ? [words.share, "\u2013", words.none] : [
    words.share, fill(words.percent, { percent: amount(100 * won, words, 1) }),
    { share: clamp(won, 0, 1), low: words.blind, high: words.v_star },
  ];
  return { head: [], rows: [...rows, part] };
}

function shape(state, words) {
  const heights = NAMES.map((name) => state[name]);
  const [high, low] = [Math.max(...heights), Math.min(...heights)];
  const at = (height) => number(HANDLES[heights.indexOf(height)], 0);
  return fill(words[high === low ? "flat" : "shaped"], {
    high: chance(sigmoid(high), words), low: chance(sigmoid(low), words), high_at: at(high), low_at: at(low),
  });
}

function sentence(state, c, { words }) {
  if (hidden(state)) return `${shape(state, words)} ${words.commit}`;
  const values = {
    near: c.lost > NOTHING ? amount((100 * c.near) / c.lost, words, 0) : "",
    x: amount(c.peak, words, 1).replace(/\.0$/, ""),
    said: chance(c.said, words), should: chance(c.should, words),
    value: amount(c.value, words), best: amount(c.best, words), lost: amount(c.lost, words),
  };
  const say = (key) => fill(words[key], values);
  if (!judging(state)) {
    if (c.js <= NOTHING) return words.made_same;
    return `${say(c.js > 0.99 * LOG_2 ? "made_apart" : "made")} ${say(c.should > 0.5 ? "made_few" : "made_many")}`;
  }
  const where = c.lost > NOTHING ? ` ${say("where")}` : "";
  const won = share(c);
  if (won === null) return say(c.lost > NOTHING ? "same" : "same_best") + where;
  values.percent = amount(100 * won, words, 1);
  return say((GRADES.find(([, least]) => won >= least) ?? ["bad"])[0]) + where;
}

/** x for drawing: even, closer where p_g is narrow. */
function grid(q) {
  const found = Array.from({ length: 281 }, (_, i) => LOW + ((HIGH - LOW) * i) / 280);
  for (let i = -40; i <= 40; i += 1) found.push(q.mean + (q.sd * i) / 10);
  return sorted(found.filter((x) => x >= LOW && x <= HIGH));
}

/** A legend that changes with the state, with room for the longest: returns show(key). */
function changing(stage, legends) {
  const begin = stage.top;
  const named = svg(stage.layer, "g");
  let end = 0;
  const show = (key) => stage.into(named, () => {
    stage.top = begin;
    stage.legend(...legends[key]);
    end = Math.max(end, stage.top);
  });
  Object.keys(legends).forEach(show);
  stage.top = end;
  return show;
}

function picture(stage) {
  const { data, left, right, narrow } = stage;
  const { words } = data;
  const heights = narrow ? { d: 150, p: 130, below: 110 } : { d: 180, p: 150, below: 130 };
  const x = linear(LOW, HIGH, left, right);
  const back = linear(left, right, LOW, HIGH);
  Object.assign(stage, { x, xTicks: ticks(LOW, HIGH, 7) });

  // D, on its own axis
  const best = "ganl-best";
  const nameD = changing(stage, {
    shape: [[words.legend_yours, "ganl-stroke-judge", null]],
    seen: [[words.legend_yours, "ganl-stroke-judge", null], [words.legend_best, best, null]],
    maker: [[words.legend_answer, best, null]],
  });
  const top = stage.panel(heights.d, "d");
  const yD = linear(0, 1, top.bottom - 6, top.top + 6);
  const level = linear(top.bottom - 6, top.top + 6, 0, 1);
  stage.columns(top.top, top.bottom);
  stage.rows(yD, [0, 0.5, 1].map((height) => ({ value: height, text: { 0: words.zero, 0.5: words.half, 1: words.one }[height] })));
  stage.layer.append(top.inside);
  const yours = svg(top.inside, "path", { class: "ganl-stroke-judge" });
  const dStar = svg(top.inside, "path", { class: best });
  stage.top = top.bottom + 8;

  // the densities
  stage.legend([words.p, "ganl-stroke-data", "ganl-area-data"], [words.q, "ganl-stroke-made", "ganl-hatch-made"]);
  const middle = stage.panel(heights.p, "p");
  stage.columns(middle.top, middle.bottom);
  const scale = svg(stage.layer, "g");
  stage.rule(middle.bottom, "ganl-axis");
  stage.layer.append(middle.inside);
  const areas = { p: svg(middle.inside, "path", { class: "ganl-area-data" }), q: svg(middle.inside, "path", { class: "ganl-hatch-made" }) };
  const lines = { p: svg(middle.inside, "path", { class: "ganl-stroke-data" }), q: svg(middle.inside, "path", { class: "ganl-stroke-made" }) };
  stage.across(middle.bottom + 16);
  label(stage.layer, right + 14, middle.bottom + 16, words.x);
  stage.top = middle.bottom + 26;

  // what D loses
  const nameLoss = changing(stage, {
    shape: [[words.legend_hidden, null, null]],
    seen: [[words.legend_regret, null, "ganl-area-judge"]],
    maker: [[words.legend_few, null, "ganl-area-data"], [words.legend_many, null, "ganl-hatch-made"]],
  });
  const below = stage.panel(heights.below, "below");
  stage.columns(below.top, below.bottom);
  const belowScale = svg(stage.layer, "g");
  stage.layer.append(below.inside);
  const parts = { judge: svg(below.inside, "path", { class: "ganl-area-judge" }), few: svg(below.inside, "path", { class: "ganl-area-data" }), many: svg(below.inside, "path", { class: "ganl-hatch-made" }) };
  const edge = svg(below.inside, "path", { class: "ganl-stroke-ink" });
  stage.rule(below.bottom, "ganl-axis");
  const question = label(stage.layer, (left + right) / 2, (below.top + below.bottom) / 2 + 8, words.hidden, { class: "ganl-ask", "text-anchor": "middle" });
  stage.across(below.bottom + 16);
  label(stage.layer, right + 14, below.bottom + 16, words.x);
  stage.top = below.bottom + 24;

  // where most is lost: a line through all panels, and D and D* there
  const mark = svg(stage.layer, "g");
  svg(mark, "path", { class: "ganl-mark", d: `M0,${top.top}V${top.bottom}M0,${middle.top}V${middle.bottom}M0,${below.top}V${below.bottom}` });
  const dots = ["ganl-dot-judge", "ganl-dot-ink"].map((cls) => svg(mark, "circle", { class: cls, r: 5 }));

  // the reader's handles: seven for D, two for p_g
  const logit = (d) => clamp(Math.log(d / (1 - d)), -6, 6);
  const away = { to: (held) => yD(sigmoid(held)), from: (pixel) => logit(clamp(level(pixel), 1e-6, 1 - 1e-6)) };
  const gap = x(2) - x(0);
  const knobs = NAMES.map((field) => stage.handle({ field, axis: "y", tone: "judge", ...away }));
  for (const { node } of knobs) node.querySelector(".ganl-hit").setAttribute("r", Math.min(22, gap / 2).toFixed(1));
  const now = () => stage.owner.state;
  const side = () => (now().g_mean > 0 ? -1 : 1); // the knob of the sd stays in the picture
  const mean = stage.handle({ field: "g_mean", tone: "made", shape: "square", to: x, from: back });
  const sd = stage.handle({
    field: "g_sd", tone: "made", shape: "diamond",
    to: (width) => x(now().g_mean + side() * width), from: (pixel) => side() * (back(pixel) - now().g_mean),
  });
  const grab = svg(middle.inside, "path", { class: "ganl-reach" });
  stage.grab(grab, "g_mean", x, back);

  const see = (node, seen) => { node.style.display = seen ? "" : "none"; };
  const draw = (node, points, closed = "") => { if (points) node.setAttribute("d", line(points) + closed); else node.removeAttribute("d"); };

  return (state, c) => {
    const [p, q] = densities(state);
    const own = logitOf(state);
    const mine = judging(state);
    const open = !hidden(state);
    const key = mine ? state.phase : "maker";
    nameD(key);
    nameLoss(key);
    const xs = [...grid(q)];
    const at = (f) => xs.map((one) => [x(one), f(one)]);
    const star = optimalLogit(p, q);
    draw(yours, mine && at((one) => yD(sigmoid(own(one)))));
    draw(dStar, open && at((one) => yD(sigmoid(star(one)))));

    const most = 1.12 * Math.max(...xs.map(p.pdf), ...xs.map(q.pdf));
    const y = linear(0, most, middle.bottom, middle.top);
    stage.into(scale, () => stage.rows(y, ticks(0, most, 3)));
    for (const [name, one] of Object.entries({ p, q })) {
      const points = at((here) => y(one.pdf(here)));
      draw(lines[name], points);
      draw(areas[name], points, `L${right},${middle.bottom}L${left},${middle.bottom}Z`);
    }
    draw(grab, !mine && at((here) => y(q.pdf(here))), `L${right},${middle.bottom}L${left},${middle.bottom}Z`);

    const lose = loss(p, q, mine ? own : () => 0);
    const lost = xs.map((one) => Math.max(lose(one), 0));
    const high = 1.12 * Math.max(0.02, ...lost);
    const yB = linear(0, high, below.bottom, below.top);
    const area = (wanted) => xs.map((one, i) => [x(one), yB(wanted(one) ? lost[i] : 0)]);
    const shut = `L${right},${below.bottom}L${left},${below.bottom}Z`;
    draw(parts.judge, open && mine && area(() => true), shut);
    draw(parts.few, !mine && area((one) => star(one) > 0), shut);
    draw(parts.many, !mine && area((one) => star(one) <= 0), shut);
    draw(edge, open && area(() => true));
    stage.into(belowScale, () => { if (open) stage.rows(yB, ticks(0, high, 3)); });
    see(question, !open);

    const marked = open && c.lost > NOTHING;
    see(mark, marked);
    if (marked) {
      mark.setAttribute("transform", `translate(${x(c.peak).toFixed(1)},0)`);
      see(dots[0], mine);
      dots[0].setAttribute("cy", yD(c.said).toFixed(1));
      dots[1].setAttribute("cy", yD(c.should).toFixed(1));
    }
    knobs.forEach(({ node, place }, i) => { see(node, mine); place(x(HANDLES[i]), yD(sigmoid(state[NAMES[i]]))); });
    for (const { node } of [mean, sd]) see(node, !mine);
    mean.place(x(state.g_mean), y(q.pdf(state.g_mean)));
    sd.place(x(state.g_mean + side() * state.g_sd), y(q.pdf(state.g_mean + state.g_sd)));
  };
}

const reading = (name, state, { words }) => (NAMES.includes(name) ? chance(sigmoid(state[name]), words) : undefined);

explorer("judge", { compute, picture, table, sentence, reading });
