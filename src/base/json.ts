// JSON that people write: a slip is told with line and column, and a key that is there twice is one.
import { createScanner, type Node, type ParseError, parseTree } from "jsonc-parser";
import { UserError } from "./errors.ts";
import { pathTextOf } from "./schema_errors.ts";

export interface ParsedJson {
  readonly json: unknown;
  /**
   * Keys that an object has twice, a sentence each: `JSON.parse` drops all but the last. And `__proto__`, which most that
   * reads objects drops.
   */
  readonly faults: readonly string[];
}

/**
 * Parses JSON, comments and trailing commas not allowed.
 * @param shown how the file is called in messages
 * @throws {UserError} with line and column
 */
export function parseJson(text: string, shown: string): ParsedJson {
  const deep = beyondDepth(text);
  if (deep !== undefined) {
    throw new UserError(
      `${shown}: ${
        lineAndColumn(text, deep)
      }: lists and objects are nested deeper than ${MOST_DEEP}`,
    );
  }
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true });
  try {
    return { json: JSON.parse(text), faults: tree ? lostKeys(tree, []) : [] };
  } catch (error) {
    const place = errors[0] ? `${lineAndColumn(text, errors[0].offset)}: ` : "";
    const reason = (error as Error).message.replace(/(,? "?\.\.\.| in JSON at position).*$/s, "");
    throw new UserError(`${shown}: ${place}no JSON: ${reason}`);
  }
}

/** Deeper than any file here; and parsers that call themselves must not run out of stack. */
const MOST_DEEP = 100;

// Where it is nested too deeply, if it is.
function beyondDepth(text: string): number | undefined {
  const tokens = createScanner(text, true);
  for (let depth = 0; tokens.getPosition() < text.length;) {
    tokens.scan();
    const first = text[tokens.getTokenOffset()];
    if (first === "{" || first === "[") depth++;
    if (first === "}" || first === "]") depth--;
    if (depth > MOST_DEEP) return tokens.getTokenOffset();
  }
  return undefined;
}

function lineAndColumn(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}

function lostKeys(node: Node, path: readonly PropertyKey[]): string[] {
  if (node.type === "array") {
    return (node.children ?? []).flatMap((child, i) => lostKeys(child, [...path, i]));
  }
  if (node.type !== "object") return [];
  const seen = new Set<string>();
  return (node.children ?? []).flatMap(({ children: [key, value] = [] }) => {
    const name = key!.value as string, place = [...path, name];
    const lost = name === "__proto__"
      ? [`${pathTextOf(place)}: is not known`]
      : seen.has(name)
      ? [`${pathTextOf(place)}: is there twice`]
      : [];
    seen.add(name);
    return [...lost, ...(value ? lostKeys(value, place) : [])];
  });
}
