// The comments and the strings of a source file, each with its line: what words.test.ts reads. Nothing else of the
// languages is understood, and a string that does not end where it must is an error, so that no text is lost unseen.

/** Text that a reader of the sources or a user of the program reads. */
export interface Passage {
  readonly kind: "comment" | "string" | "page";
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** Its lines, without what marks them as a comment or a string. */
  readonly text: string;
}

export type Language = "typescript" | "c++" | "python";

const languageOfEnding: Readonly<Record<string, Language>> = {
  ...{ ts: "typescript", js: "typescript", py: "python" },
  ...{ cpp: "c++", hpp: "c++", h: "c++", cu: "c++", cuh: "c++" },
};

/** The language that a file's name tells, or undefined for one that is read as a page. */
export function languageOf(path: string): Language | undefined {
  return languageOfEnding[path.slice(path.lastIndexOf(".") + 1)];
}

/** Every paragraph of a page: a sentence may be broken into lines. */
export function paragraphsOf(page: string): Passage[] {
  const lineAt = lineCounter(page);
  return [...page.matchAll(/\S.*(?:\n.*\S.*)*/g)].map(({ 0: text, index }) => ({
    kind: "page",
    line: lineAt(index),
    text,
  }));
}

/**
 * Every comment and every string of a source file, in its order. Lines of comments that follow each other are one
 * comment; what a template inserts is `…` in its string.
 *
 * @throws {Error} where a comment, a string or a template does not end, with its line
 */
export function passagesOf(source: string, language: Language): Passage[] {
  return language === "typescript"
    ? passagesOfTypeScript(source)
    : passagesBy(language === "c++" ? cppTokens : pythonTokens, source);
}

// --- TypeScript -------------------------------------------------------------------------------------------------------

/** A template, or the braces of a value inserted into one. */
interface Nesting {
  readonly start: number;
  text: string;
  /** Braces opened within the value; undefined within the text. */
  braces?: number | undefined;
}

const typescriptTokens = [
  /(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)/,
  /"(?<double>(?:[^"\\\n]|\\[^])*)"|'(?<single>(?:[^'\\\n]|\\[^])*)'/,
  /(?<word>[\w$]+)|(?<space>\s+)|(?<sign>[^])/,
].map(({ source }) => source).join("|");
const regularExpression = /\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
const templateText = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;
/** Words after which a slash begins a regular expression, not a division. */
const beforeExpression = /^(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)$/;

function passagesOfTypeScript(source: string): Passage[] {
  const collected = new Passages(source);
  const token = new RegExp(typescriptTokens, "y");
  const open: Nesting[] = [];
  let position = 0;
  let last = "";
  const readTemplateText = (template: Nesting) => {
    template.braces = undefined;
    templateText.lastIndex = position;
    template.text += templateText.exec(source)![0];
    position = templateText.lastIndex;
    if (source[position] === "`") {
      position += 1;
      collected.addString(template.start, template.text);
      open.pop();
      last = ")";
    } else if (source[position] === "$") {
      position += 2;
      template.text += "…";
      template.braces = 0;
      last = "(";
    } else throw new Error(`line ${collected.lineAt(template.start)}: a template does not end`);
  };
  while (position < source.length) {
    const inner = open.at(-1);
    const slashBeginsExpression = beforeExpression.test(last) || !/[\w$)\]}]$/.test(last);
    if (source[position] === "/" && slashBeginsExpression) {
      regularExpression.lastIndex = position;
      const [expression] = regularExpression.exec(source) ?? [];
      if (expression !== undefined) {
        position += expression.length;
        last = ")";
        continue;
      }
    }
    token.lastIndex = position;
    const { 0: text, groups } = token.exec(source)!;
    const start = position;
    position += text.length;
    if (groups!.space !== undefined) continue;
    if (groups!.comment !== undefined) {
      collected.addComment(start, text);
      continue;
    }
    const content = groups!.double ?? groups!.single;
    if (content !== undefined) {
      collected.addString(start, content);
      last = ")";
      continue;
    }
    collected.requireNoOpening(start, text);
    last = text;
    if (text === "`") {
      open.push({ start, text: "" });
      readTemplateText(open.at(-1)!);
    } else if (inner && text === "{") inner.braces! += 1;
    else if (inner && text === "}") {
      if (inner.braces === 0) readTemplateText(inner);
      else inner.braces! -= 1;
    }
  }
  if (open.length > 0) {
    throw new Error(`line ${collected.lineAt(open[0]!.start)}: a template does not end`);
  }
  return collected.inOrder();
}

