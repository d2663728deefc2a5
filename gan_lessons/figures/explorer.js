// The frame of the exact figures. A figure's own file follows and calls explorer(kind, spec);
// explorer.py says what the spec is. All words come with the data.

/** As gan_lessons.figures.explorer_words.amount. */
function amount(value, words, digits = 4) {
  if (Number.isNaN(value)) throw new Error("amount of NaN");
  if (!Number.isFinite(value)) return value > 0 ? words.infinite : words.minus_infinite;
  const size = Math.abs(value);
  if (size < 1e-12) return "0";
  const last = (10 ** -digits).toFixed(digits);
  if (size < Number(last) / 2) return value > 0 ? `< ${last}` : `> \u2212${last}`;
  return number(value, size < 1e3 ? digits : size < 1e5 ? Math.floor(digits / 2) : 0);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** `value` as the field can take it, or undefined. */
function fitting(field, value) {
  if (field.type !== "range") return field.options.some(([option]) => option === value) ? value : undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  const steps = Math.round((clamp(value, field.low, field.high) - field.low) / field.step);
  return Number((field.low + steps * field.step).toFixed(field.digits)) + 0; // + 0: no minus zero
}

/** The part of an address after "=" as changes of the state; empty where nothing of it fits. */
function parseState(text, fields) {
  const changes = {};
  for (const part of text.split(";")) {
    const [, name, written] = /^(\w+):([\w.+-]+)$/.exec(part) ?? [];
    if (!Object.hasOwn(fields, name ?? "")) continue;
    const field = fields[name];
    const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written);
    const value = fitting(field, field.type !== "range" ? written : isNumber ? Number(written) : NaN);
    if (value !== undefined) changes[name] = value;
  }
  return changes;
}

const writeState = (state, fields) => Object.keys(fields).map((name) => `${name}:${state[name]}`).join(";");

/** Follow a pointer from where it takes hold of `node`: move(dx, dy, held), with `held` what take() returned.
 *  `still`: a finger on it never scrolls the page (else it may, up and down: see touch-action of the picture). */
function follow(node, take, move, still) {
  let from = null;
  if (still) node.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault(); // no selection of text, no scrolling
    node.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY, held: take() };
  });
  node.addEventListener("pointermove", (event) => {
    if (from) move(event.clientX - from.x, event.clientY - from.y, from.held);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) node.addEventListener(end, () => { from = null; });
}

const MARKS = {
  circle: "M-9,0a9,9 0 1,0 18,0a9,9 0 1,0 -18,0z",
  square: "M-8,-8h16v16h-16z",
  diamond: "M0,-11l11,11l-11,11l-11,-11z",
  arrow: "M-3,-9l11,9l-11,9z",
};

/** See the module's text of explorer.py. */
class ExplorerStage extends Stage {
  constructor(owner, layer, handles, width) {
    super(layer, `${owner.root.id}-clip`, width);
    Object.assign(this, { left: 50, right: width - 22 });
    Object.assign(this, { owner, handles, data: owner.data, set: (changes) => owner.set(changes) });
    this.grips = [];
    for (const tone of ["data", "made", "judge", "ink"]) {
      const id = `${owner.root.id}-hatch-${tone}`;
      const falls = tone === "made" || tone === "ink"; // a second cue beside the colour
      const tile = svg(this.clips, "pattern", { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${falls ? -45 : 45})` });
      svg(tile, "rect", { class: `ganl-tile-${tone}`, width: 2.4, height: 7 });
      owner.drawing.style.setProperty(`--ganl-hatch-${tone}`, `url(#${id})`);
    }
  }

  /** Draw what moves: `paint` draws with the stage's methods into `group`, which is emptied first. */
  into(group, paint) {
    const { layer, top } = this;
    group.replaceChildren();
    this.layer = group;
    paint();
    Object.assign(this, { layer, top });
  }

  handle({ field: name, axis = "x", to, from, tone = "ink", shape = "circle", label: named }) {
    const { owner } = this;
    const field = this.data.fields[name];
    const node = svg(this.handles, "g", {
      class: `ganl-handle ganl-handle-${tone} ganl-along-${axis}`, role: "slider", tabindex: 0,
      "aria-label": plain(named ?? field.label), "aria-orientation": axis === "x" ? "horizontal" : "vertical",
      "aria-valuemin": field.low, "aria-valuemax": field.high, "data-field": name, "data-lm-suppress-shortcuts": "true",
    });
    svg(node, "circle", { class: "ganl-hit", r: 22.5 });
    svg(node, "circle", { class: "ganl-ring", r: 15 });
    svg(node, "path", { class: "ganl-grip", d: MARKS[shape] });
    const go = (value) => owner.set({ [name]: value });
    node.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const now = owner.state[name];
      const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (by) go(now + by * field.step);
      else if (event.key === "Home") go(field.low);
      else if (event.key === "End") go(field.high);
      else return;
      event.preventDefault();
    });
    this.drag(node, name, to, from, axis, true);
    this.grips.push({ node, name });
    return { node, place: (x, y) => node.setAttribute("transform", `translate(${x.toFixed(1)},${y.toFixed(1)})`) };
  }

