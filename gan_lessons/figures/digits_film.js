// The film of digits: a grid, two panels and an enlarged row. All its words come with the data (digits_film_words.py).

/** Pictures in rows on a canvas, and a frame around the chosen one. `draw(i)` gives [sheet, column, row] of picture i. */
class Board {
  constructor(alt, choose) {
    this.canvas = html("canvas", { class: "ganl-digits", role: "img", "aria-label": alt });
    this.mark = html("span", { class: "ganl-chosen", "aria-hidden": "true" });
    this.node = html("div", { class: "ganl-board" }, this.canvas, this.mark);
    this.canvas.addEventListener("click", (event) => {
      const { cell, gap, columns, count } = this;
      const column = Math.min(columns - 1, Math.floor(event.offsetX / (cell + gap)));
      const i = Math.floor(event.offsetY / (cell + gap)) * columns + column;
      if (i < count) choose(i);
    });
  }

  /** Fit `count` pictures into a width; sizes are whole pixels of the screen, so that no picture is blurred at its edges. */
  fit(width, columns, count, gap, largest) {
    const unit = Math.max(1, window.devicePixelRatio || 1);
    const pixels = Math.floor(Math.min(largest, (width - (columns - 1) * gap) / columns) * unit);
    const between = Math.round(gap * unit);
    const rows = Math.ceil(count / columns);
    Object.assign(this, { columns, count, pixels, between, cell: pixels / unit, gap: between / unit });
    const [wide, high] = [columns, rows].map((n) => n * (pixels + between) - between);
    Object.assign(this.canvas, { width: wide, height: high });
    Object.assign(this.canvas.style, { width: `${wide / unit}px`, height: `${high / unit}px` });
  }

  paint(draw, side, chosen) {
    const { pixels, between, columns, count, cell, gap, canvas, mark } = this;
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < count; i += 1) {
      const [sheet, column, row] = draw(i);
      const [x, y] = [(i % columns) * (pixels + between), Math.floor(i / columns) * (pixels + between)];
      pen.drawImage(sheet, column * side, row * side, side, side, x, y, pixels, pixels);
    }
    const [left, top] = [chosen % columns, Math.floor(chosen / columns)].map((n) => `${n * (cell + gap)}px`);
    Object.assign(mark.style, { left, top, width: `${cell}px`, height: `${cell}px` });
  }
}

const percents = (limit, count, words) => ticks(0, 100 * limit, count)
  .map((mark) => ({ value: mark.value / 100, text: fill(words.percent, { percent: mark.text }) }));

/** A panel of its own in an SVG of this width: a stage with a narrower margin. */
function panelStage(drawing, width) {
  drawing.replaceChildren();
  const stage = new Stage(drawing, drawing.dataset.name, width);
  Object.assign(stage, { narrow: true, left: 36, right: width - 10 });
  return stage;
}

function close(drawing, width, height) {
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.setAttribute("height", height);
}

/** Bars that are higher than the limit get a mark, and the highest of them its number. `x(i)` is the middle of bar i. */
function clipped(layer, words, shares, limit, x, y, down) {
  shares.forEach((share, i) => {
    if (share <= limit) return;
    svg(layer, "path", { class: `ganl-cut-${down ? "down" : "up"}`, d: `M${x(i).toFixed(1)},${y.toFixed(1)}${down ? "l5,-8h-10z" : "l5,8h-10z"}` });
  });
  const i = shares.indexOf(Math.max(...shares));
  if (shares[i] <= limit) return;
  const side = x(i) > 90 ? -9 : 9;
  label(layer, x(i) + side, y + (down ? 0 : 10), fill(words.percent, { percent: Math.round(100 * shares[i]) }),
    { class: "ganl-tick ganl-number", "text-anchor": side < 0 ? "end" : "start" });
}

