// Shared by all figures. A figure's own file follows and calls start(kind, build).

const SVG = "http://www.w3.org/2000/svg";

/** Undo gan_lessons.figures.packing.pack: one array, row after row. */
function decode({ b64, offset, scale }) {
  const bytes = Uint8Array.from(atob(b64), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => offset + scale * view.getUint16(2 * i, true));
}

/** "{gap} left" with {gap: 3} gives "3 left". */
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Four decimals, with a true minus sign. */
const number = (value, digits = 4) => {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "\u2212"); // no minus zero
};

/** Split text with the marks <i>, <sub> and <b> into pieces of plain text. */
function pieces(marked) {
  const on = new Set();
  const found = [];
  for (const part of marked.split(/(<\/?(?:i|sub|b)>)/)) {
    const mark = /^<(\/?)(i|sub|b)>$/.exec(part);
    if (mark) mark[1] ? on.delete(mark[2]) : on.add(mark[2]);
    else if (part) found.push({ text: part, marks: [...on] });
  }
  return found;
}

const plain = (marked) => pieces(marked).map((piece) => piece.text).join("");

/** Write marked text into an HTML element; nothing but the three marks is read as markup. */
function write(node, marked) {
  node.replaceChildren(...pieces(marked).map(({ text, marks }) =>
    marks.reduce((inner, mark) => { const outer = document.createElement(mark); outer.append(inner); return outer; },
      document.createTextNode(text))));
  return node;
}

function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function svg(parent, tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  return node;
}

/** Marked text in a drawing. */
function label(parent, x, y, marked, attributes = {}) {
  const node = svg(parent, "text", { x, y, ...attributes });
  let sunk = false;
  for (const { text, marks } of pieces(marked)) {
    const part = svg(node, "tspan");
    const sub = marks.includes("sub");
    if (sub !== sunk) part.setAttribute("dy", sub ? "0.25em" : "-0.19em");
    if (sub) part.setAttribute("font-size", "0.75em");
    if (marks.includes("i")) part.classList.add("ganl-italic");
    part.textContent = text;
    sunk = sub;
  }
  return node;
}

const linear = (from, to, start, end) => (value) => start + ((value - from) / (to - from)) * (end - start);

/** About `count` round numbers between two bounds. */
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough * 0.999);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) {
    found.push({ value: k * step, text: k ? number(k * step, digits) : "0" });
  }
  return found;
}

const line = (points) => "M" + points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L");

/** Panels under each other in an SVG, with their legends, rules and ticks. `stage.top` is where the next one begins.
 *  `xTicks` are the ticks that `columns` draws, `x` is their scale; both are set by the figure. */
class Stage {
  constructor(layer, id, width) {
    const narrow = width < 520;
    Object.assign(this, { layer, id, width, narrow, left: narrow ? 28 : 34, right: width - (narrow ? 40 : 46), top: 0, x: null, xTicks: [] });
    this.clips = svg(layer, "defs");
  }

  /** The legend above a panel, wrapped to the width; moves `top` to where the panel begins.
   *  An entry is [marked text, class of a line or null, class of an area or null, and, if wanted, [class, path] of a mark on the line]. */
  legend(...entries) {
    const begin = this.narrow ? 2 : this.left;
    let at = begin;
    this.top += 15;
    for (const [marked, style, area, sign] of entries) {
      const group = svg(this.layer, "g");
      const mark = style || area ? 30 : 0;
      if (area) svg(group, "path", { class: area, d: "M0,-10h24v12h-24z" });
      if (style) svg(group, "path", { class: style, d: "M0,-4h24" });
      if (sign) svg(group, "path", { class: sign[0], d: sign[1], transform: "translate(12,-4)" });
      const text = label(group, mark, 0, marked);
      const room = this.width - begin - mark;
      const long = text.getComputedTextLength();
      if (long > room) text.style.fontSize = `${(13 * room) / long}px`; // a very narrow screen
      const wide = mark + Math.min(long, room);
      if (at > begin && at + wide > this.width) { at = begin; this.top += 19; }
      group.setAttribute("transform", `translate(${at},${this.top})`);
      at += wide + 18;
    }
    this.top += 12;
  }

  /** A panel of this height from `top`; what is drawn into `inside` is cut at its edges. Does not move `top`. */
  panel(height, name) {
    const { id, left, right, top } = this;
    const box = svg(svg(this.clips, "clipPath", { id: `${id}-${name}` }), "rect", { x: left, y: top, width: right - left, height });
    const inside = svg(this.layer, "g", { "clip-path": `url(#${id}-${name})` });
    return { box, top, bottom: top + height, inside };
  }

  rule(y, cls = "ganl-rule", from = this.left, to = this.right) {
    return svg(this.layer, "line", { class: cls, x1: from, x2: to, y1: y, y2: y });
  }

  tick(at, y, text, anchor = "middle") {
    return label(this.layer, at, y, text, { class: "ganl-tick", "text-anchor": anchor });
  }

  columns(y1, y2) {
    this.xTicks.forEach(({ value }) => svg(this.layer, "line", { class: "ganl-rule", x1: this.x(value), x2: this.x(value), y1, y2 }));
  }

  rows(y, marks) {
    marks.forEach(({ value, text }) => { this.rule(y(value)); this.tick(this.left - 6, y(value) + 4, text, "end"); });
  }

  /** The ticks' numbers below a panel. */
  across(y) {
    this.xTicks.forEach(({ value, text }) => this.tick(this.x(value), y, text));
  }
}