// --- C++ and Python ---------------------------------------------------------------------------------------------------

const cppTokens = [
  /(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)/,
  /R"(?<delimiter>[^()\\\s]*)\((?<raw>[^]*?)\)\k<delimiter>"/,
  /"(?<double>(?:[^"\\\n]|\\[^])*)"|'(?<single>(?:[^'\\\n]|\\[^])*)'/,
  /(?<number>\d(?:'?[\w.])*)|(?<word>\w+)|(?<sign>[^])/,
];
const pythonTokens = [
  /(?<comment>#[^\n]*)/,
  /"""(?<long>(?:[^"\\]|\\[^]|"(?!""))*)"""|'''(?<longSingle>(?:[^'\\]|\\[^]|'(?!''))*)'''/,
  /"(?!"")(?<double>(?:[^"\\\n]|\\[^])*)"|'(?!'')(?<single>(?:[^'\\\n]|\\[^])*)'/,
  /(?<word>\w+)|(?<sign>[^])/,
];

function passagesBy(tokens: readonly RegExp[], source: string): Passage[] {
  const collected = new Passages(source);
  const token = new RegExp(tokens.map(({ source }) => source).join("|"), "g");
  for (const { 0: text, index, groups } of source.matchAll(token)) {
    if (groups!.comment !== undefined) collected.addComment(index, text);
    else {
      const { raw, long, longSingle, double, single } = groups!;
      const content = raw ?? long ?? longSingle ?? double ?? single;
      if (content !== undefined) collected.addString(index, content);
      else if (groups!.sign !== undefined) collected.requireNoOpening(index, text);
    }
  }
  return collected.inOrder();
}

// --- what is collected ------------------------------------------------------------------------------------------------

class Passages {
  readonly #source: string;
  readonly #found: Passage[] = [];
  readonly lineAt: (offset: number) => number;
  /** Where the last comment of one line ended, if it stood alone on its line. */
  #commentEnd = -1;

  constructor(source: string) {
    this.#source = source;
    this.lineAt = lineCounter(source);
  }

  addComment(start: number, marked: string): void {
    const alone = /^[ \t]*$/.test(
      this.#source.slice(this.#source.lastIndexOf("\n", start - 1) + 1, start),
    );
    const ofOneLine = !marked.startsWith("/*");
    const text = ofOneLine
      ? marked.replace(/^(?:\/\/+|#+!?)\s*/, "")
      : marked.replace(/^\/\*+\s?/, "").replace(/\s*\*+\/$/, "").replaceAll(/^\s*\*? ?/gm, "");
    const previous = this.#found.at(-1);
    const between = this.#source.slice(this.#commentEnd, start);
    if (ofOneLine && alone && this.#commentEnd >= 0 && /^\n[ \t]*$/.test(between)) {
      this.#found[this.#found.length - 1] = { ...previous!, text: `${previous!.text}\n${text}` };
    } else this.#found.push({ kind: "comment", line: this.lineAt(start), text });
    this.#commentEnd = ofOneLine && alone ? start + marked.length : -1;
  }

  addString(start: number, text: string): void {
    this.#commentEnd = -1;
    if (text === "") return;
    this.#found.push({ kind: "string", line: this.lineAt(start), text });
  }

  /** What begins a comment or a string, and was not read as one, does not end. */
  requireNoOpening(start: number, sign: string): void {
    if (sign === '"' || sign === "'" || this.#source.startsWith("/*", start)) {
      throw new Error(`line ${this.lineAt(start)}: what begins with ${sign} does not end`);
    }
  }

  inOrder(): Passage[] {
    return this.#found.toSorted((a, b) => a.line - b.line);
  }
}

function lineCounter(source: string): (offset: number) => number {
  const ends = [...source.matchAll(/\n/g)].map(({ index }) => index);
  return (offset) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