/** D(x) of real digits above a line, of G's pictures below it. */
function scoresPanel(drawing, data, width) {
  const { words, scores } = data;
  const limit = data.limits.scores;
  const stage = panelStage(drawing, width);
  const { left, right } = stage;
  stage.legend([words.real, "ganl-stroke-data", "ganl-area-data"], [words.fake, "ganl-stroke-made", "ganl-area-made"]);
  const height = 76;
  const above = stage.panel(2 * height, "scores");
  const middle = above.top + height;
  const x = linear(0, 1, left, right);
  const up = linear(0, limit, middle, above.top);
  const down = linear(0, limit, middle, above.bottom);
  stage.x = x;
  stage.xTicks = [{ value: 0, text: "0" }, { value: 0.5, text: "½" }, { value: 1, text: "1" }];
  stage.columns(above.top, above.bottom);
  const marks = percents(limit, 2, words);
  stage.rows(up, marks);
  stage.rows(down, marks.slice(1));
  drawing.append(above.inside);
  const shapes = ["data", "made"].map((tone) => ["area", "stroke"].map((kind) => svg(above.inside, "path", { class: `ganl-${kind}-${tone}` })));
  stage.rule(middle, "ganl-axis");
  const off = svg(drawing, "g");
  stage.across(above.bottom + 17);
  label(drawing, x(0.75), above.bottom + 17, words.score, { class: "ganl-tick", "text-anchor": "middle" });
  close(drawing, width, above.bottom + 24);
  return (frame) => {
    off.replaceChildren();
    [[scores.real[frame], up], [scores.fake[frame], down]].forEach(([shares, y], k) => {
      const n = shares.length;
      const points = shares.flatMap((share, i) => [[x(i / n), y(share)], [x((i + 1) / n), y(share)]]);
      const d = line([[x(0), y(0)], ...points, [x(1), y(0)]]);
      shapes[k].forEach((path) => path.setAttribute("d", d));
      clipped(off, words, shares, limit, (i) => x((i + 0.5) / n), k ? above.bottom : above.top, k === 1);
    });
  };
}

/** A bar for each digit: solid as far as the judge is sure. */
function classesPanel(drawing, data, width) {
  const { words, classes } = data;
  const limit = data.limits.classes;
  const stage = panelStage(drawing, width);
  const { left, right } = stage;
  stage.legend([words.sure, null, "ganl-bar-sure"], [words.unsure, "ganl-stroke-unsure", "ganl-bar-unsure"], [words.usual, "ganl-stroke-data", null]);
  const panel = stage.panel(152, "classes"); // as high as the other
  const step = (right - left) / classes.usual.length;
  const y = linear(0, limit, panel.bottom, panel.top);
  stage.rows(y, percents(limit, 3, words));
  drawing.append(panel.inside);
  const unsure = svg(panel.inside, "path", { class: "ganl-bar-unsure" });
  const edge = svg(panel.inside, "path", { class: "ganl-stroke-unsure" });
  const sure = svg(panel.inside, "path", { class: "ganl-bar-sure" });
  stage.rule(panel.bottom, "ganl-axis");
  const bar = (i, from, to) => `M${(left + (i + 0.2) * step).toFixed(1)},${y(from).toFixed(1)}h${(0.6 * step).toFixed(1)}V${y(to).toFixed(1)}h${(-0.6 * step).toFixed(1)}Z`;
  svg(drawing, "path", { class: "ganl-stroke-data ganl-usual",
    d: classes.usual.map((share, i) => `M${(left + (i + 0.06) * step).toFixed(1)},${y(share).toFixed(1)}h${(0.88 * step).toFixed(1)}`).join("") });
  const off = svg(drawing, "g");
  classes.usual.forEach((_, i) => stage.tick(left + (i + 0.5) * step, panel.bottom + 17, String(i)));
  close(drawing, width, panel.bottom + 24);
  return (frame) => {
    const [all, certain] = [classes.all[frame], classes.sure[frame]];
    sure.setAttribute("d", certain.map((share, i) => (share > 0 ? bar(i, 0, Math.min(share, 1.2 * limit)) : "")).join(""));
    const rest = all.map((share, i) => (share > certain[i] ? bar(i, Math.min(certain[i], 1.1 * limit), Math.min(share, 1.2 * limit)) : ""));
    for (const path of [unsure, edge]) path.setAttribute("d", rest.join(""));
    off.replaceChildren();
    clipped(off, words, all, limit, (i) => left + (i + 0.5) * step, panel.top, false);
  };
}

