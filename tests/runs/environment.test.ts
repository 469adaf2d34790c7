// The commit of a record: maskbench's own, wherever the copy lies and whoever owns it, and never another repository's.
import assert from "node:assert/strict";
import { join } from "node:path";
import { commitOf, environmentOf, isReproducible } from "../../src/runs/environment.ts";
import { openNative } from "../../src/native/toolchain/setup.ts";
import { describeLibrary } from "../../src/native/mod.ts";

function git(folder: string, ...args: string[]): string {
  const identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
  const { success, stdout, stderr } = new Deno.Command("git", {
    args: ["-C", folder, ...identity, ...args],
  }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

/** A repository with one file and one commit. */
async function repository(): Promise<{ folder: string; head: string }> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  git(folder, "init", "-q");
  await Deno.writeTextFile(join(folder, "file"), "1");
  git(folder, "add", "file");
  git(folder, "commit", "-q", "-m", "x");
  return { folder, head: git(folder, "rev-parse", "HEAD") };
}

const nothing = () => undefined;

Deno.test("commitOf() gives the head of the checkout when it has one, and says that files were changed", async () => {
  const { folder, head } = await repository();
  assert.equal(commitOf(folder, nothing), head);
  await Deno.writeTextFile(join(folder, "file"), "2");
  assert.equal(commitOf(folder, nothing), `${head}-dirty`);
});

Deno.test("commitOf() gives the head when another user owns the checkout", async () => {
  const { folder, head } = await repository();
  if (Deno.uid() !== 0) return; // only the superuser gives files away
  const { success } = new Deno.Command("chown", { args: ["-R", "1001:1001", folder] }).outputSync();
  assert.ok(success);
  assert.equal(commitOf(folder, nothing), head);
});

Deno.test("commitOf() gives no commit when the copy lies in another repository", async () => {
  const { folder } = await repository();
  const copy = join(folder, "copy");
  await Deno.mkdir(copy);
  assert.equal(commitOf(copy, nothing), "unknown");
  const env = (variables: Record<string, string>) => (name: string) => variables[name];
  assert.equal(commitOf(copy, env({ MASKBENCH_COMMIT: "told" })), "told");
  assert.equal(commitOf(copy, env({ GITHUB_SHA: "job", GITHUB_WORKSPACE: copy })), "job");
  assert.equal(commitOf(copy, env({ GITHUB_SHA: "job", GITHUB_WORKSPACE: folder })), "unknown");
});

Deno.test("commitOf() gives the checkout's commit when GIT_DIR names another repository", async () => {
  const ours = await repository(), other = await repository();
  await Deno.writeTextFile(join(other.folder, "more"), "1");
  git(other.folder, "add", "more");
  git(other.folder, "commit", "-q", "-m", "y");
  const code = `import { commitOf } from ${
    JSON.stringify(import.meta.resolve("../../src/runs/environment.ts"))
  };
    console.log(commitOf(${JSON.stringify(ours.folder)}, () => undefined));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", code],
    env: { GIT_DIR: join(other.folder, ".git"), NO_COLOR: "1" },
  }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), ours.head);
});

Deno.test("isReproducible() is false when the kernels in use are others, or one record does not name them", async () => {
  await openNative();
  const environment = environmentOf({ device: "cpu", threads: 1, jobs: 1, blas: "x" });
  assert.equal(environment.instructions, describeLibrary().instructions);
  assert.equal(isReproducible(environment, { ...environment }), true);
  assert.equal(
    isReproducible(environment, { ...environment, instructions: "ATen DEFAULT" }),
    false,
  );
  const { instructions: _, ...older } = environment;
  assert.equal(isReproducible(environment, older), false);
});
