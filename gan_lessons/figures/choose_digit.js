// A generator that runs in the page. Its words and its weights come with the data (choose_digit.py).

const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const SIDE = 28;
const SHADES = 15; // of ink, beside paper

/** Weights and noise vectors as numbers; unpacked once. */
function unpacked(data) {
  data.net ??= data.layers.map((layer) => ({ ...layer, size: layer.weight.shape, weight: decode(layer.weight), bias: decode(layer.bias) }));
  if (!data.vectors) {
    const [n, width] = data.noise.shape;
    const all = decode(data.noise);
    data.vectors = Array.from({ length: n }, (_, i) => all.subarray(i * width, (i + 1) * width));
  }
  return data;
}

/** As gan_lessons.mnist.sampling.great_circle. */
function greatCircle(a, b, t) {
  const dot = (p, q) => p.reduce((sum, value, i) => sum + value * q[i], 0);
  const w = Math.acos(dot(a, b) / (Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b))));
  return a.map((value, i) => (Math.sin((1 - t) * w) * value + Math.sin(t * w) * b[i]) / Math.sin(w));
}

/** W x + b, with a one at the label's place behind the noise. */
function linearMap({ weight, bias, size }, z, label) {
  const [, inside] = size;
  return bias.map((start, row) => {
    let sum = start + weight[row * inside + z.length + label];
    for (let i = 0; i < z.length; i += 1) sum += weight[row * inside + i] * z[i];
    return sum;
  });
}

/** The same channels, each with a border of zeros. */
function bordered(x, channels, high, wide) {
  const out = new Float64Array(channels * (high + 2) * (wide + 2));
  for (let c = 0; c < channels; c += 1) {
    for (let i = 0; i < high; i += 1) {
      const from = (c * high + i) * wide;
      out.set(x.subarray(from, from + wide), (c * (high + 2) + i + 1) * (wide + 2) + 1);
    }
  }
  return out;
}

/** 3 x 3, padding 1. */
function convolved({ weight, bias, size, shape }, given) {
  const [outside, inside] = size;
  const [, high, wide] = shape;
  const x = bordered(given, inside, high, wide);
  const out = new Float64Array(outside * high * wide);
  const [next, after] = [wide + 2, 2 * (wide + 2)]; // a row, two rows further down
  for (let o = 0; o < outside; o += 1) {
    out.fill(bias[o], o * high * wide, (o + 1) * high * wide);
    for (let c = 0; c < inside; c += 1) {
      const at = (o * inside + c) * 9;
      const [w0, w1, w2, w3, w4, w5, w6, w7, w8] = weight.subarray(at, at + 9);
      for (let i = 0; i < high; i += 1) {
        const to = (o * high + i) * wide;
        const from = (c * (high + 2) + i) * next;
        for (let j = 0; j < wide; j += 1) {
          const k = from + j;
          out[to + j] += w0 * x[k] + w1 * x[k + 1] + w2 * x[k + 2]
            + w3 * x[k + next] + w4 * x[k + next + 1] + w5 * x[k + next + 2]
            + w6 * x[k + after] + w7 * x[k + after + 1] + w8 * x[k + after + 2];
        }
      }
    }
  }
  return out;
}

// Rows of a 4 x 4 kernel that reach an even and an odd row of the result, each with the row of the
// input, border included, that it is multiplied by. For columns it is the same.
const FROM_ROWS = [[[3, 0], [1, 1]], [[2, 1], [0, 2]]];

/** Transposed, 4 x 4, stride 2, padding 1: each number of the result comes from two rows and two columns. */
function doubled({ weight, bias, size, shape }, given) {
  const [inside, outside] = size;
  const [, high, wide] = shape;
  const [rows, columns] = [high / 2, wide / 2];
  const x = bordered(given, inside, rows, columns);
  const out = new Float64Array(outside * high * wide);
  for (let o = 0; o < outside; o += 1) {
    out.fill(bias[o], o * high * wide, (o + 1) * high * wide);
    for (let c = 0; c < inside; c += 1) {
      const w = (a, b) => weight[((c * outside + o) * 4 + a) * 4 + b];
      for (let odd = 0; odd < 4; odd += 1) {
        const [p, q] = [odd >> 1, odd & 1];
        const [[[a, up], [b, down]], [[d, left], [e, right]]] = [FROM_ROWS[p], FROM_ROWS[q]];
        const [w0, w1, w2, w3] = [w(a, d), w(a, e), w(b, d), w(b, e)];
        for (let i = 0; i < rows; i += 1) {
          const to = (o * high + 2 * i + p) * wide + q;
          const above = (c * (rows + 2) + i + up) * (columns + 2);
          const below = (c * (rows + 2) + i + down) * (columns + 2);
          for (let j = 0; j < columns; j += 1) {
            out[to + 2 * j] += w0 * x[above + j + left] + w1 * x[above + j + right]
              + w2 * x[below + j + left] + w3 * x[below + j + right];
          }
        }
      }
    }
  }
  return out;
}

/** The picture of one label: 784 numbers from -1 to 1. */
function drawnBy(net, z, label) {
  let x = z;
  for (const layer of net) {
    if (layer.kind === "linear") x = linearMap(layer, x, label);
    else x = (layer.kind === "conv" ? convolved : doubled)(layer, x);
    x = x.map(layer.bend === "relu" ? (value) => (value > 0 ? value : 0) : Math.tanh);
  }
  return x;
}