const text = (tag, attributes, marked) => write(html(tag, attributes), marked);

function film(root, data) {
  const { words, sentences, step, side, group } = data;
  const pictures = data.digit[0].length;
  let [picture, panels, loaded, drawn] = [0, [], false, ""];
  const drawings = ["scores", "classes"].map((name) => {
    const drawing = document.createElementNS(SVG, "svg");
    drawing.classList.add("ganl-picture");
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", fill(plain(words[name]), { samples: data.samples }));
    drawing.dataset.name = `${root.id}-${name}`;
    return drawing;
  });
  const headed = (name, drawing) => html("div", {}, text("p", { class: "ganl-head" }, fill(words[name], { samples: data.samples })), drawing);
  const first = () => picture - (picture % group);
  const size = () => Math.min(group, pictures - first());
  const grid = new Board(data.alt, (i) => choose(i));
  const large = new Board("", (i) => choose(first() + i));
  const near = new Board(words.nearest_alt, (i) => choose(first() + i));
  const enlarged = html("p", { class: "ganl-head" });
  const apart = html("div", { class: "ganl-apart" });
  const says = html("p", { class: "ganl-says", "aria-live": "polite" });
  const about = html("p", { class: "ganl-about" });
  const link = linked(words.link);
  const picker = html("input", { type: "range", min: 1, max: pictures, step: 1, id: `${root.id}-picture` });
  picker.dataset.lmSuppressShortcuts = "true"; // else JupyterLab keeps the arrow keys for itself
  const which = html("span");

  const sheets = Object.fromEntries(["made", "near"].map((name) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data[name]}`;
    return [name, image];
  }));
  const ready = Promise.all(Object.values(sheets).map((image) => image.decode()))
    .then(() => { loaded = true; paint(); });

  const sentence = (frame) => data.shows[frame].map(([name, values]) => fill(sentences[name], values)).join(" ");
  const aboutOne = (frame, i) => fill(words.about, {
    picture: i + 1, digit: data.digit[frame][i], percent: data.confidence[frame][i], label: data.label[data.nearest[frame][i]],
    distance: number(data.distance[frame][i], 1), usual: number(data.usual, 1),
  });
  const describe = (frame) => {
    const values = { step: step[frame], last: step.at(-1) };
    return { reading: fill(words.reading, values), position: fill(words.position, values) };
  };
  const speak = throttle(900, () => write(says, sentence(transport.frame)));

  const paint = () => {
    if (!loaded || !grid.pixels) return;
    const { frame } = transport;
    const of = (i) => data.nearest[frame][first() + i];
    grid.paint((i) => [sheets.made, i, frame], side, picture);
    large.paint((i) => [sheets.made, first() + i, frame], side, picture - first());
    near.paint((i) => [sheets.near, of(i) % data.row, Math.floor(of(i) / data.row)], side, picture - first());
    [...apart.children].forEach((cell, i) => {
      cell.textContent = number(data.distance[frame][first() + i], 1);
      cell.classList.toggle("ganl-now", first() + i === picture);
    });
  };
  const tell = () => {
    const { frame } = transport;
    write(about, aboutOne(frame, picture));
    picker.setAttribute("aria-valuetext", plain(aboutOne(frame, picture)));
    link.lead(hash());
  };
  const show = (frame) => {
    panels.forEach((draw) => draw(frame));
    paint();
    tell();
    speak();
  };
  const transport = new Transport(root, words, show, describe);
  transport.pace = 350;
  const order = [...document.querySelectorAll(".ganl-digits_film")].indexOf(root) + 1;
  const hash = () => `#ganl-digits_film${order > 1 ? `-${order}` : ""}=${step[transport.frame]},${picture + 1}`;

  /** Lay out the enlarged row anew: its pictures, and a place under each for its distance. */
  const layRow = (width) => {
    const values = { first: first() + 1, last: first() + size() };
    write(enlarged, fill(words.enlarged, values));
    large.canvas.setAttribute("aria-label", fill(words.made_alt, values));
    for (const board of [large, near]) board.fit(width, group, size(), 4, 106);
    apart.style.gap = `${large.gap}px`;
    apart.replaceChildren(...Array.from({ length: size() }, () => {
      const cell = html("span");
      cell.style.width = `${large.cell}px`;
      return cell;
    }));
  };
  const choose = (i) => {
    picture = Math.min(Math.max(i, 0), pictures - 1);
    picker.value = picture + 1;
    which.textContent = fill(words.which, { picture: picture + 1, pictures });
    if (grid.pixels) layRow(room());
    paint();
    tell();
  };
  const room = () => Math.floor(grid.node.getBoundingClientRect().width);
  const redraw = () => {
    const width = room();
    const key = `${width} ${window.devicePixelRatio}`;
    if (width < 100 || key === drawn) return; // a new sentence changes the height alone
    drawn = key;
    const columns = Math.min(pictures, width < 520 ? 8 : pictures > 48 ? 16 : 12);
    grid.fit(width, columns, pictures, 2, 60);
    layRow(width);
    panels = [scoresPanel, classesPanel].map((build, i) => build(drawings[i], data, Math.round(drawings[i].getBoundingClientRect().width)));
    panels.forEach((draw) => draw(transport.frame));
    paint();
  };
  const nearest = (wanted) => step.reduce((best, one, i) => (Math.abs(one - wanted) < Math.abs(step[best] - wanted) ? i : best), 0);
  const follow = () => {
    const [, which_, at, chosen] = /^#ganl-digits_film(?:-(\d+))?=(\d+),(\d+)$/.exec(location.hash) ?? [];
    if (at === undefined || Number(which_ ?? 1) !== order) return false;
    transport.pause();
    transport.go(nearest(Number(at)));
    choose(Number(chosen) - 1);
    return true;
  };

  const title = html("p", { class: "ganl-title" });
  title.textContent = data.title; // which may hold any sign
  const stepLabel = text("label", { for: transport.slider.id }, words.slider);
  const pictureLabel = text("label", { for: picker.id }, words.picture);
  root.append(
    title, grid.node,
    html("div", { class: "ganl-controls" }, transport.slider,
      html("div", { class: "ganl-row" }, transport.back, transport.button, transport.forward, html("span", { class: "ganl-reading" }, stepLabel, " ", transport.where))),
    says,
    html("div", { class: "ganl-panels" }, headed("scores", drawings[0]), headed("classes", drawings[1])),
    html("div", { class: "ganl-row ganl-picker ganl-controls" }, html("span", { class: "ganl-reading" }, pictureLabel, " ", which), picker),
    enlarged, large.node,
    text("p", { class: "ganl-head" }, words.nearest), near.node,
    apart, about, link.node,
  );
  picker.addEventListener("input", () => choose(Number(picker.value) - 1));
  window.addEventListener("hashchange", follow);
  transport.reset(step.length - 1, data.start);
  choose(0);
  if (follow()) root.scrollIntoView();
  new ResizeObserver(redraw).observe(root);
  redraw();
  root.ganl = {
    ready, sentence, choose, sheets,
    about: aboutOne,
    show: (wanted) => transport.go(nearest(wanted)),
    get state() {
      return { frame: transport.frame, step: step[transport.frame], picture, playing: transport.playing };
    },
  };
}

start("digits_film", film);