  grab(node, name, to, from, axis = "x") {
    node.classList.add("ganl-grab", `ganl-along-${axis}`);
    this.drag(node, name, to, from, axis, axis === "y");
  }

  drag(node, name, to, from, axis, still) {
    const { owner } = this;
    follow(node, () => {
      if (node.tabIndex >= 0) node.focus({ preventScroll: true });
      return to(owner.state[name]);
    }, (dx, dy, held) => owner.set({ [name]: from(held + (axis === "x" ? dx : dy)) }), still);
  }
}

/** One control beside its label: { row, show(value) }. */
function control(owner, field) {
  const id = `${owner.root.id}-${field.name}`;
  const name = write(html("label", { for: id }), field.label);
  if (field.type === "range") {
    const input = html("input", { type: "range", id, min: field.low, max: field.high, step: field.step });
    input.dataset.lmSuppressShortcuts = "true"; // else JupyterLab keeps the arrow keys for itself
    input.addEventListener("input", () => owner.set({ [field.name]: Number(input.value) }));
    const where = html("span", { class: "ganl-reading", "aria-hidden": "true" });
    const show = (value) => {
      input.value = value;
      where.textContent = owner.reading(field.name);
      input.setAttribute("aria-valuetext", where.textContent);
    };
    return { row: html("div", { class: "ganl-control" }, html("span", { class: "ganl-named" }, name, where), input), show };
  }
  if (field.type === "select") {
    const select = html("select", { id });
    for (const [value, text] of field.options) select.append(new Option(text, value));
    select.addEventListener("change", () => owner.set({ [field.name]: select.value }));
    return { row: html("div", { class: "ganl-control" }, name, select), show: (value) => { select.value = value; } };
  }
  name.id = `${id}-name`;
  name.removeAttribute("for"); // a label would take the place of what stands on the button
  const button = html("button", { type: "button", id, "aria-labelledby": `${id}-name ${id}` });
  if (field.type === "action") {
    button.textContent = field.text;
    button.addEventListener("click", () => owner.set(field.changes));
    return { row: html("div", { class: "ganl-control" }, html("span", { class: "ganl-named" }, name), button), show: () => {} };
  }
  button.addEventListener("click", () => {
    const at = field.options.findIndex(([value]) => value === owner.state[field.name]);
    owner.set({ [field.name]: field.options[(at + 1) % field.options.length][0] });
  });
  const show = (value) => { button.textContent = field.options.find(([option]) => option === value)[1]; };
  return { row: html("div", { class: "ganl-control" }, html("span", { class: "ganl-named" }, name), button), show };
}

