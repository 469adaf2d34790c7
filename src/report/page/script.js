// Sorting by a column, and which run a line is. Without it the page shows the same.
"use strict";

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const heading = button.closest("th"), table = button.closest("table"), body = table.tBodies[0];
    const up = heading.getAttribute("aria-sort") !== "ascending", at = heading.cellIndex;
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => row.cells[at].dataset.value ?? row.cells[at].textContent;
    const compare = (a, b) =>
      isNaN(a) || isNaN(b) ? (isNaN(a) - isNaN(b)) || (a < b ? -1 : a > b ? 1 : 0) : a - b;
    const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * compare(value(a), value(b)));
    body.append(...rows);
  });
}

const tip = document.getElementById("tip");

function choose(link, x, y) {
  const svg = link.ownerSVGElement, name = link.getAttribute("xlink:href");
  release(svg);
  svg.classList.add("choosing");
  for (const one of svg.querySelectorAll("a")) {
    if (one.getAttribute("xlink:href") === name) one.classList.add("chosen");
  }
  tip.textContent = link.querySelector("path").getAttribute("aria-label");
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x + 12, innerWidth - width - 8))}px`;
  tip.style.top = `${y + 16 + height > innerHeight ? y - height - 12 : y + 16}px`;
}

function release(svg) {
  svg.classList.remove("choosing");
  for (const one of svg.querySelectorAll(".chosen")) one.classList.remove("chosen");
  tip.hidden = true;
}

for (const svg of document.querySelectorAll("svg")) {
  // Both figures of a run are links to its file; the keyboard goes over the first of each.
  const links = [...svg.querySelectorAll("a")];
  const names = links.map((link) => link.getAttribute("xlink:href"));
  const stops = links.filter((_, i) => names.indexOf(names[i]) === i);
  for (const link of links) {
    const reach = link.querySelector("path").cloneNode();
    reach.setAttribute("class", "reach");
    for (const name of ["aria-label", "role", "aria-roledescription"]) reach.removeAttribute(name);
    reach.setAttribute("aria-hidden", "true");
    reach.setAttribute(
      "style",
      "stroke: transparent; stroke-width: 11; stroke-dasharray: none; fill: none",
    );
    link.append(reach);
    link.setAttribute("tabindex", link === stops[0] ? "0" : "-1");
    link.setAttribute("aria-label", link.querySelector("path").getAttribute("aria-label"));
    link.addEventListener("pointermove", (event) => choose(link, event.clientX, event.clientY));
    link.addEventListener("pointerleave", () => release(svg));
    link.addEventListener("blur", () => release(svg));
    link.addEventListener("focus", () => {
      const { right, top } = link.getBoundingClientRect();
      choose(link, right, top);
    });
    link.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") release(svg);
      if (!step) return;
      event.preventDefault();
      const at = stops.findIndex((stop) => stop === link);
      const next = stops[(at + step + stops.length) % stops.length];
      for (const stop of stops) stop.setAttribute("tabindex", stop === next ? "0" : "-1");
      next.focus();
    });
  }
}
