// How the figures were made: the sweep that repeats them, the environment, and every run file.
import { escapeHtml } from "../../base/html.ts";
import type { InvalidRunFile } from "../../runs/run_folder.ts";
import { formatPercent, networkNameOf } from "../../tables/format.ts";
import { missingNoteOf, settingsNoteOf } from "../../tables/notes.ts";
import type { Table, TableRun } from "../../tables/table.ts";
import { notesHtmlOf } from "./html.ts";
import type { Repeat } from "./repeat.ts";

/** The section, from the table's runs alone. @param repeats with the names of their files in the page's folder */
export function provenanceHtmlOf(
  table: Table,
  runs: readonly TableRun[],
  invalidFiles: readonly InvalidRunFile[],
  repeats: readonly (Repeat & { readonly file: string } | undefined)[],
): string {
  const missing = missingNoteOf(table, invalidFiles);
  return `<h3>Settings</h3>
${notesHtmlOf(settingsNoteOf(table))}
${missing ? `<h3>Missing</h3>\n${notesHtmlOf(missing)}` : ""}
<h3>To repeat it</h3>
${repeats.map(repeatHtmlOf).join("\n")}
<h3>Environment</h3>
${environmentsHtmlOf(runs)}
<h3>Runs</h3>
${runsHtmlOf(runs)}`;
}

function repeatHtmlOf(repeat: Repeat & { readonly file: string } | undefined): string {
  if (!repeat) {
    return "<p>These runs are no grid that one sweep file could describe; each run file has its whole configuration.</p>";
  }
  const { file, text, runs, present } = repeat;
  const part = runs === present ? `all ${runs} runs` : `${runs} runs, of which ${present} are here`;
  return `<p>This sweep file, <a href="${file}">${file}</a>, has ${part}:</p>
<pre><code>deno task bench ${file}</code></pre>
<details><summary>The sweep file</summary><pre><code>${escapeHtml(text)}</code></pre></details>`;
}

function environmentsHtmlOf(runs: readonly TableRun[]): string {
  const groups = Map.groupBy(
    runs,
    ({ environment: { started: _s, finished: _f, ...made } }) => JSON.stringify(made),
  );
  return [...groups.values()].map((members) => {
    const { started: _s, finished: _f, ...made } = members[0]!.environment;
    const times = members.flatMap(({ environment }) => [environment.started, environment.finished])
      .sort();
    const facts: [string, unknown][] = [
      ["runs", members.length],
      ...Object.entries(made),
      ["first start", times[0]],
      ["last end", times.at(-1)],
    ];
    return `<dl>${
      facts.map(([name, value]) =>
        `<dt>${escapeHtml(name)}</dt><dd>${
          escapeHtml(String(value === "" ? "unknown" : value))
        }</dd>`
      ).join("")
    }</dl>`;
  }).join("\n");
}

function runsHtmlOf(runs: readonly TableRun[]): string {
  const lines = runs.map(({ identity, configuration, result }) => {
    const { algorithm, network, sparsity, seed } = configuration;
    const name = networkNameOf({ network });
    return `<li><a href="../runs/${identity}.json"><code>${identity.slice(0, 12)}</code></a> ${
      escapeHtml(
        `${name}, ${algorithm.name}, sparsity ${formatPercent(sparsity)}, seed ${seed}: ${
          (100 * result.lastTestAccuracy).toFixed(2)
        }%`,
      )
    }</li>`;
  });
  return `<p>A run is named by the SHA-256 of all that can change its outcome: its identity. Each of these files has the
configuration, what came out, and what it was made with.</p>
<details><summary>All ${runs.length} run files</summary><ul class="runs">
${lines.join("\n")}
</ul></details>`;
}
