// The digest of the sources that compute: a checkpoint of other sources is not gone on from.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a run's bytes are made by; all else only starts runs, or reads what they leave. */
const computing = [
  ...["deno.lock", "native/CMakeLists.txt", "native/include", "native/src", "src/algorithms"],
  ...["src/base", "src/datasets", "src/native", "src/networks", "src/training"],
];

let known: string | undefined;

/** SHA-256 over the names and bytes of those files, 64 hexadecimal digits. */
export function sourcesDigest(): string {
  known ??= sourcesDigestOf(root);
  return known;
}

/** The same for another copy of maskbench. @param folder its root */
export function sourcesDigestOf(folder: string): string {
  const hash = createHash("sha256");
  const add = (path: string) => {
    if (Deno.statSync(join(folder, path)).isDirectory) {
      const names = [...Deno.readDirSync(join(folder, path))].map(({ name }) => name).sort();
      for (const name of names) add(`${path}/${name}`);
    } else {
      const bytes = Deno.readFileSync(join(folder, path));
      hash.update(`${path} ${bytes.length}\n`).update(bytes);
    }
  };
  for (const path of computing) add(path);
  return hash.digest("hex");
}
