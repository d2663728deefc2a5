// Densities on the real line and the distances between them, as gan_lessons computes them; the tests
// hold each function against the package. All in log space: far apart, very narrow or outside the
// support gives inf, 0 or the limit, never NaN.

const LOG_2 = Math.LN2;
const HALF_LOG_TAU = Math.log(2 * Math.PI) / 2;

const polynomial = (c, x) => c.reduceRight((sum, one) => sum * x + one, 0);

// erf and erfc: rational approximations of fdlibm's s_erf.c, below one unit in the last place.
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Permission to use, copy, modify,
// and distribute this software is freely granted, provided that this notice is preserved.
const ERF = {
  near: [[1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03, -2.37630166566501626084e-05],
    [1, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03, 1.32494738004321644526e-04, -3.96022827877536812320e-06]],
  one: [[-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03],
    [1, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02, 1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02]],
  far: [[-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01, -6.23753324503260060396e+01, -1.62396669462573470355e+02, -1.84605092906711035994e+02, -8.12874355063065934246e+01, -9.81432934416914548592e+00],
    [1, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02, 6.45387271733267880336e+02, 4.29008140027567833386e+02, 1.08635005541779435134e+02, 6.57024977031928170135e+00, -6.04244152148580987438e-02]],
  tail: [[-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01, -1.60636384855821916062e+02, -6.37566443368389627722e+02, -1.02509513161107724954e+03, -4.83519191608651397019e+02],
    [1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03, 3.19985821950859553908e+03, 2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01]],
};
const ratio = ([above, below], x) => polynomial(above, x) / polynomial(below, x);
const ERF_ONE = 8.45062911510467529297e-01;

/** 1 - erf(x) for x >= 0, without cancellation. */
function erfcOf(x) {
  if (x < 0.84375) return 1 - (x + x * ratio(ERF.near, x * x));
  if (x < 1.25) return 1 - ERF_ONE - ratio(ERF.one, x - 1);
  if (x > 28) return 0;
  const z = Math.fround(x); // z * z is exact
  return Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + ratio(x < 1 / 0.35 ? ERF.far : ERF.tail, 1 / (x * x))) / x;
}

function erf(x) {
  const size = Math.abs(x);
  if (size < 0.84375) return x + x * ratio(ERF.near, x * x);
  return Math.sign(x) * (1 - erfcOf(size));
}

const erfc = (x) => (x < 0 ? 2 - erfcOf(-x) : erfcOf(x));

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const logAddExp = (a, b) => (a === b ? a + LOG_2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))));

// ---- densities: { logpdf, pdf, cdf, sf (1 - cdf), area (integral of cdf from -inf), low and high (the
//      support), points (the range that holds it, cut where it may have a kink, a step or a peak) }

const REACH = [-9, -7.4, -3.1, 0, 3.1, 7.4, 9]; // beyond 9 sd there is 1e-19 of a Gaussian

function gaussian(mean, sd) {
  const scale = Math.log(sd) + HALF_LOG_TAU;
  const z = (x) => (x - mean) / sd;
  const logpdf = (x) => -z(x) * z(x) / 2 - scale;
  const pdf = (x) => Math.exp(logpdf(x));
  const cdf = (x) => erfc(-z(x) * Math.SQRT1_2) / 2;
  return {
    type: "gaussian", mean, sd, logpdf, pdf, cdf,
    sf: (x) => erfc(z(x) * Math.SQRT1_2) / 2,
    area: (x) => (x - mean) * cdf(x) + sd * sd * pdf(x),
    low: -Infinity, high: Infinity,
    points: REACH.map((k) => mean + k * sd),
  };
}

function uniform(low, high) {
  const level = -Math.log(high - low);
  const inside = (x) => clampTo((x - low) / (high - low));
  return {
    type: "uniform", low, high,
    logpdf: (x) => (x >= low && x <= high ? level : -Infinity),
    pdf: (x) => (x >= low && x <= high ? 1 / (high - low) : 0),
    cdf: inside,
    sf: (x) => clampTo((high - x) / (high - low)),
    area: (x) => (x >= high ? x - (low + high) / 2 : ((high - low) * inside(x) ** 2) / 2),
    points: [low, (low + high) / 2, high],
  };
}

const clampTo = (share) => Math.min(Math.max(share, 0), 1);

function mixture(means, sds, weights = means.map(() => 1)) {
  const total = weights.reduce((sum, one) => sum + one, 0);
  const parts = means.map((mean, i) => ({ ...gaussian(mean, sds[i]), weight: weights[i] / total })).filter((one) => one.weight > 0);
  const logs = parts.map((one) => Math.log(one.weight));
  const logpdf = (x) => {
    let sum = logs[0] + parts[0].logpdf(x);
    for (let i = 1; i < parts.length; i += 1) sum = logAddExp(sum, logs[i] + parts[i].logpdf(x));
    return sum;
  };
  const mean = (name) => (x) => parts.reduce((sum, one) => sum + one.weight * one[name](x), 0);
  const points = new Set(parts.flatMap((one) => one.points));
  // Where one part takes over from another, log p may bend as sharply as a kink.
  parts.forEach((one, i) => parts.slice(0, i).forEach((other, j) => {
    for (const x of ties(one, logs[i], other, logs[j])) points.add(x);
  }));
  return {
    type: "mixture", parts, logpdf, pdf: (x) => Math.exp(logpdf(x)),
    cdf: mean("cdf"), sf: mean("sf"), area: mean("area"),
    low: -Infinity, high: Infinity, points: sorted(points),
  };
}

