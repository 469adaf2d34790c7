// Claims: of several processes that work off one folder, each run is done by one.
//
// A claim is a file that only one process can create, `DIR/runs/<identity>.claim-0`. Where that process is dead, the next
// claim is `<identity>.claim-1`, which again only one can create, and so on: nothing is ever taken away from anybody, so
// that nobody can be late. A process is dead if the system has released its lock on the file or, where it is of another
// machine, if it has not touched the file for minutes. Whoever got a claim looks once more whether the run is finished.
//
// The claims of dead processes also tell how often the run's process was killed before it had kept anything of it.
import { dirname, join } from "node:path";
import os from "node:os";
import { z } from "zod";
import { createInFolder, refreshFolder, removeFile, WriteError } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { parseJsonAs } from "../base/json.ts";
import { fileKindOf } from "../base/plain_files.ts";
import { plainText } from "../base/text.ts";
import { runsFolder } from "./run_file.ts";

/** Milliseconds between two touches of a claim. */
const TOUCH_INTERVAL = 20_000;

/** Milliseconds after which an untouched claim of another machine is a dead process's. */
export const CLAIM_EXPIRY = 180_000;

/** Bytes of a claim: what is written again must be no shorter than what it replaces. */
const CLAIM_LENGTH = 512;
const MAX_CLAIM_BYTES = 4096;

/** What an empty claim becomes that no process has locked: the process that made it died before it wrote its name. */
const TOMBSTONE = "dead";

const ownerSchema = z.strictObject({
  host: plainText,
  /** A text that differs from those of the other machines that see the folder, even where hosts are called alike. */
  machine: plainText,
  process: z.int().min(0),
  since: z.iso.datetime(),
  /** Whether it has begun to execute the run, and whether it has kept a checkpoint since. */
  progress: z.enum(["none", "begun", "kept"]),
});

/** A process that claims a run, or did. */
export type ClaimOwner = z.infer<typeof ownerSchema>;

/** Who has a run that can't be claimed now. */
export interface ClaimHolder {
  /** Nothing where the claim doesn't say. */
  readonly owner?: ClaimOwner | undefined;
  /** Milliseconds after which the claim is a dead process's if it isn't touched before; nothing where a lock decides. */
  readonly expiresIn?: number;
}

/** A run that is this process's to do, until it is released. */
export class Claim {
  readonly #owner: ClaimOwner;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Fulfilled once the last touch is done: one after the other, as each moves the file's position. */
  #touched = Promise.resolve();

  private constructor(
    readonly folder: string,
    readonly identity: string,
    readonly generation: number,
    owner: ClaimOwner,
    /** The last processes that were killed while they executed the run, and kept nothing of it; in their order. */
    readonly killed: readonly ClaimOwner[],
    /** Open and locked while this process holds the claim. */
    readonly file: Deno.FsFile,
  ) {
    this.#owner = owner;
    this.#timer = setInterval(() => this.#touch(owner), TOUCH_INTERVAL);
    this.#timer.unref();
  }

  /**
   * @returns the holder where another process has it
   * @throws {WriteError} where claims can't be written, or something that is no file has a claim's name
   */
  static async on(folder: string, identity: string): Promise<Claim | ClaimHolder> {
    const owner = ownerNow();
    let killed: ClaimOwner[] = [];
    for (let generation = 0;; generation++) {
      const path = claimPath(folder, identity, generation);
      const file = await createClaim(path, owner);
      if (file) return new Claim(folder, identity, generation, owner, killed, file);
      const found = await lookAt(path);
      if (!found.isDead) return found;
      if (found.owner?.progress === "kept") killed = [];
      if (found.owner?.progress === "begun") killed = [...killed, found.owner];
    }
  }

  /** Says for others how far this process got with the run, in case it is killed. */
  async noteProgress(progress: "begun" | "kept"): Promise<void> {
    this.#owner.progress = progress;
    this.#touch(this.#owner);
    await this.#touched;
  }

