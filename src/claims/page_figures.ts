// Whether every figure of a page stands in what the page says it is from: claims, cited figures, or files of results.
//
//   <!-- figures: mnist-global, results/published/mnist/table.md -->
//
// Such a comment binds the figures from where it stands to the next heading; several add up.

/** What a page may cite, each with the text that has its figures. */
export interface FigureSources {
  /** Claims and cited figures, by name. */
  readonly named: ReadonlyMap<string, string>;
  /** The text of a file of results; nothing where there is none. */
  readonly readFile: (path: string) => string | undefined;
}

/** A fault of a page: a figure that no source has, or a source that is not there. */
export interface PageFault {
  readonly line: number;
  readonly text: string;
}

// A number with decimals, or a whole one that counts points, times or percent of accuracy.
const figure =
  /(?<![\w.\/-])[+−±]?\d[\d,]*(?:\.\d+)+(?:e[−-]?\d+)?(?![\w])|(?<![\w.])\d+(?= points?\b)/g;

/** Names of things that have a number in them and are no figures. */
const names =
  /\b(?:libtorch|PyTorch|Deno|CUDA|Debian|Python|arXiv|version|deno@?)[ @]?\d[\d.]*|\bv?\d+\.\d+\.\d+\b/gi;

/** The figures of a page that are bound to nothing that has them, and names that nothing has. */
export function pageFaultsOf(page: string, sources: FigureSources): PageFault[] {
  const faults: PageFault[] = [];
  let bound: string[] = [], isCode = false;
  page.split("\n").forEach((written, i) => {
    const line = i + 1;
    if (/^\s*(```|~~~)/.test(written)) isCode = !isCode;
    else if (isCode) return;
    else if (/^#/.test(written)) bound = [];
    const comment = /^<!-- figures: (.+) -->$/.exec(written.trim());
    if (comment) {
      for (const name of comment[1]!.split(",").map((name) => name.trim())) {
        const text = sources.named.get(name) ?? sources.readFile(name);
        if (text === undefined) faults.push({ line, text: `${name} is no claim and no file` });
        else bound.push(text);
      }
      return;
    }
    for (const found of figuresOf(written)) {
      if (!bound.some((text) => hasFigure(text, found))) {
        faults.push({ line, text: `${found} is in nothing that the page names there` });
      }
    }
  });
  return faults;
}

/** The figures of a line of Markdown, code and the targets of links left out. */
export function figuresOf(line: string): string[] {
  const words = line.replace(/`[^`]*`/g, "`").replace(/\]\([^)]*\)/g, "]").replace(names, "");
  return words.match(figure) ?? [];
}

// A page may give a figure without its sign, and one of a program's file rounded.
function hasFigure(text: string, found: string): boolean {
  const plain = found.replace(/^[+−±]/, "");
  const isSigned = plain !== found && !found.startsWith("±");
  const escaped = plain.replaceAll(".", "\\.");
  const written = new RegExp(
    `(?<![\\d.])${isSigned ? `\\${found[0]}` : ""}${escaped}(?!\\d|\\.\\d)`,
  );
  if (written.test(text)) return true;
  const decimals = plain.split(".")[1]?.length ?? 0;
  return (text.match(longNumber) ?? []).some((number) =>
    Number(number).toFixed(decimals) === plain
  );
}

/** No person writes as many digits. */
const longNumber = /\d+\.\d{5,}/g;
