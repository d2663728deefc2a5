// What Chromium does with the joined book before it prints; see printed.py.
window.ganlPaper = {
  // A formula is drawn, so that there is nothing to read out, to find or to copy: its TeX lies in
  // letters too small to see beneath it. (In headings `name_in_outline` has put some already.)
  name() {
    for (const { math, typesetRoot } of MathJax.startup.document.math) {
      typesetRoot.querySelector("mjx-assistive-mml")?.remove();
      if (typesetRoot.closest("h1, h2, h3, h4, nav")) continue;
      const tex = document.createElement("span");
      tex.className = "ganl-tex";
      tex.textContent = math.replace(/\s+/g, " ").trim();
      typesetRoot.append(tex);
    }
  },

  // What is wider than its room becomes smaller, to half its size at most.
  fit() {
    for (const box of document.querySelectorAll("div.math mjx-container, table")) {
      const number = box.parentElement.querySelector(":scope > .eqno");
      const room = box.parentElement.getBoundingClientRect().width -
        (number ? number.getBoundingClientRect().width : 0);
      const svg = box.querySelector(":scope > svg");
      const wide = svg ? svg.getBoundingClientRect().width : box.scrollWidth;
      if (wide > room) box.style.fontSize = Math.max(50, Math.floor(98 * room / wide)) + "%";
    }
  },

  // What would be cut off, is missing, or is wrong: one line each.
  problems() {
    const found = [];
    const look = (what, selector, wrong = () => true) => {
      for (const e of document.querySelectorAll(selector))
        if (wrong(e)) found.push(`${what}: ${e.outerHTML.replace(/\s+/g, " ").slice(0, 160)}`);
    };
    const right = document.body.getBoundingClientRect().right + 1;
    const hidden = ":not(svg *, mjx-assistive-mml, mjx-assistive-mml *)";
    look("too wide", `body *${hidden}`, (e) => e.getBoundingClientRect().right > right);
    look("cut off", "pre, td, th, p, li", (e) => e.scrollWidth > e.clientWidth + 1);
    look("no picture", "img", (e) => !e.complete || !e.naturalWidth);
    look("no words for a picture", "img", (e) => !e.alt.trim());
    look("wrong formula", "mjx-merror, [data-mjx-error]");
    look("formula not set", ".math.notranslate", (e) => !e.querySelector("mjx-container"));
    return found;
  },

  // The page numbers: which are wanted, and what they are.
  wanted: () => [...document.querySelectorAll("[data-page-of]")].map((e) => e.dataset.pageOf),
  number(pages) {
    for (const e of document.querySelectorAll("[data-page-of]"))
      e.textContent = pages[e.dataset.pageOf];
  },
};
