// The comparison table as HTML: sortable, the best marked, and what can't be told apart from it.
import { escapeHtml } from "../../base/html.ts";
import {
  differingSettingsOf,
  factColumns,
  settingTextOf,
  splitFactColumns,
} from "../../tables/facts.ts";
import { formatAccuracy, formatDifference } from "../../tables/format.ts";
import { markNotes } from "../../tables/notes.ts";
import { cellRanksOf, isUndecided } from "../../tables/ranking.ts";
import type { Row, Table } from "../../tables/table.ts";
import { marksOf } from "../plots/style.ts";
import { variableOf } from "./colours.ts";
import { notesHtmlOf } from "./html.ts";

/** The table; places that are the same in all rows are told once, above it. */
export function tableHtmlOf(table: Table): string {
  const { rows, columns, comparisons } = table;
  const { alike, telling: places } = splitFactColumns(table);
  const differ = differingSettingsOf(table), inks = marksOf(columns);
  const header = [
    ...[...places, ...differ].map((name) => heading(escapeHtml(name), "place")),
    ...columns.map(({ label }, i) =>
      heading(`<i style="background: ${variableOf(inks[i]!)}"></i>${escapeHtml(label)}`)
    ),
    ...comparisons.map(({ label }) =>
      heading(escapeHtml(label), "figure", "<small>points [95% interval]</small>")
    ),
  ];
  const lines = rows.map((row) =>
    [
      ...places.map((name) =>
        placeCell(factColumns[name]!(row), name === "sparsity" ? row.sparsity : undefined)
      ),
      ...differ.map((name) => placeCell(settingTextOf(name, row))),
      ...cells(row),
      ...row.differences.map((one) =>
        one
          ? `<td data-value="${one.mean}"${isUndecided(one) ? ' class="open"' : ""}>${
            escapeHtml(formatDifference(one))
          }</td>`
          : "<td>n/a</td>"
      ),
    ].join("")
  );
  const caption = alike.map((name) => `${name} <b>${escapeHtml(factColumns[name]!(rows[0]!))}</b>`);
  return `<p class="key" id="caption">Accuracy in percent: mean ± standard deviation (seeds)${
    caption.length ? `; ${caption.join(", ")}` : ""
  }</p>
<div class="scroll" role="region" aria-labelledby="caption" tabindex="0">
<table aria-labelledby="caption">
<thead><tr>${header.join("")}</tr></thead>
<tbody>
${lines.map((line) => `<tr>${line}</tr>`).join("\n")}
</tbody>
</table>
</div>
<div class="key">${notesHtmlOf(markNotes.join(" "))}</div>`;
}

function heading(html: string, kind = "figure", below = ""): string {
  return `<th scope="col" class="${kind}"><button type="button"><span>${html}</span>${below}</button></th>`;
}

function placeCell(text: string, value?: number): string {
  return `<td class="place"${value === undefined ? "" : ` data-value="${value}"`}>${
    escapeHtml(text)
  }</td>`;
}

function cells(row: Row): string[] {
  const standings = cellRanksOf(row);
  return row.cells.map((cell, i) => {
    if (!cell) return "<td>—</td>";
    const text = escapeHtml(formatAccuracy(cell.accuracy)), standing = standings[i];
    const html = standing === "best"
      ? `<b>${text}</b><span class="unseen"> (the best)</span>`
      : standing === "open"
      ? `<span aria-hidden="true">≈ </span>${text}<span class="unseen"> (not told apart from the best)</span>`
      : text;
    return `<td data-value="${cell.accuracy.mean}"${
      standing ? ` class="${standing}"` : ""
    }>${html}</td>`;
  });
}
