// The explorer of two fits. Its words come with the data (two_fits.py); every fit is computed here.

const MODE_SD = 0.5;
const NAMES = ["forward", "reverse", "js"];
const OWN = { forward: "kl_pq", reverse: "kl_qp", js: "js" }; // what each of them minimises

// Where fits coincide, each mark still shows behind the next: ring, square, diamond.
const DOTS = { forward: "M-8,0a8,8 0 1,0 16,0a8,8 0 1,0 -16,0z", reverse: "M-5,-5h10v10h-10z", js: "M0,-4l4,4l-4,4l-4,-4z" };

/** For each divergence F(p, q) = E_q[h], up to what q does not change to first order: h at log q and log p.
 *  The slope of F along a parameter of q is then E_q[h times the slope of log q]. */
const SLOPES = { reverse: (q, p) => q - p, js: (q, p) => (LOG_2 - softplus(p - q)) / 2 };
const COARSE = 3; // panels for each piece of the quadrature, while the fit is still on its way
const COSTS = { reverse: (p, q) => kl(q, p), js: (p, q) => js(p, q) };

const target = (half, weight) => mixture([-half, half], [MODE_SD, MODE_SD], [weight, 1 - weight]);
const normal = ([mean, logSd]) => gaussian(mean, Math.exp(logSd));

/** Slope of a divergence at (mean, log sd), by quadrature over q. */
function slope(name, p, at, panels) {
  const q = normal(at);
  const [low, high] = [q.points[0], q.points.at(-1)];
  const { x, w } = nodes([low, q.mean, high, ...p.points.filter((one) => one > low && one < high)], panels);
  const sum = [0, 0];
  for (let i = 0; i < x.length; i += 1) {
    const [z, log] = [(x[i] - q.mean) / q.sd, q.logpdf(x[i])];
    const share = w[i] * Math.exp(log) * SLOPES[name](log, p.logpdf(x[i]));
    sum[0] += (share * z) / q.sd;
    sum[1] += share * (z * z - 1);
  }
  return sum;
}

/** Second derivatives, by differences of the slope: [mean mean, mean log sd, log sd log sd]. */
function bend(name, p, at, panels) {
  const step = 1e-5;
  const [a, b] = [0, 1].map((i) => {
    const moved = (by) => slope(name, p, at.map((value, j) => value + (i === j ? by : 0)), panels);
    const [up, down] = [moved(step), moved(-step)];
    return up.map((value, j) => (value - down[j]) / (2 * step));
  });
  return [a[0], (a[1] + b[0]) / 2, b[1]];
}

/** The divergence on few nodes, good enough to tell up from down. */
function rough(name, p, at) {
  const q = normal(at);
  const m = (x) => logAddExp(p.logpdf(x), q.logpdf(x)) - LOG_2;
  const mean = (one, inside) => {
    const { x, w } = nodes(one.points, COARSE);
    return x.reduce((sum, value, i) => sum + w[i] * one.pdf(value) * inside(value), 0);
  };
  if (name === "reverse") return mean(q, (x) => q.logpdf(x) - p.logpdf(x));
  return (mean(p, (x) => p.logpdf(x) - m(x)) + mean(q, (x) => q.logpdf(x) - m(x))) / 2;
}

/** A step of Newton's method, with `damping` added to the diagonal. */
function newton([a, b, d], g, damping) {
  const det = (a + damping) * (d + damping) - b * b;
  return [-((d + damping) * g[0] - b * g[1]) / det, -((a + damping) * g[1] - b * g[0]) / det];
}

/** Walk down from [mean, log sd] on few nodes, as far as they can tell. */
function descend(name, p, start) {
  let at = start;
  let before = rough(name, p, at);
  let damping = 1e-3;
  for (let turn = 0; turn < 60 && damping < 1e6; turn += 1) {
    const g = slope(name, p, at, COARSE);
    if (Math.hypot(...g) < 1e-7) break;
    const [a, b, d] = bend(name, p, at, COARSE);
    const least = (a + d) / 2 - Math.hypot((a - d) / 2, b);
    for (; damping < 1e6; damping *= 10) {
      const move = newton([a, b, d], g, damping + (least < 0 ? -2 * least : 0));
      const next = at.map((value, i) => value + move[i]);
      const now = Math.abs(move[1]) < 1 ? rough(name, p, next) : Infinity;
      if (!(now <= before)) continue;
      [at, before, damping] = [next, now, Math.max(damping / 10, 1e-12)];
      break;
    }
  }
  return at;
}

/** Arrive: Newton's method on all nodes, from close by. */
function arrive(name, p, start) {
  let at = start;
  for (let turn = 0; turn < 6; turn += 1) {
    const move = newton(bend(name, p, at), slope(name, p, at), 0);
    at = at.map((value, i) => value + clamp(move[i], -0.1, 0.1));
    if (Math.hypot(...move) < 1e-9) break; // the next step would be of the size of its square
  }
  return at;
}

/** As gan_lessons.fits.fit_gaussian: local minima { mean, sd, value }, the best first. */
function fits(name, p) {
  const mean = p.parts.reduce((sum, one) => sum + one.weight * one.mean, 0);
  const sd = Math.sqrt(p.parts.reduce((sum, one) => sum + one.weight * (one.sd ** 2 + (one.mean - mean) ** 2), 0));
  if (name === "forward") return [{ mean, sd, value: kl(p, gaussian(mean, sd)) }];
  const starts = [[mean, sd], ...p.parts.flatMap((one) => [[one.mean, one.sd], [one.mean, Math.sqrt(one.sd * sd)]])];
  const ends = [];
  for (const [m, s] of starts) {
    const at = descend(name, p, [m, Math.log(s)]);
    if (ends.every((one) => Math.hypot(one[0] - at[0], Math.exp(one[1]) - Math.exp(at[1])) > 1e-3 * sd)) ends.push(at);
  }
  const found = ends.map((at) => normal(arrive(name, p, at))).map((q) => ({ mean: q.mean, sd: q.sd, value: COSTS[name](p, q) }));
  const order = (one) => Number(one.value.toFixed(8));
  return found.sort((one, other) => order(one) - order(other) || other.mean - one.mean);
}

