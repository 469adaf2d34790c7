// Text from files: it is shown as text, and obeyed by no terminal, no log of a job and no spreadsheet.
import { z } from "zod";

/** What ends a line, moves a cursor, starts an escape sequence, or turns the direction of writing. */
const control = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The text on one line, with escapes such as `\u001b` in place of control characters. */
export function printable(text: string): string {
  return text.replaceAll(control, escapeOf);
}

/** The same for a message of several lines. */
export function printableLines(text: string): string {
  return text.replaceAll(control, (sign) => sign === "\n" || sign === "\t" ? sign : escapeOf(sign));
}

const escapeOf = (sign: string) => `\\u${sign.codePointAt(0)!.toString(16).padStart(4, "0")}`;

/** A text in a file that programs write: one line without control characters. */
export const plainText = z.string().refine((text) => text.search(control) < 0, {
  error: "holds a control character",
});

/** Text in Markdown that stays text: no tag, no code, no link to elsewhere. */
export function markdownText(text: string): string {
  return text.replace(/[<`[]/g, "\\$&");
}

/** Text for a cell that a spreadsheet would otherwise take for a formula. */
export function textCell(text: string): string {
  return /^[=+\-@]/.test(text) ? `'${text}` : text;
}

/** The text, or as much of it as fits into so many characters, ending in "…". */
export const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
