// NumPy, as an independent writer and reader of arrays.
import assert from "node:assert/strict";

const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";

/** What to add to a test's name where there is no NumPy; nothing where there is. */
export const withoutNumpy: string = await new Deno.Command(python, {
    args: ["-c", "import numpy"],
    stdout: "null",
    stderr: "null",
  }).output().then(({ success }) => success, () => false)
  ? ""
  : " (skipped: python3 has no NumPy)";

/** Runs a script with NumPy as `np` in a folder. @returns what it prints, as JSON */
export async function numpy(folder: string, script: string): Promise<unknown> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: ["-c", `import hashlib, json, numpy as np\n${script}`],
    cwd: folder,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout) || "null");
}
