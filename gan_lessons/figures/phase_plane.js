// The phase plane of the Dirac-GAN. Its words come with the data (phase_plane_words.py); the
// formulas are those of gan_lessons.dynamics and gan_lessons.updates, in the same order of operations.

const SIDE = 3; // the plane shows both numbers from -SIDE to SIDE
const LIMIT = 100; // a run that has gone so far is given up
const JUMP = 3; // radians: a step that turns by more goes across to the other side
const SUBSTEP = 0.1; // the longest Runge-Kutta step

// Means over N(0, 1): the trapezoidal rule.
const NOISE = Array.from({ length: 171 }, (_, i) => (i - 85) / 10);
const BELL = NOISE.map((e) => Math.exp(-(e ** 2) / 2));
const WEIGHT = BELL.map((w) => w / BELL.reduce((sum, one) => sum + one, 0));

const bend = (u) => sigmoid(u) * sigmoid(-u);
const RISING = [sigmoid, bend];
const FALLING = [(u) => sigmoid(-u), (u) => -bend(u)];
const CONSTANT = [() => 1, () => 0];
const LOSSES = {
  saturating: { real: FALLING, fake: RISING, made: RISING },
  "non-saturating": { real: FALLING, fake: RISING, made: FALLING },
  wasserstein: { real: CONSTANT, fake: CONSTANT, made: CONSTANT },
};

/** The game of a state: { field(p), slopes(p), project(p), jacobianAtRest }, with p = [theta, psi]. */
function game({ loss: name, regulariser, strength }) {
  const on = (which) => (regulariser === which ? strength : 0);
  const loss = LOSSES[name];
  const [r1, noise, consensus, penalty] = ["r1", "noise", "consensus", "gradient_penalty"].map(on);
  const clip = regulariser === "clip" ? strength : Infinity;
  const [nodes_, weights] = noise ? [NOISE.map((e) => noise * e), WEIGHT] : [[0], [1]];
  const mean = (f) => weights.reduce((sum, w, i) => sum + f(nodes_[i]) * w, 0);

  const plain = ([theta, psi]) => {
    let [pull, push] = [0, 0];
    for (let i = 0; i < weights.length; i += 1) {
      const [r, x] = [nodes_[i], theta + nodes_[i]];
      pull += psi * loss.made[0](psi * x) * weights[i];
      push += (r * loss.real[0](psi * r) - x * loss.fake[0](psi * x)) * weights[i];
    }
    return [pull, push - (r1 * psi + penalty * (psi - Math.sign(psi)))];
  };
  const slopes = ([theta, psi]) => {
    const of = (f) => mean((r) => f(r, theta + r, psi * (theta + r)));
    return [
      [of((r, x, u) => psi ** 2 * loss.made[1](u)), of((r, x, u) => loss.made[0](u) + u * loss.made[1](u))],
      [-of((r, x, u) => loss.fake[0](u) + u * loss.fake[1](u)),
        of((r, x, u) => r ** 2 * loss.real[1](psi * r) - x ** 2 * loss.fake[1](u)) - r1 - penalty],
    ];
  };
  const field = (p) => {
    const v = plain(p);
    if (!consensus) return v;
    const J = slopes(p);
    return [0, 1].map((j) => v[j] - consensus * (J[0][j] * v[0] + J[1][j] * v[1]));
  };
  const J = slopes([0, 0]);
  const damp = (i, j) => consensus * (J[0][i] * J[0][j] + J[1][i] * J[1][j]); // where the field is 0
  const jacobianAtRest = J.map((row, i) => row.map((one, j) => one - damp(i, j)));
  return { field, jacobianAtRest, project: ([theta, psi]) => [theta, clamp(psi, -clip, clip)] };
}

const add = ([a, b], h, [c, d]) => [a + h * c, b + h * d];

const STEPS = {
  simultaneous: ({ field, project }, p, h) => project(add(p, h, field(p))),
  alternating({ field, project }, p, h) {
    const q = project([p[0], p[1] + h * field(p)[1]]);
    return [q[0] + h * field(q)[0], q[1]];
  },
  flow({ field, project }, p, h) {
    const n = Math.ceil(h / SUBSTEP - 1e-9);
    const s = h / n;
    const v = (q) => field(project(q));
    for (let i = 0; i < n; i += 1) {
      const k1 = v(p);
      const k2 = v(add(p, s / 2, k1));
      const k3 = v(add(p, s / 2, k2));
      const k4 = v(add(p, s, k3));
      p = project(add(p, s / 6, [0, 1].map((j) => k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j])));
    }
    return p;
  },
};

