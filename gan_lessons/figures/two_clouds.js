// Two clouds of points, data and fakes. Its words and points come with the data (two_clouds.py).

const [MODE, HALF, K, H] = [1.5, 30, 3, 1];
const [WIDE, TALL] = [5.6, 2.4];
const MEASURES = ["frechet", "mmd", "precision", "recall", "nearness"];
const FRESH = { source: "fresh", shift: 0, spread: 1, moved: 0 };
const COPIES = { ...FRESH, source: "copies" };

/** The points of a state, in the order of operations of two_clouds.fakes: equal points stay equal. */
function cloud({ source, shift, spread, moved }, { points }) {
  const [left, right, offsets] = points[source];
  return offsets.map(([u, v], i) => {
    const [cx, cy] = i < HALF ? left : right;
    const x = i >= HALF && i < HALF + moved ? cx - 2 * MODE : cx;
    return [x + spread * u + shift, cy + spread * v];
  });
}

const square = ([a, b], [c, d]) => (a - c) ** 2 + (b - d) ** 2;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function momentsOf(points) {
  const [mx, my] = [0, 1].map((axis) => mean(points.map((point) => point[axis])));
  const over = (f) => points.reduce((sum, [x, y]) => sum + f(x - mx, y - my), 0) / (points.length - 1);
  return { mx, my, xx: over((x) => x * x), xy: over((x, y) => x * y), yy: over((x, y) => y * y) };
}

/** For two features: the eigenvalues a, b of the product of the covariances give root a + root b = root(a + b + 2 root(ab)). */
function frechet(one, other) {
  const [p, q] = [momentsOf(one), momentsOf(other)];
  const det = (m) => Math.max(m.xx * m.yy - m.xy ** 2, 0);
  const trace = p.xx * q.xx + 2 * p.xy * q.xy + p.yy * q.yy;
  const root = Math.sqrt(Math.max(trace + 2 * Math.sqrt(det(p) * det(q)), 0));
  return Math.max((p.mx - q.mx) ** 2 + (p.my - q.my) ** 2 + p.xx + p.yy + q.xx + q.yy - 2 * root, 0);
}

function mmd2(one, other) {
  const kernel = (a, b) => Math.exp(-square(a, b) / (2 * H ** 2));
  const total = (xs, ys, skip) => xs.reduce((sum, a, i) => ys.reduce((inner, b, j) => (skip && i === j ? inner : inner + kernel(a, b)), sum), 0);
  const within = (xs) => total(xs, xs, true) / (xs.length * (xs.length - 1));
  return within(one) + within(other) - (2 * total(one, other, false)) / (one.length * other.length);
}

/** Squared distances to the K-th neighbour: a point is its own first one. */
const radii = (points) => points.map((a) => Float64Array.from(points, (b) => square(a, b)).sort()[K]);
const inside = (points, centres, squares) => points.map((a) => centres.some((c, i) => square(a, c) <= squares[i] * (1 + 1e-12)));
const share = (flags) => mean(flags.map(Number));

function nearnessOf(points, fresh, real) {
  const near = (set) => set.map((a) => Math.min(...real.map((b) => square(a, b))));
  const far = near(fresh);
  return mean(near(points).map((a) => mean(far.map((b) => (a < b ? 1 : a === b ? 0.5 : 0)))));
}

function measures(points, real, fresh) {
  return {
    frechet: frechet(real, points), mmd: mmd2(real, points),
    precision: share(inside(points, real, radii(real))), recall: share(inside(real, points, radii(points))),
    nearness: nearnessOf(points, fresh, real),
  };
}

function compute(state, data) {
  const [real, fresh] = [cloud(COPIES, data), cloud(FRESH, data)];
  const there = measures(fresh, real, fresh);
  return { ...measures(cloud(state, data), real, fresh), ...Object.fromEntries(MEASURES.map((name) => [`fresh_${name}`, there[name]])) };
}

const isFar = (name, c, { alike }) => {
  const worse = c[name] - c[`fresh_${name}`];
  return (name === "precision" || name === "recall" ? -worse : worse) > alike[name];
};

function table(state, c, { words }) {
  const rows = MEASURES.map((name, i) => [
    words[name], amount(c[name], words), amount(c[`fresh_${name}`], words),
    i < 2 ? words.blank : { share: c[name], low: words.zero, high: words.one },
  ]);
  return { head: [words.head, words.head_now, words.head_fresh, words.head_bar], rows };
}

function sentence(state, c, data) {
  const { words } = data;
  const far = MEASURES.filter((name) => isFar(name, c, data));
  if (!far.length) return words.none;
  const near = MEASURES.filter((name) => !far.includes(name));
  return [["some", far], ["silent", near]].filter(([, names]) => names.length)
    .map(([key, names]) => fill(words[key], { names: names.map((name) => words[name]).join(words.and) })).join(" ");
}

