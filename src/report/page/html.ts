// The table's notes in HTML: whatever a run file says stays text.
import { escapeHtml } from "../../base/html.ts";

/** Turns the Markdown of notes, which has lists, bold and code alone, into HTML. */
export function notesHtmlOf(markdown: string): string {
  const inline = (text: string) =>
    escapeHtml(text).replace(/\*\*(.+?)\*\*/g, "<b>$1</b>").replace(/`(.+?)`/g, "<code>$1</code>");
  return markdown.split("\n\n").filter((part) => part).map((part) => {
    if (!part.startsWith("- ")) return `<p>${inline(part)}</p>`;
    const items = part.split("\n").map((line) => `<li>${inline(line.replace(/^- /, ""))}</li>`);
    return `<ul>${items.join("\n")}</ul>`;
  }).join("\n");
}
