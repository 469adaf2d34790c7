// The comparison table as HTML: sortable, with marks at the best and at those that may be as good.
import { escapeHtml } from "../../base/html.ts";
import {
  differingSettingsOf,
  factColumns,
  settingTextOf,
  splitFactColumns,
} from "../../tables/facts.ts";
import { formatAccuracy, formatDifference, formatKept } from "../../tables/format.ts";
import { markNotes } from "../../tables/notes.ts";
import { type CellRank, cellRanksOf, rankMarks } from "../../tables/ranking.ts";
import { type CellDifference, isDecided, type Row, type Table } from "../../tables/table.ts";
import { marksOf } from "../plots/style.ts";
import { variableOf } from "./colours.ts";
import { notesHtmlOf } from "./html.ts";

/** The table; facts that are the same in all rows are said once, above it. */
export function tableHtmlOf(table: Table): string {
  const { rows, columns, comparisons } = table;
  const { alike, differing: facts } = splitFactColumns(table);
  const settings = differingSettingsOf(table);
  const marks = marksOf(columns);
  const header = [
    ...[...facts, ...settings].map((name) => headingOf(escapeHtml(name), "place")),
    ...columns.map(({ label }, i) =>
      headingOf(`<i style="background: ${variableOf(marks[i]!)}"></i>${escapeHtml(label)}`)
    ),
    ...comparisons.flatMap(({ label }) => [
      headingOf(escapeHtml(label), "figure", "<small>points [95% interval]</small>"),
      headingOf("verdict", "figure"),
    ]),
  ];
  const lines = rows.map((row) =>
    [
      ...facts.map((name) =>
        factCellOf(factColumns[name]!(row), name === "sparsity" ? row.sparsity : undefined)
      ),
      ...settings.map((name) => factCellOf(settingTextOf(name, row))),
      ...cellsHtmlOf(row),
      ...row.differences.flatMap((one) =>
        one ? differenceHtmlOf(one) : ["<td>n/a</td>", "<td></td>"]
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

function differenceHtmlOf(difference: CellDifference): string[] {
  const { mean, verdict } = difference;
  const kind = isDecided(verdict) ? "" : ' class="open"';
  return [
    `<td data-value="${mean}"${kind}>${escapeHtml(formatDifference(difference))}</td>`,
    `<td${kind}>${verdict}</td>`,
  ];
}

function headingOf(html: string, kind = "figure", below = ""): string {
  return `<th scope="col" class="${kind}"><button type="button"><span>${html}</span>${below}</button></th>`;
}

function factCellOf(text: string, value?: number): string {
  return `<td class="place"${value === undefined ? "" : ` data-value="${value}"`}>${
    escapeHtml(text)
  }</td>`;
}

function cellsHtmlOf(row: Row): string[] {
  const ranks = cellRanksOf(row);
  return row.cells.map((cell, i) => {
    if (!cell) return "<td>—</td>";
    const rank = ranks[i];
    const kept = formatKept(cell, row);
    const text = [formatAccuracy(cell.accuracy), ...kept ? [kept] : []].join(", ");
    const html = rankedHtmlOf(escapeHtml(text), rank);
    return `<td data-value="${cell.accuracy.mean}"${rank ? ` class="${rank}"` : ""}>${html}</td>`;
  });
}

function rankedHtmlOf(text: string, rank: CellRank | undefined): string {
  if (rank === "best") return `<b>${text}</b><span class="unseen"> (the best)</span>`;
  if (rank === undefined) return text;
  const words = rank === "open" ? "not ruled out as the best" : "unknown whether it is the best";
  return `<span aria-hidden="true">${
    rankMarks[rank]
  } </span>${text}<span class="unseen"> (${words})</span>`;
}