/** Eigenvalues [re, im] of a 2 x 2 matrix, as updates.eigenvalues gives them. */
function eigenvalues([[a, b], [c, d]]) {
  const [square, product] = [((a - d) / 2) ** 2, b * c];
  let inside = square + product;
  if (Math.abs(inside) <= 1e-14 * (square + Math.abs(product))) inside = 0;
  const [half, root] = [(a + d) / 2, Math.sqrt(Math.abs(inside))];
  return inside < 0 ? [[half, root], [half, -root]] : [[half + root, 0], [half - root, 0]];
}

const MULTIPLIERS = {
  simultaneous: ([[a, b], [c, d]], h) => eigenvalues([[1 + h * a, h * b], [h * c, 1 + h * d]]),
  alternating: ([[a, b], [c, d]], h) =>
    eigenvalues([[1 + h * a + h * b * (h * c), h * b * (1 + h * d)], [h * c, 1 + h * d]]),
  flow: (J, h) => eigenvalues(J).map(([re, im]) => [Math.exp(h * re) * Math.cos(h * im), Math.exp(h * re) * Math.sin(h * im)]),
};

const distance = ([theta, psi]) => Math.sqrt(theta ** 2 + psi ** 2);

/** All states of a run, to its end or to where it is given up. */
function play(state) {
  const rules = game(state);
  const path = [[state.theta, state.psi]];
  while (path.length <= state.steps && distance(path.at(-1)) <= LIMIT) path.push(STEPS[state.order](rules, path.at(-1), state.h));
  return path;
}

function compute(state) {
  const path = play(state);
  const n = path.length - 1;
  const angles = path.slice(1).map(([x2, y2], i) => {
    const [x, y] = path[i];
    return Math.atan2(y * x2 - x * y2, x * x2 + y * y2);
  });
  const across = angles.filter((angle) => Math.abs(angle) > JUMP);
  const turned = angles.reduce((sum, angle) => sum + (Math.abs(angle) > JUMP ? 0 : angle), 0);
  const [begin, end] = [distance(path[0]), distance(path.at(-1))];
  const c = {
    path, steps: n, theta: path.at(-1)[0], psi: path.at(-1)[1], begin, end, jumps: across.length,
    turns: turned / (2 * Math.PI), growth: begin ? (end / begin) ** (1 / n) : 1,
  };
  if (state.regulariser === "gradient_penalty") return c;
  const { jacobianAtRest } = game(state);
  const pairs = { lambda: eigenvalues(jacobianAtRest), mu: MULTIPLIERS[state.order](jacobianAtRest, state.h) };
  for (const [name, pair] of Object.entries(pairs)) {
    pair.forEach(([re, im], i) => Object.assign(c, { [`${name}_${i + 1}_re`]: re, [`${name}_${i + 1}_im`]: im }));
  }
  return { ...c, size: Math.max(...pairs.mu.map(([re, im]) => Math.hypot(re, im))) };
}

/** The arrows of the field: length grows with the speed, and stays inside its cell. */
function arrows(state, x, y, count) {
  const { field } = game(state);
  const cell = (x(SIDE) - x(-SIDE)) / count;
  const parts = [];
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < count; j += 1) {
      const p = [i, j].map((k) => -SIDE + ((k + 0.5) * 2 * SIDE) / count);
      const [a, b] = field(p);
      const speed = Math.hypot(a, b);
      if (speed < 1e-9) continue;
      const long = (0.85 * cell * speed) / (speed + 0.4);
      const [ux, uy] = [a / speed, -b / speed];
      const [px, py] = [x(p[0]) - (long * ux) / 2, y(p[1]) - (long * uy) / 2];
      const [qx, qy] = [px + long * ux, py + long * uy];
      const head = Math.min(4, 0.4 * long);
      const wing = (side) => `M${qx.toFixed(1)},${qy.toFixed(1)}l${(head * (-ux + side * 0.7 * uy)).toFixed(1)},${(head * (-uy - side * 0.7 * ux)).toFixed(1)}`;
      parts.push(`M${px.toFixed(1)},${py.toFixed(1)}L${qx.toFixed(1)},${qy.toFixed(1)}${wing(1)}${wing(-1)}`);
    }
  }
  return parts.join("");
}