const sorted = (values) => Float64Array.from(values).sort().filter((x, i, all) => i === 0 || x !== all[i - 1]);

/** Where two weighted Gaussians are equal: the roots of a quadratic in x - middle, in units that do not overflow. */
function ties(one, a, other, b) {
  const [u, v] = [1 / one.sd, 1 / other.sd];
  const middle = (one.mean + other.mean) / 2;
  const [m, n] = [(one.mean - middle) * u, (other.mean - middle) * v];
  const [A, B, C] = [(v * v - u * u) / 2, m * u - n * v, (n * n - m * m) / 2 + a - b + Math.log(u / v)];
  if (A === 0) return B === 0 ? [] : [middle - C / B];
  const under = B * B - 4 * A * C;
  if (!(under >= 0)) return [];
  const far = -(B + (B < 0 ? -1 : 1) * Math.sqrt(under)) / 2;
  return [far / A, far === 0 ? 0 : C / far].map((root) => middle + root);
}

// ---- quadrature

/** Nodes and weights of Gauss-Legendre on [0, 1]. */
function legendre(order) {
  return Array.from({ length: order }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (order + 0.5));
    let slope = 1;
    for (let turn = 0; turn < 8; turn += 1) {
      let [before, now] = [1, x];
      for (let k = 2; k <= order; k += 1) [before, now] = [now, ((2 * k - 1) * x * now - (k - 1) * before) / k];
      slope = (order * (x * now - before)) / (x * x - 1);
      x -= now / slope;
    }
    return { t: (1 - x) / 2, w: 1 / ((1 - x * x) * slope * slope) };
  });
}

const LEGENDRE = legendre(12);

/** As gan_lessons.densities.nodes: { x, w } over the range of `points`, cut at each of them. The nodes
 *  crowd towards both ends of a piece (by a quintic), so that a kink or a step at a cut does no harm. */
function nodes(points, panels = 16) {
  const cuts = sorted(points);
  const n = panels * LEGENDRE.length;
  const x = new Float64Array(Math.max(cuts.length - 1, 0) * n);
  const w = new Float64Array(x.length);
  for (let i = 0; i < n; i += 1) {
    const { t: at, w: weight } = LEGENDRE[i % LEGENDRE.length];
    const t = (Math.floor(i / LEGENDRE.length) + at) / panels;
    const [share, slope] = [t ** 3 * (10 - 15 * t + 6 * t * t), (30 * t * t * (1 - t) ** 2 * weight) / panels];
    for (let piece = 0; piece + 1 < cuts.length; piece += 1) {
      const length = cuts[piece + 1] - cuts[piece];
      x[piece * n + i] = cuts[piece] + length * share;
      w[piece * n + i] = length * slope;
    }
  }
  return { x, w };
}

/** Integral of f over the range of `points`, cut at each of them; inf stays inf. */
function integrate(f, points) {
  const { x, w } = nodes(points);
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += f(x[i]) * w[i];
  return sum;
}

/** Where f changes sign between two of the (coarse) nodes over the range of `points`. */
function zeros(f, points) {
  const { x } = nodes(points, 4);
  const found = [];
  let before = f(x[0]);
  for (let i = 1; i < x.length; i += 1) {
    const now = f(x[i]);
    if ((before < 0 && now > 0) || (before > 0 && now < 0)) found.push(root(f, x[i - 1], x[i], before < 0));
    before = now;
  }
  return found;
}

/** Bisection to the last bit. */
function root(f, low, high, rises) {
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    if (f(middle) < 0 === rises) low = middle; else high = middle;
  }
}

/** Cuts for an integral over the range of either density, with those where one takes over from the other. */
function over(p, q) {
  const both = sorted([...p.points, ...q.points]);
  return sorted([...both, ...zeros((x) => logRatio(p, q, x), both)]);
}

/** log p(x) - log q(x): inf where only p is positive, 0 where neither is (nobody looks there). */
function logRatio(p, q, x) {
  const [a, b] = [p.logpdf(x), q.logpdf(x)];
  return a === b ? 0 : a - b;
}

// ---- distances

/** KL(p || q), the integral of p log(p / q), in nats; infinite where q misses a part of p. */
function kl(p, q) {
  if (p.low < q.low || p.high > q.high) return Infinity;
  if (p.type === "gaussian" && q.type === "gaussian") {
    const [r, d] = [p.sd / q.sd, (p.mean - q.mean) / q.sd];
    const t = (r - 1) * (r + 1); // r^2 - 1; (t - log1p(t)) / 2 does not cancel where r is near 1
    return (t - 2 * Math.log1p(r - 1) + d * d) / 2;
  }
  const [low, high] = [p.points[0], p.points.at(-1)];
  const cuts = over(p, q).filter((x) => x >= low && x <= high);
  const inside = (x) => { const a = p.logpdf(x); return a > -Infinity ? Math.exp(a) * (a - q.logpdf(x)) : 0; };
  return Math.max(integrate(inside, cuts), 0);
}

