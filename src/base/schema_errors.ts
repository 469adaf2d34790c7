// What zod found wrong, as sentences for people: the place, what stands there, what is allowed.
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { printable } from "./text.ts";

type Issue = z.core.$ZodIssue;

/** An object that refuses unknown keys, and says which one was probably meant. */
export function strictObject<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, { error: unknownKeys(Object.keys(shape)) });
}

/** An object with a value for some of the keys, refusing others in the same way. */
export function objectWithKeys<Value extends z.ZodType>(keys: readonly string[], value: Value) {
  return z.partialRecord(z.enum(keys), value, { error: unknownKeys(keys) });
}

const unknownKeys = (known: readonly string[]) => (issue: z.core.$ZodRawIssue) =>
  issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => describeUnknown(key, known)).join("; ")
    : undefined;

/** The first of them for a file that no person wrote: `result.epochs: …`. */
export function firstErrorOf({ issues: [first] }: z.ZodError): string {
  return `${printable(first!.path.join(".")) || "the whole"}: ${printable(first!.message)}`;
}

/** Refuses a list with no entry, or with one entry twice. */
export function distinctList<Entry extends z.ZodType>(entry: Entry, what: string) {
  return z.array(entry).min(1, `is empty: expected at least one ${what}`).superRefine(
    (list, context) => {
      const seen = new Set<string>();
      list.forEach((entry, place) => {
        const text = JSON.stringify(entry);
        if (seen.has(text)) {
          context.addIssue({ code: "custom", path: [place], message: `${text} is there twice` });
        }
        seen.add(text);
      });
    },
  );
}

/** `"lerningRate" is not known: did you mean "learningRate"?`, or the known ones. */
export function describeUnknown(word: string, known: readonly string[]): string {
  const isNumber = Number.isFinite(Number(word)); // of which none is meant by another
  const near = known.length > 0 && !isNumber ? closest(word, known) : undefined;
  return near !== undefined && distance(word, near) <= Math.max(2, near.length / 3)
    ? `"${printable(word)}" is not known: did you mean "${near}"?`
    : `"${printable(word)}" is not known: expected ${known.map(quoted).join(", ")}`;
}

/** `algorithms[0].learningRate` */
export function pathTextOf(path: readonly PropertyKey[]): string {
  return path.map((part, i) =>
    typeof part === "number" ? `[${part}]` : `${i === 0 ? "" : "."}${printable(String(part))}`
  ).join("");
}

/** One sentence for each fault, each beginning with its place. The data must have been parsed with `reportInput`. */
export function errorTextsOf(error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => faults(issue, [])).map(({ path, text }) => {
    const place = pathTextOf(path);
    return place ? `${place}: ${text}` : text;
  });
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

function faults(issue: Issue, above: readonly PropertyKey[]): Fault[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length === 0) { // no entry of that name
    const { discriminator = "", options } = issue as { discriminator?: string; options?: unknown };
    const known = options as string[];
    const given = (issue.input as Record<string, unknown>)[discriminator];
    const text = typeof given === "string"
      ? describeUnknown(given, known)
      : expected(known.map(quoted).join(", "), given);
    return [{ path, text }];
  }
  if (issue.code === "invalid_union") {
    // The branch meant is the one that the value at least has the type of, and whose keys it has.
    const fitting = issue.errors.filter((branch) => !branch.some(isOfAnotherType))
      .sort((a, b) => countUnknownKeys(a) - countUnknownKeys(b));
    const meant = fitting[0] ?? (issue.errors.length === 1 ? issue.errors[0] : undefined);
    if (meant) return meant.flatMap((inner) => faults(inner, path));
    const types = [...new Set(issue.errors.flat().filter(isOfAnotherType).map(expectation))];
    return [{ path, text: expected(types.join(" or "), issue.input) }];
  }
  return [{ path, text: textOf(issue) }];
}

const isOfAnotherType = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === "invalid_type" ||
    (issue.code === "invalid_value" && typeof issue.input !== "string"));

const countUnknownKeys = (branch: readonly Issue[]): number =>
  branch.reduce(
    (sum, issue) =>
      sum +
      (issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys.length : 0),
    0,
  );

function expectation(issue: Issue): string {
  if (issue.code === "invalid_value") return issue.values.map(quoted).join(", ");
  const type: string = issue.code === "invalid_type" ? issue.expected : "another value";
  return {
    array: "a list",
    object: "an object",
    record: "an object",
    int: "a whole number",
    boolean: "true or false",
  }[type] ?? `a ${type}`;
}

function textOf(issue: Issue): string {
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message; // the schema's own words
  switch (issue.code) {
    case "invalid_type":
      return expected(expectation(issue), issue.input);
    case "invalid_value":
      return typeof issue.input === "string"
        ? describeUnknown(issue.input, issue.values.map(String))
        : expected(expectation(issue), issue.input);
    case "invalid_key":
      return issue.issues.map((inner) => inner.message).join("; ");
    case "too_small":
      return `${shortTextOf(issue.input)} is too small: expected ${
        issue.inclusive === false ? "more than" : "at least"
      } ${issue.minimum}`;
    case "too_big":
      return `${shortTextOf(issue.input)} is too large: expected ${
        issue.inclusive === false ? "less than" : "at most"
      } ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function expected(what: string, input: unknown): string {
  const comma = what.includes("number") && decimalCommaFault(input);
  if (comma) return comma;
  return input === undefined
    ? `is missing: expected ${what}`
    : `expected ${what}, not ${shortTextOf(input)}`;
}

/** A sentence where the input is a text such as "0,5". */
export function decimalCommaFault(input: unknown): string | undefined {
  const isComma = typeof input === "string" && /^\s*-?\d+,\d+%?\s*$/.test(input);
  return isComma
    ? `${quoted(input)} has a decimal comma: write ${input.trim().replace(",", ".")}`
    : undefined;
}

const quoted = (value: unknown): string => JSON.stringify(value);

/** A value in a message, cut short. */
export function shortTextOf(input: unknown): string {
  // Numbers beyond what a number can hold are no JSON.
  const text = typeof input === "number" ? String(input) : JSON.stringify(input) ?? String(input);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