/** Groups of controls: one after the other if there is one, else behind tabs, which `chosen` (a field or null) may hold. */
function controls(owner, groups, words, chosen = null) {
  const shown = [];
  const panels = groups.map(({ fields }) => {
    const made = fields.filter((field) => field.type !== "range" || field.slider).map((field) => [field.name, control(owner, field)]);
    shown.push(...made);
    return html("div", { class: "ganl-group" }, ...made.map(([, one]) => one.row));
  });
  const show = (state) => {
    shown.forEach(([name, one]) => one.show(state[name]));
    if (chosen) bring(chosen.options.findIndex(([option]) => option === state[chosen.name]));
  };
  if (panels.length === 1) return { node: html("div", { class: "ganl-controls" }, panels[0]), show };
  const tabs = groups.map((group, i) => html("button", {
    type: "button", role: "tab", id: `${owner.root.id}-tab-${i}`, "aria-controls": `${owner.root.id}-group-${i}`,
  }, write(html("span"), group.label)));
  const bring = (at) => tabs.forEach((tab, i) => {
    tab.setAttribute("aria-selected", i === at);
    tab.tabIndex = i === at ? 0 : -1;
    panels[i].hidden = i !== at;
  });
  const open = (at) => (chosen ? owner.set({ [chosen.name]: chosen.options[at][0] }) : bring(at));
  panels.forEach((panel, i) => {
    for (const [name, value] of [["role", "tabpanel"], ["id", `${owner.root.id}-group-${i}`], ["aria-labelledby", tabs[i].id]]) panel.setAttribute(name, value);
    tabs[i].addEventListener("click", () => open(i));
  });
  const list = html("div", { class: "ganl-tabs", role: "tablist", "aria-label": words.groups }, ...tabs);
  list.dataset.lmSuppressShortcuts = "true";
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    open(next);
    tabs[next].focus();
  });
  bring(0);
  return { node: html("div", { class: "ganl-controls" }, list, ...panels), show };
}

/** Write a table into its place. A row's first cell names it. */
function fillTable(node, { head, rows }) {
  const cell = (content, i) => {
    if (typeof content === "string") return write(html(i ? "td" : "th", i ? {} : { scope: "row" }), content);
    const bar = html("span", { class: "ganl-bar" }, html("span"));
    bar.firstChild.style.width = `${100 * clamp(content.share, 0, 1)}%`;
    const end = (text) => write(html("span", { class: "ganl-end" }), text);
    return html("td", { class: "ganl-scale" }, html("span", {}, end(content.low), bar, end(content.high)));
  };
  const body = html("tbody", {}, ...rows.map((row) => html("tr", {}, ...row.map(cell))));
  const top = head.length ? [html("thead", {}, html("tr", {}, ...head.map((text) => write(html("th", { scope: "col" }), text))))] : [];
  node.replaceChildren(...top, body);
}

