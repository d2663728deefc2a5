// Sets the formulas in pieces: first those in sight, then the rest, from top to bottom. All at once
// takes more than a second on a long page, and until then the page neither shows nor scrolls.
// A formula that stands in several places ($D$ does) is set once and copied.
// `MathJax.startup.promise` is kept when all are set: wait for it before you look, or print.
(() => {
  const SLICE = 60; // milliseconds of work until the browser may draw and listen again
  const rest = () => new Promise((go) => { setTimeout(go); });
  const loaded = new Promise((go) => { addEventListener("load", go); });

  /** Formulas that are the same wherever they stand: [[first, second, ...], ...], in order. */
  function gathered(nodes) {
    const same = new Map();
    for (const node of nodes) {
      const key = `${node.tagName} ${node.innerHTML}`;
      same.has(key) ? same.get(key).push(node) : same.set(key, [node]);
    }
    return [...same.values()];
  }

  async function set(places) {
    await window.MathJax.typesetPromise(places.map(([first]) => first));
    for (const [first, ...others] of places) {
      for (const other of others) other.replaceChildren(...first.cloneNode(true).childNodes);
    }
  }

  async function setAll() {
    const nodes = [...document.querySelectorAll(".math")];
    const inSight = (node) => {
      const box = node.getBoundingClientRect();
      return box.width > 0 && box.bottom > 0 && box.top < innerHeight;
    };
    const waiting = gathered(nodes);
    const seen = waiting.filter((same) => same.some(inSight));
    await set(seen);
    await loaded; // so that nothing else waits for formulas that nobody sees
    const others = waiting.filter((same) => !seen.includes(same));
    for (let count = 8; others.length;) {
      const begun = performance.now();
      await set(others.splice(0, count));
      count = performance.now() - begun < SLICE ? 2 * count : Math.max(4, Math.floor(count / 2));
      await rest();
    }
    await window.MathJax.typesetPromise(); // what has no such class: in the title of a page
  }

  addEventListener("DOMContentLoaded", () => {
    const startup = window.MathJax?.startup; // pages without formulas have none
    if (startup?.promise) startup.promise = startup.promise.then(setAll);
  });
})();