/** A square with a cross of axes for two complex numbers. Returns show(pair or null). */
function complexPlane(stage, name, left, top, size, note) {
  const { words } = stage.data;
  const frame = svg(stage.layer, "g");
  const clip = svg(svg(stage.clips, "clipPath", { id: `${stage.id}-${name}` }), "rect", { x: left, y: top, width: size, height: size });
  clip.setAttribute("rx", 4);
  const inside = svg(stage.layer, "g", { "clip-path": `url(#${stage.id}-${name})` });
  const middle = [left + size / 2, top + size / 2];
  const good = name === "lambda"
    ? svg(inside, "rect", { class: "ganl-good", x: left, y: top, width: size / 2, height: size })
    : svg(inside, "circle", { class: "ganl-good", cx: middle[0], cy: middle[1] });
  svg(frame, "rect", { class: "ganl-frame", x: left, y: top, width: size, height: size, rx: 4 });
  svg(inside, "line", { class: "ganl-rule", x1: left, x2: left + size, y1: middle[1], y2: middle[1] });
  svg(inside, "line", { class: name === "lambda" ? "ganl-edge" : "ganl-rule", x1: middle[0], x2: middle[0], y1: top, y2: top + size });
  const edge = name === "mu" ? svg(inside, "circle", { class: "ganl-edge", cx: middle[0], cy: middle[1] }) : null;
  const scale = svg(stage.layer, "g");
  const marks = [0, 1].map(() => svg(inside, "path", { class: "ganl-cross" }));
  const none = label(stage.layer, middle[0], middle[1] - 10, words.no_rest_note, { class: "ganl-on", "text-anchor": "middle" });
  note();
  return (pair) => {
    none.style.display = pair ? "none" : "";
    const far = pair ? Math.max(...pair.map(([re, im]) => Math.hypot(re, im))) : 1;
    const reach = [1.3, 2.6, 5.2, 10.4, 20.8].find((one) => one >= 1.08 * far) ?? 1.08 * far;
    const at = (v) => (v / reach) * (size / 2);
    for (const circle of [good, edge]) if (circle?.tagName === "circle") circle.setAttribute("r", at(1));
    marks.forEach((mark, i) => {
      if (!pair) { mark.setAttribute("d", "M0,0"); return; }
      const [px, py] = [middle[0] + at(pair[i][0]), middle[1] - at(pair[i][1])];
      mark.setAttribute("d", `M${(px - 5).toFixed(1)},${(py - 5).toFixed(1)}l10,10m0,-10l-10,10`);
    });
    stage.into(scale, () => {
      const whole = reach > 3 ? Math.floor(reach / 2) : 1;
      for (const value of [-whole, whole]) {
        stage.tick(middle[0] + at(value) + (name === "mu" && whole === 1 ? 8 * value : 0), middle[1] + 14, number(value, 0));
      }
      stage.tick(middle[0] + 5, middle[1] - at(whole) + (at(whole) > size / 2 - 12 ? 12 : -3), whole === 1 ? "<i>i</i>" : `${whole}<i>i</i>`, "start");
    });
  };
}

