// Minibatch discrimination by hand. Its words come with the data (minibatch.py).

const LOW = -3;
const HIGH = 3;
const INDEX = [0, 1, 2, 3, 4, 5];
const CLOSE = 1e-9; // smaller differences are rounding

const places = (state) => INDEX.map((i) => state[`x${i + 1}`]);
const alike = (scale, a, b) => Math.exp(-Math.abs(scale * (a - b)));

function compute(state) {
  const x = places(state);
  const counted = Number(state.own === "counted");
  const c = {};
  const o = x.map((one, i) => x.reduce((sum, other, j) => {
    const value = alike(state.scale, one, other);
    if (j >= i) c[`c_${i + 1}${j + 1}`] = value;
    return sum + value;
  }, 0) + counted - 1);
  o.forEach((value, i) => { c[`o_${i + 1}`] = value; });
  const mean = o.reduce((sum, value) => sum + value, 0) / o.length;
  return { ...c, mean, real: counted + (o.length - 1) * Math.exp(state.scale ** 2) * erfc(state.scale) };
}

function picture(stage) {
  const { data: { words }, left, right, narrow, width } = stage;
  const x = linear(LOW, HIGH, left, right);
  const back = linear(left, right, LOW, HIGH);
  Object.assign(stage, { x, xTicks: ticks(LOW, HIGH, 6) });

  // the features
  stage.legend([words.curve, "ganl-stroke-judge"], [words.feature, "ganl-stem", null, ["ganl-mark-o", "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z"]], [words.real, "ganl-real"]);
  const panel = stage.panel(narrow ? 130 : 150, "o");
  const y = linear(0, 6.4, panel.bottom, panel.top);
  stage.columns(panel.top, panel.bottom);
  stage.rows(y, [0, 2, 4, 6].map((value) => ({ value, text: String(value) })));
  stage.rule(panel.bottom, "ganl-axis");
  stage.layer.append(panel.inside);
  const real = svg(panel.inside, "path", { class: "ganl-real" });
  const curve = svg(panel.inside, "path", { class: "ganl-stroke-judge" });
  const stems = svg(stage.layer, "g");
  stage.across(panel.bottom + 16);
  label(stage.layer, right + 12, panel.bottom + 16, words.x);

  // a row for each point, so that no handle covers another
  label(stage.layer, left, panel.bottom + 40, words.line, { class: "ganl-tick" });
  const lane = (i) => panel.bottom + 62 + 44 * i;
  const handles = INDEX.map((i) => {
    stage.rule(lane(i));
    label(stage.layer, left - 8, lane(i) + 5, fill(words.point, { i: i + 1 }), { class: "ganl-text-made", "text-anchor": "end" });
    return stage.handle({ field: `x${i + 1}`, tone: "made", shape: "circle", label: fill(words.handle, { i: i + 1 }), to: x, from: back });
  });
  stage.top = lane(5) + 30;

  // the matrix
  stage.legend([words.matrix, null]);
  const wide = Math.min(Math.floor((width - left - 8) / 7), 64);
  const tall = 30;
  const begin = stage.top + 20;
  const cells = INDEX.map((i) => {
    label(stage.layer, left - 8, begin + tall * i + 20, fill(words.point, { i: i + 1 }), { class: "ganl-text-made", "text-anchor": "end" });
    label(stage.layer, left + wide * (i + 0.5), begin - 8, fill(words.point, { i: i + 1 }), { class: "ganl-text-made", "text-anchor": "middle" });
    return INDEX.map((j) => {
      const at = { x: left + wide * j, y: begin + tall * i, width: wide, height: tall };
      return { box: svg(stage.layer, "rect", { class: "ganl-cell", ...at }), text: stage.tick(at.x + wide / 2, at.y + 19, "") };
    });
  });
  label(stage.layer, left + wide * 6.5, begin - 8, words.feature, { class: "ganl-text-judge", "text-anchor": "middle" });
  const sums = INDEX.map((i) => stage.tick(left + wide * 6.5, begin + tall * i + 19, ""));
  stage.top = begin + tall * 6 + 10;

  return (state, c) => {
    const counted = state.own === "counted";
    const at = places(state);
    const xs = [...sorted([...Array.from({ length: 241 }, (_, i) => LOW + i / 40), ...at])];
    curve.setAttribute("d", line(xs.map((one) => [x(one), y(at.reduce((sum, other) => sum + alike(state.scale, one, other), 0))])));
    real.setAttribute("d", `M${left},${y(c.real)}H${right}`);
    stage.into(stems, () => at.forEach((one, i) => {
      const [px, py] = [x(one).toFixed(1), y(c[`o_${i + 1}`]).toFixed(1)];
      svg(stage.layer, "path", { class: "ganl-stem", d: `M${px},${panel.bottom}V${py}` });
      svg(stage.layer, "circle", { class: "ganl-mark-o", cx: px, cy: py, r: 5 });
    }));
    handles.forEach((one, i) => one.place(x(at[i]), lane(i)));
    for (const i of INDEX) {
      for (const j of INDEX) {
        const value = c[`c_${Math.min(i, j) + 1}${Math.max(i, j) + 1}`];
        const left_out = i === j && !counted;
        cells[i][j].box.setAttribute("fill-opacity", left_out ? 0 : (0.6 * value).toFixed(3));
        cells[i][j].text.textContent = left_out ? "\u2013" : number(value, 2);
      }
      sums[i].textContent = number(c[`o_${i + 1}`], 2);
    }
  };
}

function table(state, c, { words }) {
  const least = Number(state.own === "counted");
  const bar = (value) => ({ share: (value - least) / 5, low: amount(least, words, 0), high: amount(least + 5, words, 0) });
  const rows = INDEX.map((i) => {
    const o = c[`o_${i + 1}`];
    return [fill(words.point, { i: i + 1 }), amount(state[`x${i + 1}`], words, 2), amount(o, words), bar(o)];
  });
  for (const row of ["mean", "real"]) rows.push([words[`row_${row}`], words.blank, amount(c[row], words), bar(c[row])]);
  return { head: [words.head, words.head_x, words.head_o, words.head_bar], rows };
}

function sentence(state, c, { words }) {
  const o = INDEX.map((i) => c[`o_${i + 1}`]);
  const [least, most] = [Math.min(...o), Math.max(...o)];
  const full = state.own === "counted" ? 6 : 5;
  const values = {
    least: amount(least, words), most: amount(most, words), mean: amount(c.mean, words), real: amount(c.real, words),
    lone: o.findIndex((one) => one < least + CLOSE) + 1, near: o.findIndex((one) => one > most - CLOSE) + 1,
  };
  if (least > full - CLOSE) return fill(words.alike, values);
  return [most - least < CLOSE ? "level" : "spread", c.mean > c.real ? "above" : "below"].map((key) => fill(words[key], values)).join(" ");
}

explorer("minibatch", { compute, picture, table, sentence });
