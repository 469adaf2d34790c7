// Removing what killed processes leave among run files and tickets, and nobody needs.
import { join } from "node:path";
import { namesIn, removeFile } from "../base/atomic_files.ts";
import { runsFolder } from "../runs/run_file.ts";
import { ticketsFolder } from "../tickets/ticket.ts";

/** Milliseconds after which a temporary file is a dead process's: nothing takes so long to write. */
const TEMPORARY_FILE_EXPIRY = 3600_000;

/** The name of a temporary file; its first group is the name that the file was to get. */
const temporaryName = /^\.(.+)\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Names of a run's other files; the first group is its identity. */
const companionName = /^([0-9a-f]{64})\.(claim-\d+|checkpoint\.safetensors(\.aside)?|failed)$/;
/** Names of a run's files that are written under a temporary name first. */
const atomicName = /^([0-9a-f]{64})\.(json|checkpoint\.safetensors|failed)$/;

/**
 * Removes files half written, and whatever belongs to a run that is finished. Where the process that finished it still
 * lives it is about to do the same, and whoever claims the run now finds it finished.
 * @param unfinished identities of runs without a valid file
 */
export async function removeLeftovers(
  folder: string,
  unfinished: ReadonlySet<string>,
): Promise<void> {
  const names = await namesIn(runsFolder(folder));
  const present = new Set(names);
  for (const name of names) {
    const path = join(runsFolder(folder), name);
    const finalName = temporaryName.exec(name)?.[1];
    const isTemporary = finalName !== undefined;
    const run = (isTemporary ? atomicName.exec(finalName) : companionName.exec(name))?.[1];
    const isOfFinishedRun = run !== undefined && present.has(`${run}.json`) && !unfinished.has(run);
    if (isOfFinishedRun || isTemporary && await isExpired(path)) await tryToRemove(path);
  }
  const tickets = ticketsFolder(folder);
  for (const name of await namesIn(tickets)) {
    // The ticket of a finished run may be under way: it is made where it is missing.
    const path = join(tickets, name);
    if (temporaryName.test(name) && await isExpired(path)) await tryToRemove(path);
  }
}

// A leftover that stays takes space on the disk and does no harm.
const tryToRemove = (path: string) => removeFile(path).catch(() => {});

async function isExpired(path: string): Promise<boolean> {
  const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
  return mtime !== null && Date.now() - mtime.getTime() > TEMPORARY_FILE_EXPIRY;
}