class ExplorerFigure {
  constructor(kind, spec, root, data) {
    const { words } = data;
    const held = [...(data.tabs ? [data.tabs] : []), ...data.groups.flatMap((group) => group.fields)];
    data.fields = Object.fromEntries(held.filter((field) => field.type !== "action").map((field) => [field.name, field]));
    Object.assign(this, { kind, spec, root, data, state: { ...data.presets[0].state } });
    this.order = [...document.querySelectorAll(`.ganl-${kind}`)].indexOf(root) + 1;

    this.select = html("select", { id: `${root.id}-preset` });
    data.presets.forEach((one, i) => this.select.append(new Option(one.label, i)));
    this.select.append(new Option(words.own, "own"));
    this.select.lastChild.disabled = true;
    this.select.addEventListener("change", () => this.set(data.presets[this.select.value].state));
    const selectLabel = html("label", { for: this.select.id });
    selectLabel.textContent = words.preset;
    // All captions lie on top of each other, so that the figure is as tall with one as with another.
    this.captions = [...data.presets.map((one) => one.caption), words.own_caption].map((text) => write(html("p", { class: "ganl-caption" }), text));

    this.controls = controls(this, data.groups, words, data.tabs);
    this.drawing = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["class", "ganl-picture"], ["role", "group"], ["aria-label", data.title]]) this.drawing.setAttribute(name, value);
    this.says = html("p", { class: "ganl-says", "aria-live": "polite" });
    this.table = html("table", { class: "ganl-numbers" });
    this.scroll = html("div", { class: "ganl-scroll" }, this.table);
    this.link = linked(words.link);
    const title = html("p", { class: "ganl-title" });
    title.textContent = data.title;
    root.append(
      title, html("div", { class: "ganl-row" }, selectLabel, this.select), html("div", { class: "ganl-captions" }, ...this.captions),
      this.drawing, this.controls.node, this.says, this.scroll, this.link.node,
    );

    this.draw = () => {};
    this.speak = throttle(900, () => write(this.says, spec.sentence(this.state, this.computed, data)));
    window.addEventListener("hashchange", () => this.follow());
    if (!this.follow()) this.show();
    new ResizeObserver(() => { this.redraw(); this.reach(); }).observe(this.drawing.parentElement);
    root.ganl = this.hook();
  }

  /** What tests and teachers may call. */
  hook() {
    const { spec, data } = this;
    const full = (changes = {}) => ({ ...data.presets[0].state, ...changes });
    const owner = this;
    return {
      get state() { return { ...owner.state }; },
      set: (changes) => this.set(changes),
      compute: (changes) => spec.compute(full(changes), data),
      sentence: (changes) => spec.sentence(full(changes), spec.compute(full(changes), data), data),
      table: (changes) => spec.table(full(changes), spec.compute(full(changes), data), data),
    };
  }

  address() {
    return `#ganl-${this.kind}${this.order > 1 ? `-${this.order}` : ""}=${writeState(this.state, this.data.fields)}`;
  }

  /** Go where the page's address says, if it speaks of this figure. */
  follow() {
    const [, kind, which, text] = /^#ganl-([a-z_]+)(?:-(\d+))?=(.*)$/.exec(location.hash) ?? [];
    if (kind !== this.kind || Number(which ?? 1) !== this.order) return false;
    let changes = {};
    try { changes = parseState(decodeURIComponent(text), this.data.fields); } catch { /* a broken % escape */ }
    if (!Object.keys(changes).length) return false;
    this.state = { ...this.data.presets[0].state, ...changes };
    this.show();
    this.root.scrollIntoView();
    return true;
  }

  reading(name) {
    const own = this.spec.reading?.(name, this.state, this.data);
    const { reading, digits } = this.data.fields[name];
    return own ?? fill(reading, { value: number(this.state[name], digits) });
  }

  set(changes) {
    let moved = false;
    for (const [name, value] of Object.entries(changes)) {
      const fits = Object.hasOwn(this.data.fields, name) ? fitting(this.data.fields[name], value) : undefined;
      if (fits === undefined || fits === this.state[name]) continue;
      this.state = { ...this.state, [name]: fits };
      moved = true;
    }
    if (moved) this.show();
  }

  show() {
    const { data, state, spec } = this;
    this.computed = spec.compute(state, data);
    const names = Object.keys(data.fields);
    const found = data.presets.findIndex((one) => names.every((name) => one.state[name] === state[name]));
    this.select.value = found < 0 ? "own" : found;
    this.captions.forEach((one, i) => one.classList.toggle("ganl-now", i === (found < 0 ? this.captions.length - 1 : found)));
    this.controls.show(state);
    fillTable(this.table, spec.table(state, this.computed, data));
    this.reach();
    this.link.lead(this.address());
    this.paint();
    this.speak();
  }

  /** A table that is too wide scrolls in a box of its own, which the keyboard must reach. */
  reach() {
    const { scroll, data } = this;
    for (const [name, value] of [["tabindex", 0], ["role", "group"], ["aria-label", data.title]]) {
      if (scroll.scrollWidth > scroll.clientWidth + 1) scroll.setAttribute(name, value);
      else scroll.removeAttribute(name);
    }
  }

  paint() {
    this.draw(this.state, this.computed);
    for (const { node, name } of this.stage?.grips ?? []) {
      node.setAttribute("aria-valuenow", this.state[name]);
      node.setAttribute("aria-valuetext", this.reading(name));
    }
  }

  /** Draw anew for another width; the keyboard stays where it was. */
  redraw() {
    const width = Math.round(this.drawing.getBoundingClientRect().width);
    if (width < 100 || width === this.stage?.width) return;
    const focused = this.stage?.grips.find(({ node }) => node === document.activeElement)?.name;
    this.drawing.replaceChildren();
    const layer = svg(this.drawing, "g", { role: "img", "aria-label": this.data.alt });
    this.stage = new ExplorerStage(this, layer, svg(this.drawing, "g"), width);
    this.draw = this.spec.picture(this.stage);
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${this.stage.top}`);
    this.drawing.setAttribute("height", this.stage.top);
    this.paint();
    this.stage.grips.find(({ name }) => name === focused)?.node.focus({ preventScroll: true });
  }
}

const explorer = (kind, spec) => start(kind, (root, data) => new ExplorerFigure(kind, spec, root, data));
