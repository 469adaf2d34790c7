// `--set PATH=VALUE`: what a sweep file says, changed from the command line.
import { UserError } from "../base/errors.ts";
import { describeUnknown } from "../base/schema_errors.ts";

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys whose lists have entries with a name, which a path may go on with. */
const named = ["algorithms", "networks", "initialisations"];

/** Keys that are lists, so that one value is a list of one. */
const lists = [...named, "sparsities", "seeds", "compare"];

/** What paths may begin with, and go on with. */
export interface SweepKeys {
  /** Keys of a sweep file. */
  readonly all: readonly string[];
  /** Hyper-parameters of an algorithm. */
  readonly parametersOf: (algorithm: string) => readonly string[];
}

/**
 * Changes the JSON of a sweep file. `algorithms.sbp.learningRate=1,3` is a list for every entry of sbp, `epochs=5` a number,
 * `tune.tries=4` goes into the section; a value that is JSON is taken as such, any other is a text.
 * @param sets `PATH=VALUE` each, in their order
 * @returns another object: the one given stays as it is
 * @throws {UserError} for a path that leads nowhere, with what there is
 */
export function withSettings(json: unknown, sets: readonly string[], keys: SweepKeys): unknown {
  if (sets.length === 0 || !isObject(json)) return json;
  const changed = structuredClone(json);
  for (const set of sets) {
    const [, path, text] = /^([^=]+)=(.*)$/s.exec(set) ?? [];
    if (path === undefined || text === undefined || text === "") {
      throw new UserError(`--set ${set}: expected PATH=VALUE, such as epochs=5`);
    }
    const [first, ...rest] = path.split(".") as [string, ...string[]];
    if (!keys.all.includes(first)) {
      throw new UserError(`--set ${set}: ${describeUnknown(first, keys.all)}`);
    }
    const value = valueOf(text);
    if (rest.length === 0) {
      changed[first] = lists.includes(first) && !Array.isArray(value) ? [value] : value;
    } else if (named.includes(first)) setNamed(changed, first, rest, value, set, keys);
    else setNested(changed, [first, ...rest], value, set);
  }
  return changed;
}

// Several values with commas between them are a list.
function valueOf(text: string): unknown {
  const whole = jsonOf(text);
  if (whole !== undefined) return whole;
  if (!text.includes(",")) return text;
  return text.split(",").map((part) => jsonOf(part.trim()) ?? part.trim());
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// Every entry of that name gets the value; one that is a name alone becomes an object.
function setNamed(
  sweep: Json,
  list: string,
  [name, key, ...deeper]: string[],
  value: unknown,
  set: string,
  keys: SweepKeys,
): void {
  const entries = Array.isArray(sweep[list]) ? sweep[list] as unknown[] : [];
  const nameOf = (entry: unknown) => isObject(entry) ? entry.name : entry;
  const names = entries.map(nameOf).filter((name) => typeof name === "string");
  if (!names.includes(name!)) {
    throw new UserError(`--set ${set}: ${describeUnknown(name!, [...new Set(names)])}`);
  }
  const known = list === "algorithms"
    ? keys.parametersOf(name!)
    : [list === "networks" ? "width" : "scaleFan"];
  if (key === undefined || deeper.length > 0) {
    throw new UserError(
      `--set ${set}: expected ${list}.${name}.KEY, KEY one of ${known.join(", ")}`,
    );
  }
  if (!known.includes(key)) throw new UserError(`--set ${set}: ${describeUnknown(key, known)}`);
  sweep[list] = entries.map((entry) =>
    nameOf(entry) !== name ? entry : { ...isObject(entry) ? entry : { name }, [key]: value }
  );
}

function setNested(sweep: Json, path: readonly string[], value: unknown, set: string): void {
  let at = sweep;
  for (const key of path.slice(0, -1)) {
    const next = at[key] ?? {};
    if (!isObject(next)) throw new UserError(`--set ${set}: ${key} is no section: it has no keys`);
    at[key] = next;
    at = next;
  }
  at[path.at(-1)!] = value;
}
