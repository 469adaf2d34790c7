// The comparison table as HTML: sortable, the best marked, and what can't be told apart from it.
import { escaped } from "../../base/html.ts";
import { differing, settingText, shared, sharedParts } from "../../tables/facts.ts";
import { accuracy, difference } from "../../tables/format.ts";
import { marking } from "../../tables/notes.ts";
import { isOpen, standingsOf } from "../../tables/ranking.ts";
import type { Row, Table } from "../../tables/table.ts";
import { marksOf } from "../plots/style.ts";
import { variableOf } from "./colours.ts";
import { fromNotes } from "./html.ts";

/** The table; places that are the same in all rows are told once, above it. */
export function figuresHtml(table: Table): string {
  const { rows, columns, comparisons } = table;
  const { alike, telling: places } = sharedParts(table);
  const differ = differing(table), inks = marksOf(columns);
  const header = [
    ...[...places, ...differ].map((name) => heading(escaped(name), "place")),
    ...columns.map(({ label }, i) =>
      heading(`<i style="background: ${variableOf(inks[i]!)}"></i>${escaped(label)}`)
    ),
    ...comparisons.map(({ label }) =>
      heading(escaped(label), "figure", "<small>points [95% interval]</small>")
    ),
  ];
  const lines = rows.map((row) =>
    [
      ...places.map((name) =>
        placeCell(shared[name]!(row), name === "sparsity" ? row.sparsity : undefined)
      ),
      ...differ.map((name) => placeCell(settingText(name, row))),
      ...cells(row),
      ...row.differences.map((one) =>
        one
          ? `<td data-value="${one.mean}"${isOpen(one) ? ' class="open"' : ""}>${
            escaped(difference(one))
          }</td>`
          : "<td>n/a</td>"
      ),
    ].join("")
  );
  const caption = alike.map((name) => `${name} <b>${escaped(shared[name]!(rows[0]!))}</b>`);
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
<div class="key">${fromNotes(marking.join(" "))}</div>`;
}

function heading(html: string, kind = "figure", below = ""): string {
  return `<th scope="col" class="${kind}"><button type="button"><span>${html}</span>${below}</button></th>`;
}

function placeCell(text: string, value?: number): string {
  return `<td class="place"${value === undefined ? "" : ` data-value="${value}"`}>${
    escaped(text)
  }</td>`;
}

function cells(row: Row): string[] {
  const standings = standingsOf(row);
  return row.cells.map((cell, i) => {
    if (!cell) return "<td>—</td>";
    const text = escaped(accuracy(cell.accuracy)), standing = standings[i];
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
