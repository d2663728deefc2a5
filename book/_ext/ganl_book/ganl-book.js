// A box that scrolls sideways can be reached with the Tab key, and scrolled with the arrows; a box
// that does not scroll is no stop on the way.
(() => {
  const BOXES = ".bd-content :is(div.math, mjx-container[display], div.cell_output, pre, " +
    ".pst-scrollable-table-container)";

  function look() {
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
  addEventListener("load", () => {
    look();
    window.MathJax?.startup?.promise?.then(soon);
    addEventListener("resize", soon);
    addEventListener("click", soon, true); // what was folded has no width
  });
})();