/** Call at most once in so many milliseconds; the last call is never lost. */
function throttle(pause, action) {
  let last = -Infinity;
  let timer = 0;
  return () => {
    clearTimeout(timer);
    const due = last + pause - performance.now();
    if (due <= 0) { last = performance.now(); action(); }
    else timer = setTimeout(() => { last = performance.now(); action(); }, due);
  };
}

const icon = (path) => {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  svg(drawing, "path", { d: path });
  return drawing;
};
const ICONS = {
  play: "M3 1.5v13l11-6.5z",
  pause: "M3 2h3.6v12H3zM9.4 2H13v12H9.4z",
  back: "M12.5 2v12L5.5 8zM2.5 2h2v12h-2z",
  forward: "M3.5 2v12l7-6zM11.5 2h2v12h-2z",
};

/** A slider with buttons that walks through frames. `show(frame)` draws; `describe(frame)` gives
 *  { reading, position }: the step beside the slider, and the same as a screen reader says it.
 *  A frame is shown for `pace` milliseconds; null is as long as suits a film of many frames. */
class Transport {
  constructor(root, words, show, describe) {
    Object.assign(this, { root, words, show, describe, frame: 0, last: 0, playing: false, seen: true, timer: 0, pace: null });
    this.slider = html("input", { type: "range", min: 0, step: 1, id: `${root.id}-slider` });
    this.slider.dataset.lmSuppressShortcuts = "true"; // else JupyterLab keeps the arrow keys for itself
    this.where = html("span", { class: "ganl-position" });
    this.back = html("button", { type: "button", "aria-label": words.back, title: words.back }, icon(ICONS.back));
    this.forward = html("button", { type: "button", "aria-label": words.forward, title: words.forward }, icon(ICONS.forward));
    this.button = html("button", { type: "button", class: "ganl-play" });
    this.slider.addEventListener("input", () => { this.pause(); this.go(Number(this.slider.value)); });
    this.back.addEventListener("click", () => { this.pause(); this.go(this.frame - 1); });
    this.forward.addEventListener("click", () => { this.pause(); this.go(this.frame + 1); });
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    document.addEventListener("visibilitychange", () => this.wake());
    new IntersectionObserver(([entry]) => { this.seen = entry.isIntersecting; this.wake(); }).observe(root);
    this.face();
  }

  reset(last, frame) {
    this.pause();
    this.last = last;
    this.slider.max = last;
    this.go(frame);
  }

  go(frame) {
    this.frame = Math.min(Math.max(frame, 0), this.last);
    const { reading, position } = this.describe(this.frame);
    this.slider.value = this.frame;
    this.slider.setAttribute("aria-valuetext", position);
    this.where.textContent = reading;
    // aria-disabled and not disabled: a button that loses itself would lose the keyboard's focus
    this.back.setAttribute("aria-disabled", this.frame === 0);
    this.forward.setAttribute("aria-disabled", this.frame === this.last);
    this.show(this.frame);
  }

  face() {
    const name = this.playing ? "pause" : "play";
    this.button.replaceChildren(icon(ICONS[name]), this.words[name]);
  }

  play() {
    if (this.frame === this.last) this.go(0);
    this.playing = true;
    this.face();
    this.wake();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    clearTimeout(this.timer);
    this.face();
  }

  /** Wait for the next frame; rest while nobody can see it. */
  wake() {
    clearTimeout(this.timer);
    if (!this.playing || document.hidden || !this.seen || !this.root.isConnected) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const stride = calm ? Math.ceil(this.last / 12) : 1;
    this.timer = setTimeout(() => {
      this.go(this.frame + stride);
      if (this.frame === this.last) this.pause();
      else this.wake();
    }, calm ? 1000 : this.pace ?? Math.min(120, Math.max(40, 9000 / this.last)));
  }
}

/** The link to what a figure shows now: { node, lead(hash) }. Pressed, it puts the address into the address bar,
 *  shows it, and copies it where the browser allows that (a tick says so). */
function linked(text) {
  const link = html("a", { class: "ganl-link" }, text);
  const shown = html("span", { class: "ganl-address", role: "status" });
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    history.replaceState(null, "", link.getAttribute("href"));
    const { href } = location;
    shown.textContent = href;
    try {
      await navigator.clipboard.writeText(href);
      shown.textContent = `\u2713 ${href}`;
    } catch { /* not allowed: the address can be copied from the page */ }
  });
  const lead = (hash) => { if (link.getAttribute("href") !== hash) { link.setAttribute("href", hash); shown.textContent = ""; } };
  return { node: html("div", {}, link, " ", shown), lead };
}

/**
 * Build every figure of this kind that is not yet built; `mark` notes in its dataset that it is.
 * A page that is still loading shows what is in sight first, and builds what lies far below then.
 */
function start(kind, build, mark = "ganlReady") {
  const make = (root) => {
    if (mark in root.dataset) return;
    root.dataset[mark] = "";
    const same = document.querySelectorAll(`[id="${root.id}"]`);
    if (same.length > 1) root.id += `-${[...same].indexOf(root) + 1}`;
    build(root, JSON.parse(root.querySelector("script.ganl-data").textContent));
  };
  // A link to a place or to a state of a figure must find all as high as it will be.
  const patient = document.readyState !== "complete" && !location.hash;
  for (const root of document.querySelectorAll(`.ganl-${kind}`)) {
    if (patient && root.getBoundingClientRect().top > 2 * innerHeight) {
      addEventListener("load", () => setTimeout(make, 0, root));
    } else make(root);
  }
}
