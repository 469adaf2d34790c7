// The digest of a module that a user brings: it and every local file that it imports, and the versions of the packages.
import { createHash } from "node:crypto";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../base/errors.ts";
import { readPlainFile } from "../base/plain_files.ts";

const home = new URL("../..", import.meta.url);

/** Bytes of a source file; more is none. */
const MAX_SOURCE_BYTES = 16 << 20;

/** What an import leads to, or why it leads nowhere. */
interface ModuleImport {
  readonly specifier?: string;
  readonly error?: string;
}

interface ModuleGraph {
  readonly roots: readonly string[];
  readonly redirects?: Readonly<Record<string, string>>;
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly { readonly code?: ModuleImport }[];
  }[];
}

/**
 * SHA-256 over a module and all that it imports itself, maskbench's own files aside, which the commit and the versions tell.
 * Deno itself says what that is, so that no form of import is missed.
 * @param shown how the module is called in messages
 * @throws {UserError} where a file is missing, or can't be parsed
 */
export async function moduleDigestOf(url: URL, shown: string): Promise<string> {
  // Where no process may be started no run is either, and all that a module brings is a name and a mark.
  if ((await Deno.permissions.query({ name: "run" })).state !== "granted") return "0".repeat(64);
  const graph = await graphOf(url, shown);
  const byName = new Map(graph.modules.map((module) => [module.specifier, module]));
  const reached = new Set<string>();
  const visit = (name: string) => {
    const target = graph.redirects?.[name] ?? name;
    if (reached.has(target) || isOwn(target)) return;
    reached.add(target);
    const module = byName.get(target);
    if (module?.error !== undefined) {
      throw new UserError(`${shown} can't be loaded: ${sentenceOf(module.error)}`);
    }
    for (const { code } of module?.dependencies ?? []) {
      if (code?.error !== undefined) throw unresolvedError(shown, code.error);
      if (code?.specifier !== undefined) visit(code.specifier);
    }
  };
  visit(url.href);
  const hash = createHash("sha256");
  for (const name of [...reached].sort()) {
    if (!name.startsWith("file:")) { // a package, with its version
      hash.update(`${name}\0`);
      continue;
    }
    const path = fileURLToPath(name), place = relative(dirname(fileURLToPath(url)), path);
    const bytes = await readPlainFile(path, MAX_SOURCE_BYTES);
    hash.update(`${place}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

// What only a user's own deno.json knows would be missing in the digest.
function unresolvedError(shown: string, error: string): UserError {
  const [, imported] = /^Import "([^"]*)"/.exec(error) ?? [];
  if (imported === undefined) {
    return new UserError(`${shown} can't be loaded: ${sentenceOf(error)}`);
  }
  return new UserError(
    `${shown} can't be loaded: it imports ${
      JSON.stringify(imported)
    }, which maskbench does not bring: expected ` +
      `"npm:${imported}@VERSION", a path, "@maskbench/maskbench" or "zod"`,
  );
}

// The first line, and the last, which says where: what is between them draws the place.
function sentenceOf(message: string): string {
  const lines = message.trim().split("\n"), place = /:(\d+):(\d+)$/.exec(lines.at(-1)!);
  const first = lines[0]!.replace(/^SyntaxError: /, "");
  return place && lines.length > 1 ? `${first} at line ${place[1]}, column ${place[2]}` : first;
}

// Its own sources, but not its examples and tests, which are as anybody's.
function isOwn(specifier: string): boolean {
  return ["src/", "mod.ts", "deno.json", "bench/"].some((part) =>
    specifier.startsWith(new URL(part, home).href)
  );
}

async function graphOf(url: URL, shown: string): Promise<ModuleGraph> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--config", fileURLToPath(new URL("deno.json", home)), url.href],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    const reason = decoder.decode(stderr).trim().replace(/^error: /, "").split("\n")[0];
    throw new UserError(`${shown} can't be loaded: ${reason}`);
  }
  return JSON.parse(decoder.decode(stdout));
}
