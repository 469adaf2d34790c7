// Words for and from a shell: a word for a script is quoted, and what a user wrote for a shell is split into words.
import { UserError } from "../base/errors.ts";

/** The word as a POSIX shell reads it back, whatever is in it. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Splits at spaces, but for those in quotes or after a backslash. Nothing is expanded: `$`, `*` and `;` are letters.
 * @throws {UserError} where a quote is not closed
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined, quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!, next = text[i + 1];
    if (quote !== "" && char === quote) quote = "";
    else if (quote === "'") word += char;
    else if (char === "\\" && next !== undefined && (quote === "" || '"\\$`\n'.includes(next))) {
      word = (word ?? "") + (next === "\n" ? "" : next);
      i++;
    } else if (quote === '"') word += char;
    else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") throw new UserError(`a ${quote} is not closed in: ${text}`);
  return word === undefined ? words : [...words, word];
}