function picture(stage) {
  const { data, width, narrow, owner } = stage;
  const { words } = data;
  const wide = width >= 600;
  stage.left = 30;
  const side = wide ? Math.min(480, Math.round(0.56 * width)) : width - stage.left - 12;
  stage.right = stage.left + side;
  const x = linear(-SIDE, SIDE, stage.left, stage.right);
  const backX = linear(stage.left, stage.right, -SIDE, SIDE);
  Object.assign(stage, { x, xTicks: ticks(-SIDE, SIDE, 6) });

  // the plane
  stage.legend([words.legend_run, "ganl-stroke-ink"], [words.legend_now, "ganl-nothing"], [words.legend_field, "ganl-arrow"]);
  const legendRow = stage.layer.lastChild.previousSibling; // the diamond of "where it ends"
  svg(legendRow, "path", { class: "ganl-end-mark", d: "M12,-11l7,7l-7,7l-7,-7z" });
  const plane = stage.panel(side, "plane");
  const y = linear(-SIDE, SIDE, plane.bottom, plane.top);
  const backY = linear(plane.bottom, plane.top, -SIDE, SIDE);
  stage.columns(plane.top, plane.bottom);
  stage.rows(y, ticks(-SIDE, SIDE, 6));
  const push = svg(plane.inside, "path", { class: "ganl-arrow" });
  const walls = [0, 1].map(() => svg(plane.inside, "line", { class: "ganl-wall", x1: stage.left, x2: stage.right }));
  svg(plane.inside, "path", { class: "ganl-rest", d: `M${x(0) - 8},${y(0)}h16M${x(0)},${y(0) - 8}v16` });
  const run = svg(plane.inside, "path", { class: "ganl-run" });
  const dots = svg(plane.inside, "path", { class: "ganl-dots" });
  stage.layer.append(plane.inside);
  const last = svg(plane.inside, "path", { class: "ganl-end-mark" });
  label(stage.layer, stage.left + 6, plane.top + 17, words.psi, { class: "ganl-on ganl-axis-name ganl-text-judge" });
  stage.top = plane.bottom + 6;

  // the same state as two points and a line, on the same horizontal axis
  stage.legend([words.legend_data, "ganl-stroke-data"], [words.legend_made, "ganl-stroke-made"], [words.legend_logit, "ganl-stroke-judge"]);
  const below = stage.panel(wide ? 130 : 110, "line");
  const yL = linear(-SIDE, SIDE, below.bottom, below.top);
  stage.columns(below.top, below.bottom);
  stage.rows(yL, [-2, 0, 2].map((value) => ({ value, text: number(value, 0) })));
  stage.layer.append(below.inside);
  const masses = { data: svg(below.inside, "path", { class: "ganl-stroke-data" }), made: svg(below.inside, "path", { class: "ganl-stroke-made" }) };
  const heads = { data: svg(below.inside, "path", { class: "ganl-head-data" }), made: svg(below.inside, "path", { class: "ganl-head-made" }) };
  const logit = svg(below.inside, "path", { class: "ganl-stroke-judge" });
  const follows = svg(stage.layer, "line", { class: "ganl-follow" });
  stage.across(below.bottom + 16);
  label(stage.layer, stage.right, below.bottom + 33, words.theta, { class: "ganl-axis-name ganl-text-made", "text-anchor": "end" });
  stage.top = below.bottom + 42;

  // the eigenvalues: beside the plane, or below everything
  const room = wide ? width - stage.right - 34 : (width - 16) / 2;
  const size = Math.min(room, wide ? 250 : 190);
  const planes = ["lambda", "mu"].map((name, i) => {
    const key = name === "mu" ? "step" : name;
    const left = wide ? stage.right + 30 : 4 + i * (room + 8);
    const top = (wide ? plane.top - 2 + i * (size + 62) : stage.top) + 44;
    return complexPlane(stage, name, left, top, size, () => {
      label(stage.layer, left, top - 26, words[key], { class: "ganl-named-plane" });
      stage.tick(left, top - 9, words[`${key}_note`], "start");
    });
  });
  stage.top = Math.max(stage.top + (wide ? 0 : 44 + size + 8), wide ? plane.top + 2 * (size + 62) : 0);

  // one handle for both numbers of the start
  const start = stage.handle({ field: "theta", tone: "ink", shape: "circle", label: words.start, to: x, from: backX });
  stage.drag(start.node, "psi", y, backY, "y");
  start.node.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    owner.set({ psi: owner.state.psi + by * data.fields.psi.step });
    event.preventDefault();
    event.stopImmediatePropagation(); // the frame would move theta
  }, true);

  const count = narrow ? 11 : 15;
  return (state, c) => {
    push.setAttribute("d", arrows(state, x, y, count));
    const near = ([a, b]) => [x(clamp(a, -9, 9)), y(clamp(b, -9, 9))];
    const points = c.path.map(near);
    run.setAttribute("d", line(points));
    dots.setAttribute("d", state.order === "flow" ? "M0,0" : points.map(([a, b]) => `M${a.toFixed(1)},${b.toFixed(1)}h0`).join(""));
    const [ex, ey] = points.at(-1);
    last.setAttribute("d", `M${ex.toFixed(1)},${(ey - 8).toFixed(1)}l8,8l-8,8l-8,-8z`);
    start.place(x(state.theta), y(state.psi));
    walls.forEach((wall, i) => {
      wall.style.display = state.regulariser === "clip" ? "" : "none";
      for (const end of ["y1", "y2"]) wall.setAttribute(end, y(i ? state.strength : -state.strength));
    });

    const noise = state.regulariser === "noise" ? state.strength : 0;
    const theta = clamp(c.theta, -9, 9);
    const slope = clamp(c.psi, -1e3, 1e3);
    const high = yL(2.3);
    for (const [name, at] of [["data", 0], ["made", theta]]) {
      const bump = Array.from({ length: 121 }, (_, i) => -SIDE + (i * SIDE) / 60)
        .map((one) => [x(one), linear(0, 1, below.bottom, high)(noise ? Math.exp(-(((one - at) / noise) ** 2) / 2) : 0)]);
      masses[name].setAttribute("d", noise ? line(bump) : `M${x(at).toFixed(1)},${below.bottom}V${high.toFixed(1)}`);
      const head = name === "data" ? "m-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z" : "m-5,-5h10v10h-10z";
      heads[name].setAttribute("d", noise ? "M0,0" : `M${x(at).toFixed(1)},${high.toFixed(1)}${head}`);
    }
    const reach = Math.min(SIDE, (2 * SIDE) / Math.max(Math.abs(slope), 1e-9)); // no line far outside the panel
    logit.setAttribute("d", line([[x(-reach), yL(-reach * slope)], [x(reach), yL(reach * slope)]]));
    follows.style.display = Math.abs(c.theta) <= SIDE && Math.abs(c.psi) <= SIDE ? "" : "none";
    for (const [name, value] of [["x1", ex], ["x2", ex], ["y1", ey + 8], ["y2", plane.bottom]]) follows.setAttribute(name, value);
    planes.forEach((show, i) => {
      const name = ["lambda", "mu"][i];
      show(c.size === undefined ? null : [1, 2].map((k) => [c[`${name}_${k}_re`], c[`${name}_${k}_im`]]));
    });
  };
}

