// Words and a shell: a word for a script is quoted, and what a user wrote for a shell is split as one would split it.
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
    const sign = text[i]!, next = text[i + 1];
    if (quote !== "" && sign === quote) quote = "";
    else if (quote === "'") word += sign;
    else if (sign === "\\" && next !== undefined && (quote === "" || '"\\$`\n'.includes(next))) {
      word = (word ?? "") + (next === "\n" ? "" : next);
      i++;
    } else if (quote === '"') word += sign;
    else if (sign === "'" || sign === '"') {
      quote = sign;
      word ??= "";
    } else if (/\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + sign;
  }
  if (quote !== "") throw new UserError(`a ${quote} is not closed in: ${text}`);
  return word === undefined ? words : [...words, word];
}
