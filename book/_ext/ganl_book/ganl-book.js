// A box that scrolls sideways can be reached with the Tab key, and scrolled with the arrows; a box
// that does not scroll is no stop on the way. And paper is light, whatever the screen is.
(() => {
  // The theme asks the system for light or dark when the page is loaded: until then a dark page
  // would be white, and then all its styles would be computed again.
  const page = document.documentElement.dataset;
  if (page.mode === "auto") {
    page.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  const BOXES = ".bd-content :is(div.math, span.math, mjx-container[display], div.cell_output, pre, " +
    ".pst-scrollable-table-container)";

  function look() {
    for (const formula of document.querySelectorAll(".bd-content span.math")) {
      const drawing = formula.querySelector("svg");
      const wide = drawing && drawing.getBoundingClientRect().width > formula.clientWidth + 3;
      formula.classList.toggle("ganl-wide", Boolean(wide));
    }
    for (const box of document.querySelectorAll(BOXES)) {
      const style = getComputedStyle(box);
      const scrolls = box.scrollWidth > box.clientWidth + 1 && /auto|scroll/.test(style.overflowX);
      if (scrolls) box.tabIndex = 0;
      else if (box.tabIndex === 0) box.removeAttribute("tabindex");
    }
  }

  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 200);
  };
  // The theme's column with the book's name and contents is in no landmark.
  addEventListener("DOMContentLoaded", () => {
    const column = document.getElementById("pst-primary-sidebar");
    column?.setAttribute("role", "navigation");
    column?.setAttribute("aria-label", "Book");
  });

  let theme = "";
  addEventListener("beforeprint", () => {
    theme = page.theme;
    page.theme = "light";
  });
  addEventListener("afterprint", () => { page.theme = theme; });

  addEventListener("load", () => {
    look();
    window.MathJax?.startup?.promise?.then(soon);
    addEventListener("resize", soon);
    addEventListener("click", soon, true); // what was folded has no width
  });
})();