/** Mean ink, and how far it leans to the right, in degrees: as in choose_digit.py. */
function measured(picture) {
  let [total, down, right] = [0, 0, 0];
  picture.forEach((value, k) => {
    const w = (value + 1) / 2;
    total += w;
    down += w * Math.floor(k / SIDE);
    right += w * (k % SIDE);
  });
  down /= total;
  right /= total;
  let [both, upright] = [0, 0];
  picture.forEach((value, k) => {
    const w = (value + 1) / 2;
    const [i, j] = [Math.floor(k / SIDE) - down, (k % SIDE) - right];
    both -= w * i * j;
    upright += w * i * i;
  });
  return { ink: total / picture.length, slant: (Math.atan2(both, upright) * 180) / Math.PI };
}

function compute(state, data) {
  const { net, vectors } = unpacked(data);
  const k = Math.floor(state.way);
  const [here, there] = [vectors[k % vectors.length], vectors[(k + 1) % vectors.length]];
  const z = greatCircle(here, there, state.way - k).map((value) => state.length * value);
  const found = { pictures: DIGITS.map((label) => Array.from(drawnBy(net, z, label))) };
  for (const label of DIGITS) {
    const { ink, slant } = measured(found.pictures[label]);
    Object.assign(found, { [`ink_${label}`]: ink, [`slant_${label}`]: slant });
  }
  return found;
}

/** A picture as one path for each shade of ink, runs of pixels in a row. */
function shades(picture) {
  const paths = Array.from({ length: SHADES + 1 }, () => "");
  for (let i = 0; i < SIDE; i += 1) {
    for (let j = 0; j < SIDE;) {
      const shade = (k) => Math.round(((picture[i * SIDE + k] + 1) / 2) * SHADES);
      const begin = j;
      const here = shade(j);
      while (j < SIDE && shade(j) === here) j += 1;
      if (here > 0) paths[here] += `M${begin},${i}h${j - begin}v1h${begin - j}z`;
    }
  }
  return paths;
}

/** Where a picture goes: a frame, and a path for each shade. It returns a function that shows one. */
function plate(parent, x, y, scale) {
  const group = svg(parent, "g", { class: "ganl-plate", transform: `translate(${x.toFixed(1)},${y})` });
  const frame = svg(group, "rect", { class: "ganl-frame", x: -2, y: -2, width: SIDE * scale + 4, height: SIDE * scale + 4, rx: 3 });
  const inner = svg(group, "g", { transform: `scale(${scale})` });
  const layers = Array.from({ length: SHADES }, (_, i) => svg(inner, "path", { class: "ganl-pixel", "fill-opacity": ((i + 1) / SHADES).toFixed(3), d: "" }));
  return { group, frame, show: (picture) => shades(picture).slice(1).forEach((d, i) => layers[i].setAttribute("d", d)) };
}

function picture(stage) {
  const { data: { words }, width, narrow } = stage;
  const big = plate(stage.layer, 4, 4, 8);
  const left = narrow ? 2 : 8 * SIDE + 34;
  const step = Math.min(76, (width - left) / 5);
  const scale = Math.min(2.2, (step - 8) / SIDE);
  let top = narrow ? 8 * SIDE + 36 : 40;
  label(stage.layer, left, top - 12, words.small, { class: "ganl-tick" });
  const small = DIGITS.map((digit) => {
    const at = { x: left + 2 + step * (digit % 5), y: top + Math.floor(digit / 5) * (SIDE * scale + 30) };
    const one = plate(stage.layer, at.x, at.y, scale);
    one.group.classList.add("ganl-choice");
    one.group.addEventListener("click", () => stage.set({ digit: NAMES[digit] }));
    one.name = label(stage.layer, at.x + (SIDE * scale) / 2, at.y + SIDE * scale + 17, String(digit), { "text-anchor": "middle" });
    return one;
  });
  top += 2 * (SIDE * scale + 30);
  stage.top = Math.max(top, 8 * SIDE + 12);

  return (state, c) => {
    big.show(c.pictures[NAMES.indexOf(state.digit)]);
    small.forEach((one, digit) => {
      const chosen = NAMES[digit] === state.digit;
      one.show(c.pictures[digit]);
      one.group.classList.toggle("ganl-chosen", chosen);
      one.name.classList.toggle("ganl-chosen", chosen);
    });
  };
}

function table(state, c, { words }) {
  const rows = [["ink", 3], ["slant", 1]].map(([row, digits]) => {
    const mean = DIGITS.reduce((sum, label) => sum + c[`${row}_${label}`], 0) / DIGITS.length;
    return [words[`row_${row}`], amount(c[`${row}_${NAMES.indexOf(state.digit)}`], words, digits), amount(mean, words, digits)];
  });
  return { head: [words.head, words.head_one, words.head_all], rows };
}

function sentence(state, c, data) {
  const { words } = data;
  const n = data.noise.shape[0];
  const k = Math.floor(state.way);
  const share = Math.round(100 * (state.way - k));
  const values = { digit: NAMES.indexOf(state.digit), k: (k % n) + 1, next: ((k + 1) % n) + 1, share, length: amount(state.length, words, 2) };
  const long = state.length === 0 ? "none" : state.length < 1 ? "shorter" : "longer";
  return [share ? "between" : "at", state.length === 1 ? "usual" : long].map((key) => fill(words[key], values)).join(" ");
}

explorer("choose_digit", { compute, picture, table, sentence });
