// Modules that a user brings, with algorithms, networks and data sets of their own: loaded once, before anything is read
// that may name what they bring. Only the command line names a module; files stay data.
import { fileURLToPath, pathToFileURL } from "node:url";
import { algorithmRegistry } from "../algorithms/registry.ts";
import { fileExists } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { datasetRegistry } from "../datasets/registry.ts";
import { networkRegistry } from "../networks/registry.ts";
import { moduleDigestOf } from "./digest.ts";
import { checkExports } from "./exports.ts";

/** A module that was loaded. */
export interface UsedModule {
  /** The address of its file. */
  readonly url: string;
  /** SHA-256 of it and of the local files that it imports. */
  readonly digest: string;
}

const used = new Map<string, UsedModule>();

/** All that were loaded, in their order. */
export const usedModules = (): readonly UsedModule[] => [...used.values()];

/** Their paths. */
export const usedModulePaths = (): string[] => [...used.keys()].map((url) => fileURLToPath(url));

/**
 * Loads a module, checks what it exports, and adds that to the registries. A second call does nothing.
 * @param path of the file, absolute
 * @param digest where it is known: of the process that this one works for
 * @param shown how it is called in messages
 * @throws {UserError} where it can't be loaded, exports nothing of use, or a name is taken
 */
export async function useModule(
  path: string,
  digest?: string,
  shown: string = path,
): Promise<void> {
  const url = pathToFileURL(path);
  if (used.has(url.href)) return;
  if (!fileExists(path)) {
    throw new UserError(`${shown} does not exist: expected a module of TypeScript or JavaScript`);
  }
  const known = digest ?? await moduleDigestOf(url, shown);
  const { algorithms = [], networks = [], datasets = [] } = checkExports(
    await importModule(url, shown),
    shown,
  );
  for (const algorithm of algorithms) algorithmRegistry.add(algorithm, known);
  for (const network of networks) networkRegistry.add(network, known);
  for (const dataset of datasets) datasetRegistry.add(dataset, known);
  used.set(url.href, { url: url.href, digest: known });
}

async function importModule(url: URL, shown: string): Promise<Record<string, unknown>> {
  try {
    return await import(url.href);
  } catch (error) {
    const [first] = (error as Error).message.split("\n");
    throw new UserError(`${shown} can't be loaded: ${first}`);
  }
}