const covers = (fit, modes) => modes.every((mode) => Math.abs(mode - fit.mean) <= 2.5 * fit.sd);

function compute({ half, weight }) {
  const p = target(half, weight);
  const numbers = {};
  for (const name of NAMES) {
    const minima = fits(name, p);
    const [best] = minima;
    const kind = covers(best, [-half, half]);
    const q = gaussian(best.mean, best.sd);
    Object.assign(numbers, {
      [`${name}_mean`]: best.mean, [`${name}_sd`]: best.sd,
      [`${name}_kl_pq`]: kl(p, q), [`${name}_kl_qp`]: kl(q, p), [`${name}_js`]: js(p, q),
      [`${name}_covers`]: Number(kind), [`${name}_ties`]: minima.filter((one) => one.value < best.value + 1e-8).length,
      [`${name}_other`]: Math.min(...minima.filter((one) => covers(one, [-half, half]) !== kind).map((one) => one.value)),
    });
  }
  return numbers;
}

function picture(stage) {
  const { data: { words }, left, right, narrow } = stage;
  const x = linear(-8, 8, left, right);
  const back = linear(left, right, -8, 8);
  Object.assign(stage, { x, xTicks: ticks(-8, 8, narrow ? 5 : 9) });
  stage.legend([words.target, "ganl-stroke-data", "ganl-area-data"], ...NAMES.map((name) => [words[name], `ganl-stroke-${name}`, null, [`ganl-dot-${name}`, DOTS[name]]]));
  const panel = stage.panel(narrow ? 190 : 240, "p");
  stage.columns(panel.top, panel.bottom);
  const scale = svg(stage.layer, "g");
  stage.rule(panel.bottom, "ganl-axis");
  stage.layer.append(panel.inside);
  const area = svg(panel.inside, "path", { class: "ganl-area-data" });
  const outline = svg(panel.inside, "path", { class: "ganl-stroke-data" });
  const fitted = Object.fromEntries(NAMES.map((name) => [name, svg(panel.inside, "path", { class: `ganl-stroke-${name}` })]));
  const marks = svg(stage.layer, "g");
  stage.across(panel.bottom + 16);
  label(stage.layer, right + 14, panel.bottom + 16, words.x);
  const lane = panel.bottom + 44;
  const stem = svg(stage.layer, "path", { class: "ganl-stroke-data" });
  const grip = stage.handle({ field: "half", tone: "data", shape: "circle", label: words.mode, to: x, from: back });
  stage.grab(area, "half", x, back);
  stage.top = lane + 24;

  const xs = Array.from({ length: 641 }, (_, i) => -8 + i / 40);
  return ({ half, weight }, c) => {
    const p = target(half, weight);
    const made = NAMES.map((name) => [name, gaussian(c[`${name}_mean`], c[`${name}_sd`])]);
    const most = 1.12 * Math.max(...xs.map(p.pdf), ...made.map(([, q]) => q.pdf(q.mean)));
    const y = linear(0, most, panel.bottom, panel.top);
    const curve = (one) => line(xs.map((at) => [x(at), y(one.pdf(at))]));
    stage.into(scale, () => stage.rows(y, ticks(0, most, 4)));
    outline.setAttribute("d", curve(p));
    area.setAttribute("d", `${curve(p)}L${right},${panel.bottom}L${left},${panel.bottom}Z`);
    marks.replaceChildren();
    for (const [name, q] of made) {
      fitted[name].setAttribute("d", curve(q));
      for (const k of [-1, 0, 1]) {
        const at = q.mean + k * q.sd;
        svg(marks, "path", { class: `ganl-dot-${name}`, d: DOTS[name], transform: `translate(${x(at).toFixed(1)},${y(q.pdf(at)).toFixed(1)})` });
      }
    }
    stem.setAttribute("d", `M${x(-half)},${lane}H${x(half)}M${x(-half)},${lane - 6}v12`);
    grip.place(x(half), lane);
  };
}

function table(state, c, { words }) {
  const rows = ["mean", "sd", "kl_pq", "kl_qp", "js"].map((row) => [words[`row_${row}`], ...NAMES.map((name) => {
    const value = c[`${name}_${row}`];
    const written = amount(Math.abs(value) < 1e-6 ? 0 : value, words);
    return OWN[name] === row ? `<b>${written}</b>` : written;
  })]);
  return { head: [words.blank, ...NAMES.map((name) => words[name])], rows };
}

function sentence({ half }, c, { words }) {
  if (half === 0) return words.same;
  const said = ["reverse", "js"].map((name) => {
    const [kind, other] = [c[`${name}_covers`], c[`${name}_other`]];
    let key = kind ? "covers" : c[`${name}_ties`] > 1 ? "tie" : "seeks";
    if (other === Infinity) key = kind ? "covers_only" : "seeks_only";
    return fill(words[`${name}_${key}`], { value: amount(c[`${name}_${OWN[name]}`], words), other: amount(other, words) });
  });
  return [words.forward_says, ...said].join(" ");
}

explorer("two_fits", { compute, picture, table, sentence });
