// JSON in files, checked by schemas. In what people write, a mistake is reported with line and column, and a key that is
// there twice is one.
import { createScanner, type Node, type ParseError, parseTree } from "jsonc-parser";
import { z } from "zod";
import { UserError } from "./errors.ts";
import { readPlainText } from "./plain_files.ts";
import { errorTextsOf, firstErrorOf, pathTextOf } from "./schema_errors.ts";

/** Bytes that a text file has at most which people write. */
const MAX_WRITTEN_BYTES = 1 << 24;

/**
 * Reads a text file that a user names. A byte order mark of UTF-8 is passed over.
 * @param shown how the file is called in messages
 * @param missing what to say after its name where there is none; without it `Deno.errors.NotFound` is thrown
 * @throws {UserError} where it can't be read, or is no plain file of at most `maxBytes`
 */
export async function readUserFile(
  path: string,
  shown: string,
  missing?: string,
  maxBytes: number = MAX_WRITTEN_BYTES,
): Promise<string> {
  try {
    return await readPlainText(path, maxBytes);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${shown} ${error.message}`);
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new UserError(`${shown} can't be read: ${(error as Error).message}`);
    }
    throw missing === undefined ? error : new UserError(`${shown} ${missing}`);
  }
}

/**
 * Parses JSON that a program wrote, and checks it.
 * @param refusals the errors to throw: for text that is no JSON, and for JSON that is not what the schema says
 */
export function parseJsonAs<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  refusals: {
    readonly noJson: (reason: string) => Error;
    readonly invalid: (fault: string) => Error;
  },
): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refusals.noJson((error as Error).message);
  }
  const { data, error } = schema.safeParse(json);
  if (error) throw refusals.invalid(firstErrorOf(error));
  return data;
}

/**
 * Parses JSON that people write, and checks it.
 * @param shown how the file is called in messages
 * @throws {UserError} with the first mistake: its place, what stands there, what is allowed
 */
export function parseWrittenJsonAs<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  shown: string,
): z.output<Schema> {
  const { json, faults } = parseJson(text, shown);
  const { data, error } = schema.safeParse(json, { reportInput: true });
  const [fault] = error ? errorTextsOf(error) : faults;
  if (fault !== undefined) throw new UserError(`${shown}: ${fault}`);
  return data!;
}

/** JSON that people wrote, before it is checked. */
export interface ParsedJson {
  readonly json: unknown;
  /**
   * Sentences on keys that an object has twice, of which `JSON.parse` drops all but the last, and on `__proto__`, which is
   * lost in most code that reads objects.
   */
  readonly faults: readonly string[];
}

/**
 * Parses JSON, comments and trailing commas not allowed.
 * @param shown how the file is called in messages
 * @throws {UserError} with line and column
 */
export function parseJson(text: string, shown: string): ParsedJson {
  const deep = offsetBeyondDepth(text);
  if (deep !== undefined) {
    throw new UserError(
      `${shown}: ${
        lineAndColumn(text, deep)
      }: lists and objects are nested deeper than ${MAX_DEPTH}`,
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

/** Levels of lists and objects: more than any file here has, and parsers that call themselves must not run out of stack. */
const MAX_DEPTH = 100;

// The offset at which the text is nested too deeply, if it is.
function offsetBeyondDepth(text: string): number | undefined {
  const tokens = createScanner(text, true);
  for (let depth = 0; tokens.getPosition() < text.length;) {
    tokens.scan();
    const first = text[tokens.getTokenOffset()];
    if (first === "{" || first === "[") depth++;
    if (first === "}" || first === "]") depth--;
    if (depth > MAX_DEPTH) return tokens.getTokenOffset();
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
    const name = key!.value as string;
    const keyPath = [...path, name];
    const lost = name === "__proto__"
      ? [`${pathTextOf(keyPath)}: is not known`]
      : seen.has(name)
      ? [`${pathTextOf(keyPath)}: is there twice`]
      : [];
    seen.add(name);
    return [...lost, ...(value ? lostKeys(value, keyPath) : [])];
  });
}

/**
 * A key that an object of the text has twice, of which `JSON.parse` drops all but the last. `parseJson` says where it stands,
 * from a tree of the text; this takes one pass, for the thousands of files that programs wrote. @param text right JSON
 */
export function repeatedKeyOf(text: string): string | undefined {
  const stack: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g)) {
    if (token === "{") stack.push(new Set());
    else if (token === "}") stack.pop();
    else if (colon) {
      const key = token.slice(0, -colon.length), keys = stack.at(-1)!;
      if (keys.has(key)) return `${key} stands twice`;
      keys.add(key);
    }
  }
  return undefined;
}