const place = (value, words) => amount(Math.abs(value) >= 5e-4 ? value : 0, words, 3);
const degrees = (angle, words) => fill(words.degrees, { value: amount((angle * 180) / Math.PI, words, 1) });

function pair(c, name, words) {
  const [re, im, other] = ["1_re", "1_im", "2_re"].map((part) => c[`${name}_${part}`]);
  if (im) return fill(words.complex, { re: amount(re, words, 3), im: amount(im, words, 3) });
  return fill(words.real, { one: amount(re, words, 3), two: amount(other, words, 3) });
}

function table(state, c, { words }) {
  const times = (value) => fill(words.times, { value: amount(value, words) });
  const near = c.size === undefined ? Array(4).fill(words.none)
    : [times(c.size), degrees(Math.atan2(c.mu_1_im, c.mu_1_re), words), pair(c, "lambda", words), pair(c, "mu", words)];
  const turn = c.jumps ? words.none : degrees((2 * Math.PI * c.turns) / c.steps, words);
  return {
    head: ["", words.head_near, words.head_run],
    rows: [
      [words.row_distance, near[0], times(c.growth)],
      [words.row_turn, near[1], turn],
      [words.row_lambda, near[2]],
      [words.row_step, near[3]],
      [words.row_last, fill(words.last_theta, { value: place(c.theta, words) }), fill(words.last_psi, { value: place(c.psi, words) })],
    ],
  };
}

function sentence(state, c, { words }) {
  const values = {
    steps: c.steps, jumps: c.jumps, turns: amount(c.turns, words, 1),
    begin: amount(c.begin, words), end: amount(c.end, words), size: amount(c.size ?? 0, words),
  };
  const verdict = c.size === undefined ? "no_rest" : Math.abs(c.size - 1) < 1e-9 ? "stay" : c.size > 1 ? "grow" : "shrink";
  const said = [c.end > LIMIT ? "lost" : c.jumps ? "jumps" : "run", verdict];
  if (state.regulariser === "clip") said.push("walls");
  if (state.regulariser === "noise" && state.loss === "wasserstein") said.push("blind");
  return said.map((key) => fill(words[key], values)).join(" ");
}

function reading(name, state, { words, fields }) {
  const value = number(state[name], fields[name].digits);
  if (name === "strength") return fill(words[`strength_${state.regulariser}`], { value });
  if (name === "theta" || name === "psi") {
    return fill(words.start_at, { theta: number(state.theta, 2), psi: number(state.psi, 2) });
  }
  return undefined;
}

explorer("phase_plane", { compute, picture, table, sentence, reading });