  #touch(owner: ClaimOwner): void {
    this.#touched = this.#touched.then(() => touch(this.file, owner)).catch(() => {});
  }

  /** Gives the claim back, and clears dead ones away: from the first on, so that whoever comes meanwhile finds it free. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    for (let generation = 0; generation <= this.generation; generation++) {
      await removeFile(claimPath(this.folder, this.identity, generation));
    }
    await this.#touched;
    this.file.close();
  }
}

const claimPath = (folder: string, identity: string, generation: number) =>
  join(runsFolder(folder), `${identity}.claim-${generation}`);

let machine: string | undefined;

function machineText(): string {
  if (machine) return machine;
  machine = os.hostname();
  try {
    machine += ` ${Deno.readTextFileSync("/etc/machine-id").trim()}`;
  } catch {
    // The name alone has to do.
  }
  return machine;
}

const ownerNow = (): ClaimOwner => ({
  host: os.hostname(),
  machine: machineText(),
  process: Deno.pid,
  since: new Date().toISOString(),
  progress: "none",
});

/** @returns nothing where the claim is there already */
async function createClaim(path: string, owner: ClaimOwner): Promise<Deno.FsFile | undefined> {
  let file: Deno.FsFile;
  try {
    file = await createInFolder(
      dirname(path),
      () => Deno.open(path, { write: true, createNew: true }),
    );
  } catch (error) {
    // Over SFTP it is another error where two try at once.
    const isThere = error instanceof Deno.errors.AlreadyExists ||
      await Deno.lstat(path).then(() => true, () => false);
    if (isThere) return undefined;
    throw error instanceof WriteError
      ? error
      : new WriteError(`${path} can't be written: ${(error as Error).message}`);
  }
  try {
    // Where the file system has no locks, touches alone decide.
    const isLocked = await file.tryLock(true).catch(() => true);
    if (isLocked && (await file.stat()).size === 0) {
      await touch(file, owner);
      return file;
    }
  } catch (error) {
    file.close();
    await removeFile(path);
    throw new WriteError(`${path} can't be written: ${(error as Error).message}`);
  }
  file.close(); // another process found it empty and unlocked, and took it for a dead one's
  return undefined;
}

// The file is written, so that its time is that of the file system's clock, and flushed, so that other machines see it.
async function touch(file: Deno.FsFile, owner: ClaimOwner): Promise<void> {
  await writeAtStart(file, new TextEncoder().encode(JSON.stringify(owner).padEnd(CLAIM_LENGTH)));
  await file.syncData();
}

async function writeAtStart(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  await file.seek(0, Deno.SeekMode.Start);
  await file.write(bytes);
}

interface FoundClaim extends ClaimHolder {
  readonly isDead: boolean;
}

async function lookAt(path: string): Promise<FoundClaim> {
  try {
    const info = await Deno.lstat(path);
    if (!info.isFile || info.size > MAX_CLAIM_BYTES) {
      const found = info.isFile ? `a file of ${info.size} bytes` : fileKindOf(info);
      throw new WriteError(`${path} is ${found}, where the claim of a run is to be: remove it`);
    }
    using file = await Deno.open(path, { read: true, write: true });
    return await lookInto(file, path);
  } catch (error) {
    // It was released just now: the next look finds it free.
    if (error instanceof Deno.errors.NotFound) return { isDead: false };
    if (error instanceof WriteError) throw error;
    throw new WriteError(`${path} can't be read: ${(error as Error).message}`);
  }
}

async function lookInto(file: Deno.FsFile, path: string): Promise<FoundClaim> {
  const { mtime } = await file.stat(), bytes = await Deno.readFile(path);
  const text = new TextDecoder().decode(bytes), owner = ownerOf(text);
  if (text === TOMBSTONE) return { isDead: true };
  // Empty it is just being made, or its process died before it wrote; another text is of another machine.
  if (text === "" || owner?.machine === machineText()) {
    try { // a lock taken here is released when the file is closed
      if (!await file.tryLock(true)) return { isDead: false, owner };
      const isEmpty = (await file.stat()).size === 0;
      if (isEmpty) await writeAtStart(file, new TextEncoder().encode(TOMBSTONE));
      return { isDead: true, owner };
    } catch {
      // The file system has no locks.
    }
  }
  const age = await refreshFolder(dirname(path)) - (mtime?.getTime() ?? 0);
  if (age >= CLAIM_EXPIRY) return { isDead: true, owner };
  // A clock was set back: the same byte again dates it now, so that it expires like others.
  if (age < 0) {
    await writeAtStart(file, bytes.length > 0 ? bytes.subarray(0, 1) : Uint8Array.of(32));
  }
  return { isDead: false, owner, expiresIn: CLAIM_EXPIRY - Math.max(0, age) };
}

function ownerOf(text: string): ClaimOwner | undefined {
  const refusal = () => new UserError("is no claim");
  try {
    return parseJsonAs(ownerSchema, text, { noJson: refusal, invalid: refusal });
  } catch {
    return undefined;
  }
}

/** Whether some process that claimed the run has touched its claim lately. @param now by the folder's clock */
export async function isClaimAlive(
  folder: string,
  identity: string,
  now: number,
): Promise<boolean> {
  for (let generation = 0;; generation++) {
    const found = await Deno.lstat(claimPath(folder, identity, generation)).catch(() => undefined);
    if (!found) return false;
    const isLate = Math.abs(now - (found.mtime?.getTime() ?? 0)) >= CLAIM_EXPIRY;
    if (found.isFile && !isLate) return true;
  }
}