/** The integrand of JS at x: p log(p / m) / 2 + q log(q / m) / 2, with m = (p + q) / 2. */
function jsAt(p, q, x) {
  const [a, b] = [p.logpdf(x), q.logpdf(x)];
  return ((a > -Infinity ? Math.exp(a) * (LOG_2 - softplus(b - a)) : 0) + (b > -Infinity ? Math.exp(b) * (LOG_2 - softplus(a - b)) : 0)) / 2;
}

/** Jensen-Shannon divergence, in nats: from 0 to log 2. */
function js(p, q) {
  const cuts = over(p, q);
  const near = integrate((x) => jsAt(p, q, x), cuts);
  if (near < LOG_2 / 2) return Math.max(near, 0);
  // Close to log 2 what is missing has the digits: p log(1 + q/p) / 2 + q log(1 + p/q) / 2.
  const missing = integrate((x) => {
    const [a, b] = [p.logpdf(x), q.logpdf(x)];
    return ((a > -Infinity ? Math.exp(a) * softplus(b - a) : 0) + (b > -Infinity ? Math.exp(b) * softplus(a - b) : 0)) / 2;
  }, cuts);
  return LOG_2 - missing;
}

/** Probability that a density gives to [a, b], without cancellation in either tail. */
const mass = (p, a, b) => (p.cdf(a) > 0.5 ? p.sf(a) - p.sf(b) : p.cdf(b) - p.cdf(a));

/** Sum of |integral of a difference| over the pieces between its changes of sign. */
function absolute(edges, between) {
  let sum = 0;
  for (let i = 0; i + 1 < edges.length; i += 1) sum += Math.abs(between(edges[i], edges[i + 1]));
  return sum;
}

/** Total variation, half the integral of |p - q|: from 0 to 1. */
function totalVariation(p, q) {
  return clampTo(absolute([-Infinity, ...over(p, q), Infinity], (a, b) => mass(p, a, b) - mass(q, a, b)) / 2);
}

/** F_p(x) - F_q(x), taken from the upper tails where they are the smaller numbers. */
const cdfGap = (p, q, x) => (p.cdf(x) > 0.5 && q.cdf(x) > 0.5 ? q.sf(x) - p.sf(x) : p.cdf(x) - q.cdf(x));

/** Wasserstein-1, the integral of |F_p - F_q|, in units of x. */
function wasserstein1(p, q) {
  if (p.type === "gaussian" && q.type === "gaussian") {
    const [d, e] = [p.mean - q.mean, Math.abs(p.sd - q.sd)];
    if (e === 0) return Math.abs(d);
    return e * Math.sqrt(2 / Math.PI) * Math.exp(-((d / e) ** 2) / 2) + d * erf(d / (e * Math.SQRT2));
  }
  const both = sorted([...p.points, ...q.points]);
  const edges = sorted([...both, ...zeros((x) => cdfGap(p, q, x), both)]);
  const gap = (x) => p.area(x) - q.area(x);
  return absolute(edges, (a, b) => gap(b) - gap(a));
}

/** D_f(p || q), the integral of q f(p / q), in log space. f is given by two functions of t <= 0:
 *  `below(t)` is f(u) at u = e^t, where p is the smaller one; `above(t)` is u f(1 / u) at u = e^t, where q
 *  is, t = -Infinity included. KL: below = t e^t (0 at -Infinity), above = -t. */
function fDivergence(p, q, below, above) {
  const inside = (x) => {
    const [a, b] = [p.logpdf(x), q.logpdf(x)];
    const weight = Math.exp(Math.max(a, b));
    return weight === 0 ? 0 : weight * (a > b ? above(b - a) : below(a - b));
  };
  return integrate(inside, over(p, q));
}

// ---- the game

/** The logit of D*: log p_data - log p_g. */
const optimalLogit = (p, q) => (x) => logRatio(p, q, x);

/** V(D, G) = E_p log D + E_q log(1 - D), exact, for D = sigmoid(logit); `kinks` are where the logit has some. */
function value(logit, p, q, kinks = []) {
  const cuts = over(p, q);
  const [low, high] = [cuts[0], cuts.at(-1)];
  const inside = (x) => {
    const [a, b, l] = [p.pdf(x), q.pdf(x), logit(x)];
    return -(a > 0 ? a * softplus(-l) : 0) - (b > 0 ? b * softplus(l) : 0);
  };
  return integrate(inside, [...cuts, ...kinks.filter((x) => x > low && x < high)]);
}

/** V(D*, G), Theorem 1. */
const bestValue = (p, q) => 2 * js(p, q) - 2 * LOG_2;
