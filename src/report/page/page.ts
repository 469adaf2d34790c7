// The page: findings, table, plots, and how they were made; one file that fetches nothing.
import { createHash } from "node:crypto";
import { escapeHtml } from "../../base/html.ts";
import { meaningNoteOf } from "../../tables/notes.ts";
import { findingsOf } from "../../tables/summary.ts";
import type { Table } from "../../tables/table.ts";
import { colourVariables, withVariables } from "./colours.ts";
import { tableHtmlOf } from "./figures.ts";
import { notesHtmlOf } from "./html.ts";
import script from "./script.js" with { type: "text" };
import style from "./style.css" with { type: "text" };

/** A plot as the page shows it. */
export interface PageFigure {
  readonly name: string;
  readonly question: string;
  readonly caption: string;
  /** Its files with their contents; or a sentence that says why there are none. */
  readonly panels: readonly { readonly file: string; readonly svg: string }[] | string;
}

/** The whole page, ending in a newline. @param provenance HTML that says how the figures were made */
export function pageOf(table: Table, figures: readonly PageFigure[], provenance: string): string {
  const names = [...new Set(table.rows.map(({ context }) => context.dataset.name))].join(", ");
  const { compared, found } = findingsOf(table);
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(`Accuracy on ${names}`)} · maskbench</title>
<style>
:root { ${colourVariables("light")} }
@media screen and (prefers-color-scheme: dark) { :root { ${colourVariables("dark")} } }
${style}</style>
</head>
<body>
<header>
<p class="brand">maskbench</p>
<h1>${escapeHtml(`Accuracy on ${names}`)}</h1>
<p class="lead">${escapeHtml(compared)}</p>
${found.map((text) => `<p class="lead found">${escapeHtml(text)}</p>`).join("\n")}
</header>
<main>
<section id="table">
<h2>The comparison</h2>
${tableHtmlOf(table)}
<details><summary>What the figures mean</summary>
${notesHtmlOf(meaningNoteOf(table))}
</details>
</section>
${figures.map(figureHtmlOf).join("\n")}
<section id="made">
<h2>How it was made</h2>
${provenance}
</section>
</main>
<div id="tip" role="status" aria-live="polite" hidden></div>
<script>${script}</script>
</body>
</html>
`;
}

function figureHtmlOf({ name, question, caption, panels }: PageFigure): string {
  if (typeof panels === "string") {
    return `<section id="${name}">\n<h2>${escapeHtml(question)}</h2>\n<p class="absent">${
      escapeHtml(panels)
    }</p>\n</section>`;
  }
  return `<section id="${name}">
<h2>${escapeHtml(question)}</h2>
<figure${panels.length === 1 ? ' class="single"' : ""}>
<div class="panels">
${
    panels.map(({ file, svg }) =>
      `<div class="panel">${withVariables(svg).trim()}
<a class="file" href="${file}">${file}</a></div>`
    ).join("\n")
  }
</div>
<figcaption>${escapeHtml(caption)}</figcaption>
</figure>
</section>`;
}
