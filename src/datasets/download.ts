// Downloading a data set: its files are fetched whole, checked, and only then put in their place.
import { basename, join } from "node:path";
import { UserError } from "../base/errors.ts";
import { sha256 } from "./checksum.ts";
import { DatasetError, type Download } from "./dataset.ts";
import { datasets, sourceOf } from "./registry.ts";

/** How far a download is. */
export interface DownloadProgress {
  /** Name of the file under way. */
  readonly file: string;
  /** Bytes so far and in all; `total` is `NaN` where the server does not say. */
  readonly bytes: number;
  readonly total: number;
}

/** Where a data set is looked for, and who follows its download. */
export interface FetchOptions {
  /** Folders in which it may be already. */
  readonly folders: readonly string[];
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/**
 * Downloads a data set to a folder, unless one of `folders` has it already.
 * @returns a sentence that says what was done
 * @throws {DatasetError} if it can't be fetched, or what came is not what it should be; nothing is left then
 */
export async function fetchDataset(
  name: string,
  folder: string,
  options: FetchOptions,
): Promise<string> {
  const source = sourceOf(name), { download } = source;
  if (!download) {
    const known = datasets.filter(({ download }) => download).map(({ name }) => name);
    throw new UserError(
      name === "shapes"
        ? "shapes is drawn by code, there is nothing to download"
        : `${name} has no address to download it from, only ${known.slice(0, -1).join(", ")} and ${
          known.at(-1)
        } have`,
    );
  }
  const searched = [folder, ...options.folders.filter((other) => other !== folder)];
  for (const searchedFolder of searched) {
    try {
      if ((await source.load([searchedFolder])).name === name) {
        return `${name} is in ${searchedFolder} already`;
      }
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error; // it is not there, or damaged: it is fetched again
    }
  }
  await fetchFiles(download, folder, options.onProgress);
  await source.load([folder]);
  return `${name} is in ${join(folder, download.folder)}, all checksums right`;
}

/** Milliseconds without a byte after which a server is given up. */
const SERVER_PATIENCE = 60_000;

/** Fetches all files of a download, and puts them in place when all of them are right. */
export async function fetchFiles(
  download: Download,
  folder: string,
  onProgress: (progress: DownloadProgress) => void = () => {},
  patience = SERVER_PATIENCE,
): Promise<void> {
  const home = join(folder, download.folder);
  const temporary = join(folder, `.${download.folder}-${crypto.randomUUID()}`);
  try {
    await Deno.mkdir(temporary, { recursive: true });
    for (const { url, sha256: expected, maxBytes, check } of download.files) {
      const bytes = await fetchBytes(url, maxBytes, patience, onProgress);
      if (expected !== undefined && sha256(bytes) !== expected) {
        throw new DatasetError(
          `${url} has the wrong checksum (${bytes.length} bytes, SHA-256 ` +
            `${sha256(bytes).slice(0, 12)}…, expected ${expected.slice(0, 12)}…): try again`,
        );
      }
      for (const file of await check(bytes, url)) {
        await Deno.writeFile(join(temporary, file.name), file.bytes);
      }
    }
    await Deno.mkdir(home, { recursive: true });
    for (const { name } of Deno.readDirSync(temporary)) {
      await Deno.rename(join(temporary, name), join(home, name));
    }
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(`${home} can't be written: ${(error as Error).message}`);
  } finally {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
  }
}

async function fetchBytes(
  url: string,
  maxBytes: number,
  patience: number,
  onProgress: (progress: DownloadProgress) => void,
): Promise<Uint8Array> {
  const silence = new AbortController();
  const giveUp = () => silence.abort(new Error(`no byte came for ${patience / 1000} s, try again`));
  let clock = setTimeout(giveUp, patience);
  using _ = { [Symbol.dispose]: () => clearTimeout(clock) };
  const file = basename(new URL(url).pathname);
  const fail = (why: string) => new DatasetError(`${url} can't be downloaded: ${why}`);
  let response: Response;
  try {
    response = await fetch(url, { signal: silence.signal });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw fail('this command may not use the network, "deno task data" may');
    }
    const { message, cause } = error as Error; // the cause says more: no such host, no route, refused
    throw fail(cause instanceof Error ? cause.message : message);
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw fail(`the server answered ${response.status} ${response.statusText}`);
  }
  // A server that compresses its answer gives the compressed length.
  const packed = response.headers.has("content-encoding");
  const total = packed ? NaN : Number(response.headers.get("content-length") ?? NaN);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of response.body) {
      clearTimeout(clock);
      clock = setTimeout(giveUp, patience);
      bytes += part.length;
      if (bytes > maxBytes) throw fail(`it has more than ${maxBytes} bytes`);
      parts.push(part);
      onProgress({ file, bytes, total });
    }
  } catch (error) {
    throw error instanceof DatasetError ? error : fail((error as Error).message);
  }
  if (!Number.isNaN(total) && bytes !== total) {
    throw fail(`it ended after ${bytes} of ${total} bytes, try again`);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}
