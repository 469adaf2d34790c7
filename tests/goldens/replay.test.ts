// Golden trajectories, computed elsewhere in plain PyTorch, replay; and a golden that was tampered with does not.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../src/base/errors.ts";
import { readGolden } from "../../src/goldens/golden.ts";
import { replayGolden, replayGoldens } from "../../src/goldens/replay.ts";
import { device } from "../library.ts";

const own = new URL(".", import.meta.url).pathname;
const shared = Deno.env.get("MASKBENCH_GOLDENS");

const foldersOf = (root: string) =>
  [...Deno.readDirSync(root)].filter((entry) => entry.isDirectory).map(({ name }) =>
    join(root, name)
  );

for (const folder of foldersOf(own)) {
  Deno.test(`replayGoldens() passes when the trajectory is ${folder.slice(own.length + 1)}`, async () => {
    for (const threads of [1, 2]) {
      const replayed = await replayGoldens(folder, device, threads);
      assert.ok(replayed.passed, JSON.stringify(replayed));
    }
  });
}

Deno.test({
  name: "replayGoldens() passes when the trajectories are those of MASKBENCH_GOLDENS" +
    (shared ? "" : " (skipped: it is not set)"),
  ignore: !shared,
  fn: async () => {
    const folders = foldersOf(shared!);
    assert.ok(folders.length > 0, `${shared} holds no golden`);
    for (const folder of folders) {
      const replayed = await replayGoldens(folder, device, 2);
      assert.ok(replayed.passed, `${folder}: ${JSON.stringify(replayed)}`);
    }
  },
});

Deno.test("replayGolden() fails when loss, score or mask differs beyond tolerance", async () => {
  const golden = await readGolden(join(own, "sbp-conv-global"));
  const { manifest } = golden;
  const losses = manifest.losses.with(4, manifest.losses[4]! + 2e-4);
  assert.equal(
    replayGolden({ ...golden, manifest: { ...manifest, losses } }, device).passed,
    false,
  );
  const finalScores = golden.finalScores.with(7, golden.finalScores[7]! + 2e-5);
  assert.equal(replayGolden({ ...golden, finalScores }, device).passed, false);
  const finalMask = golden.finalMask.with(7, 1 - golden.finalMask[7]!);
  assert.equal(replayGolden({ ...golden, finalMask }, device).passed, false);
  const rate = { ...manifest, learning_rate: manifest.learning_rate * 1.01 };
  assert.equal(replayGolden({ ...golden, manifest: rate }, device).passed, false);
});

Deno.test("readGolden() names the file and what is expected when a folder is no golden", async () => {
  const folder = await Deno.makeTempDir();
  const refused = (text: RegExp) =>
    assert.rejects(
      replayGoldens(folder, device),
      (error) => error instanceof UserError && text.test(error.message),
    );
  const source = join(own, "edge-popup-mlp-global");
  try {
    await refused(/manifest\.json is missing/);
    await Deno.writeTextFile(join(folder, "manifest.json"), "{");
    await refused(/manifest\.json is no JSON/);
    const manifest = JSON.parse(await Deno.readTextFile(join(source, "manifest.json")));
    const write = (changes: Record<string, unknown>) =>
      Deno.writeTextFile(
        join(folder, "manifest.json"),
        JSON.stringify({ ...manifest, ...changes }),
      );
    await write({ algorithm: "magic" });
    await refused(/algorithm/);
    await write({ steps: 9 });
    await refused(/10 losses .* expected 9 each/);
    await write({});
    await refused(/weights\.f32\.bin is missing/);
    for (const { name } of Deno.readDirSync(source)) {
      if (name.endsWith(".bin")) await Deno.copyFile(join(source, name), join(folder, name));
    }
    assert.equal((await replayGoldens(folder, device)).passed, true);
    await Deno.truncate(join(folder, "images.f32.bin"), 100);
    await refused(/images\.f32\.bin has 100 bytes, expected 8640/);
    await Deno.truncate(join(folder, "images.f32.bin"), 2 ** 42); // no memory has room for it
    await refused(/images\.f32\.bin has 4398046511104 bytes, expected at most 8640/);
    await Deno.truncate(join(folder, "manifest.json"), 2 ** 42);
    await refused(/manifest\.json has 4398046511104 bytes, expected at most 67108864/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
