// The C interface as its header states it, for the tests that hold something against all of it.

export interface Parameter {
  readonly name: string;
  /** The C type, such as `const mb_vector*`. */
  readonly type: string;
  /** What Deno passes it as; a handle is a number. */
  readonly passed: "buffer" | "i32" | "i64" | "u64" | "f64";
  /** `vector`, `network`, …, where it is a handle. */
  readonly family?: string;
}

export interface Declared {
  readonly name: string;
  readonly result: string;
  readonly parameters: readonly Parameter[];
}

const numbers = { int32_t: "i32", int64_t: "i64", uint64_t: "u64", double: "f64" } as const;

function parameterOf(text: string): Parameter {
  const [, left, name] = /^(.*?)(\w+)$/s.exec(text)!;
  const type = left!.trim().replaceAll(/\s+/g, " ").replaceAll(" *", "*");
  const family = /^(?:const )?mb_(\w+)\*$/.exec(type)?.[1];
  if (family !== undefined && family !== "layer") {
    return { name: name!, type, passed: "u64", family };
  }
  if (type.endsWith("*")) return { name: name!, type, passed: "buffer" };
  const passed = numbers[type as keyof typeof numbers];
  if (passed === undefined) throw new Error(`the header has a type of its own: ${text}`);
  return { name: name!, type, passed };
}

/** Every function that `native/include/maskbench.h` exports, in its order. */
export function declared(): Declared[] {
  const header = Deno.readTextFileSync(
    new URL("../../native/include/maskbench.h", import.meta.url),
  );
  const found = [...header.matchAll(/^MB_API ([^;(]*?)(mb_\w+)\(([^)]*)\);/gm)];
  if (found.length !== header.match(/^MB_API /gm)!.length) {
    throw new Error("the header declares something that can't be read here");
  }
  return found.map(([, result, name, list]) => ({
    name: name!,
    result: result!.trim(),
    parameters: list!.trim() === "void" ? [] : list!.split(",").map((part) => parameterOf(part)),
  }));
}