const disc = (x, y, r) => `M${(x - r).toFixed(1)},${y.toFixed(1)}a${r.toFixed(1)},${r.toFixed(1)} 0 1,0 ${(2 * r).toFixed(1)},0a${r.toFixed(1)},${r.toFixed(1)} 0 1,0 ${(-2 * r).toFixed(1)},0z`;
const cross = (x, y, r) => `M${(x - r).toFixed(1)},${(y - r).toFixed(1)}l${2 * r},${2 * r}m${-2 * r},0l${2 * r},${-2 * r}`;

function picture(stage) {
  const { data, left, right, narrow } = stage;
  const { words } = data;
  const scale = (right - left) / (2 * WIDE);
  const x = linear(-WIDE, WIDE, left, right);
  Object.assign(stage, { x, xTicks: ticks(-WIDE, WIDE, narrow ? 5 : 10) });
  const r = narrow ? 2.4 : 3.4;
  const mark = { data: ["ganl-dot", disc(0, 0, 3.4)], fake: ["ganl-cross", cross(0, 0, 3.4)], out: ["ganl-out", disc(0, 0, 6)] };
  const entry = (text, key) => [text, "ganl-none", null, mark[key]];
  const kinds = {
    moments: [[words.show_moments, "ganl-ellipse-ink"]],
    data: [[words.show_data, null, "ganl-balls ganl-balls-data"], entry(words.out, "out")],
    fakes: [[words.show_fakes, null, "ganl-balls ganl-balls-fakes"], entry(words.out, "out")],
  };
  const named = svg(stage.layer, "g");
  const begin = stage.top;
  const legend = (show) => stage.legend(entry(words.data, "data"), entry(words.fake, "fake"), ...kinds[show]);
  const ends = Object.keys(kinds).map((show) => {
    let end = 0;
    stage.into(named, () => { stage.top = begin; legend(show); end = stage.top; });
    return end;
  });
  stage.top = Math.max(...ends);
  const panel = stage.panel(2 * TALL * scale, "clouds");
  const y = linear(-TALL, TALL, panel.bottom, panel.top);
  stage.columns(panel.top, panel.bottom);
  stage.rows(y, [-2, 0, 2].map((value) => ({ value, text: number(value, 0) })));
  stage.layer.append(panel.inside);
  const names = ["balls", "ellipse-data", "ellipse-made", "dot", "cross", "out"];
  const shapes = Object.fromEntries(names.map((name) => [name, svg(panel.inside, "path", { class: `ganl-${name}` })]));
  stage.across(panel.bottom + 16);
  stage.top = panel.bottom + 24;
  const real = cloud(COPIES, data);

  const ellipse = (points) => {
    const m = momentsOf(points);
    const [a, d] = [(m.xx + m.yy) / 2, Math.hypot((m.xx - m.yy) / 2, m.xy)];
    const turn = Math.atan2(2 * m.xy, m.xx - m.yy) / 2;
    const [long, short] = [Math.sqrt(a + d), Math.sqrt(Math.max(a - d, 0))];
    return `${line(Array.from({ length: 73 }, (_, i) => {
      const [c, s] = [long * Math.cos((i * Math.PI) / 36), short * Math.sin((i * Math.PI) / 36)];
      return [x(m.mx + c * Math.cos(turn) - s * Math.sin(turn)), y(m.my + c * Math.sin(turn) + s * Math.cos(turn))];
    }))}Z`;
  };

  return (state) => {
    const made = cloud(state, data);
    const { show } = state;
    shapes.dot.setAttribute("d", real.map(([a, b]) => disc(x(a), y(b), r)).join(""));
    shapes.cross.setAttribute("d", made.map(([a, b]) => cross(x(a), y(b), r)).join(""));
    for (const [name, points] of [["data", real], ["made", made]]) {
      shapes[`ellipse-${name}`].setAttribute("d", show === "moments" ? ellipse(points) : "");
    }
    const [centres, judged] = show === "data" ? [real, made] : [made, real];
    const squares = show === "moments" ? [] : radii(centres);
    const hit = show === "moments" ? [] : inside(judged, centres, squares);
    shapes.balls.setAttribute("d", squares.map((square, i) => disc(x(centres[i][0]), y(centres[i][1]), Math.sqrt(square) * scale)).join(""));
    shapes.balls.setAttribute("class", `ganl-balls ganl-balls-${show}`);
    shapes.out.setAttribute("d", hit.map((is, i) => (is ? "" : disc(x(judged[i][0]), y(judged[i][1]), r + 3))).join(""));
    stage.into(named, () => { stage.top = begin; legend(show); });
  };
}

explorer("two_clouds", { compute, picture, table, sentence });
