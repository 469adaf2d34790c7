// Claims: of several processes that work off one folder, each run is done by one.
//
// A claim is a file that only one process can create, `DIR/runs/<identity>.claim-0`. Where that process is dead, the next
// claim is `<identity>.claim-1`, which again only one can create, and so on: nothing is ever taken away from anybody, so
// that nobody can be late. A process is dead if the system has released its lock on the file or, where it is of another
// machine, if it has not touched the file for minutes. Whoever got a claim looks once more whether the run is finished.
import { dirname, join } from "node:path";
import os from "node:os";
import { createInFolder, refreshFolder, removeFile, WriteError } from "../base/atomic_files.ts";
import { runsFolder } from "./run_file.ts";

/** Milliseconds between two touches of a claim. */
const TOUCH_INTERVAL = 20_000;

/** Milliseconds after which an untouched claim of another machine is a dead process's. */
export const CLAIM_EXPIRY = 180_000;

/** A run that is this process's to do, until it is released. */
export class Claim {
  readonly #touching: ReturnType<typeof setInterval>;

  private constructor(
    readonly folder: string,
    readonly identity: string,
    readonly generation: number,
    /** Open and locked while this process holds the claim. */
    readonly file: Deno.FsFile,
  ) {
    this.#touching = setInterval(() => void touch(file).catch(() => {}), TOUCH_INTERVAL);
    this.#touching.unref();
  }

  /** @returns nothing where another process has it. @throws {WriteError} where claims can't be written */
  static async on(folder: string, identity: string): Promise<Claim | undefined> {
    for (let generation = 0;; generation++) {
      const path = claimPath(folder, identity, generation);
      try {
        const file = await createInFolder(
          runsFolder(folder),
          () => Deno.open(path, { write: true, createNew: true }),
        );
        try {
          await file.tryLock(true).catch(() => {}); // where the file system has no locks, touches alone decide
          await touch(file);
        } catch (error) {
          file.close();
          await removeFile(path);
          throw error;
        }
        return new Claim(folder, identity, generation, file);
      } catch (error) {
        // Over SFTP it is another error where two try at once.
        const isThere = error instanceof Deno.errors.AlreadyExists ||
          await Deno.stat(path).then(() => true, () => false);
        if (!isThere) {
          throw error instanceof WriteError
            ? error
            : new WriteError(`${path} can't be written: ${(error as Error).message}`);
        }
      }
      if (await isHeld(path)) return undefined;
    }
  }

  /** Gives the claim back, and clears dead ones away: from the first on, so that whoever comes meanwhile finds it free. */
  async release(): Promise<void> {
    clearInterval(this.#touching);
    for (let generation = 0; generation <= this.generation; generation++) {
      await removeFile(claimPath(this.folder, this.identity, generation));
    }
    this.file.close();
  }
}

const claimPath = (folder: string, identity: string, generation: number) =>
  join(runsFolder(folder), `${identity}.claim-${generation}`);

let machine: string | undefined;

/** A text that differs from those of the other machines that see the folder. */
function thisMachine(): string {
  if (machine) return machine;
  machine = os.hostname();
  try {
    machine += ` ${Deno.readTextFileSync("/etc/machine-id").trim()}`;
  } catch {
    // The name alone has to do.
  }
  return machine;
}

// The file is written, so that its time is that of the file system's clock, and flushed, so that other machines see it.
async function touch(file: Deno.FsFile): Promise<void> {
  await file.seek(0, Deno.SeekMode.Start);
  await file.write(new TextEncoder().encode(thisMachine()));
  await file.syncData();
}

async function isHeld(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path, { read: true, write: true });
    const { mtime } = await file.stat();
    if (await Deno.readTextFile(path) === thisMachine()) { // else it is another machine's, or just being made
      try {
        return !await file.tryLock(true); // a lock taken here is released when the file is closed
      } catch {
        // The file system has no locks.
      }
    }
    return await refreshFolder(dirname(path)) - (mtime?.getTime() ?? 0) < CLAIM_EXPIRY;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true; // it was released just now: the next look finds it free
    throw error;
  }
}

/** Whether some process that claimed the run has touched its claim lately. @param now by the folder's clock */
export async function isClaimAlive(
  folder: string,
  identity: string,
  now: number,
): Promise<boolean> {
  for (let generation = 0;; generation++) {
    const found = await Deno.stat(claimPath(folder, identity, generation)).catch(() => undefined);
    if (!found) return false;
    if (now - (found.mtime?.getTime() ?? 0) < CLAIM_EXPIRY) return true;
  }
}
