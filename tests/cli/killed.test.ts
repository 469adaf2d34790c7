// Whatever happens to a sweep on the way, the same command ends with the bytes of one that nothing happened to.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { randomNumbersOf } from "../../src/base/random_numbers.ts";
import { decodeTensors, encodeTensors, tensorsChecksumOf } from "../../src/base/safetensors.ts";
import { maskbench, send, start } from "./maskbench.ts";
import { kinds, lasting, withSweep } from "./sweeps.ts";

/** Kills that the test gives, at least; more until enough of them have hit runs under way, which a busy machine delays. */
const KILLS = 30, MOST_KILLS = 300;

// Some runs are killed twice before they keep anything, which counts as a failure and is tried again only if asked for.
const bench = (file: string, out: string) => ["bench", file, "--out", out, "--retry"];

/** Reads what a process says on standard error, to its end. */
async function said(child: Deno.ChildProcess, hear: (all: string) => void = () => {}) {
  const stdout = child.stdout.cancel();
  let all = "";
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) hear(all += part);
  await stdout;
  return { all, ...await child.status };
}

Deno.test("bench gives the bytes of an undisturbed sweep when it is killed at 30 random instants", async () => {
  await withSweep({}, async (file, folder) => {
    const begin = performance.now(), whole = join(folder, "whole");
    assert.equal((await maskbench(bench(file, whole))).code, 0);
    const expected = await lasting(whole), takes = performance.now() - begin;

    const random = randomNumbersOf(7);
    let kills = 0, reach = 0.7 * takes; // shorter with every start that ends before it is killed
    const cut = { checkpoints: 0, claims: 0 };
    const hit = () => cut.checkpoints > 5 && cut.claims > 10;
    const goesOn = () => kills < KILLS || !hit() && kills < MOST_KILLS;
    for (let round = 0; goesOn(); round++, reach = reach < 0.2 * takes ? takes : 0.7 * reach) {
      const out = join(folder, `round-${round}`);
      for (;;) {
        const child = start(bench(file, out)), delay = reach * random();
        const timer = setTimeout(() => send(child, "SIGKILL"), goesOn() ? delay : 2 ** 31 - 1);
        const { signal, all } = await said(child);
        clearTimeout(timer);
        if (signal !== "SIGKILL") break;
        assert.doesNotMatch(all, /set aside/);
        kills++;
        const left = await Array.fromAsync(Deno.readDir(join(out, "runs"))).catch(() => []);
        cut.checkpoints += left.filter(({ name }) => name.endsWith(".safetensors")).length;
        cut.claims += left.filter(({ name }) => name.includes(".claim-")).length;
      }
      assert.deepEqual(await lasting(out), expected);
    }
    assert.ok(hit(), JSON.stringify(cut));
  });
});

Deno.test("bench does each run once when four share a folder and one is killed", async () => {
  await withSweep({ seeds: [1, 2], epochs: 2 }, async (file, folder) => {
    const whole = join(folder, "whole"), out = join(folder, "out");
    const one = ["--jobs", "1", "--threads", "1"];
    assert.equal((await maskbench([...bench(file, whole), ...one])).code, 0);
    const finished = (all: string) =>
      [...all.matchAll(/^\s*\d+\/\d+ {2}(.*): accuracy/gm)].map(([, label]) => label);
    // One that is killed in its second run, of which there is a checkpoint, and three that see the sweep through.
    const four = Array.from({ length: 4 }, () => start([...bench(file, out), ...one]));
    const [killed, ...others] = await Promise.all(four.map((child, i) =>
      said(child, (all) => {
        if (i === 0 && finished(all).length === 1) send(child, "SIGKILL");
      })
    ));
    assert.equal(killed!.signal, "SIGKILL");
    const done = [killed!, ...others].flatMap(({ all }) => finished(all));
    assert.equal(done.length, new Set(done).size, "a run was done twice");
    assert.equal(done.length, 6, "a run was left out, or not told");
    for (const { code, all } of others) assert.equal(code, 0, all);
    assert.deepEqual(await lasting(out), await lasting(whole));
  });
});

Deno.test("bench stops after a step, keeps it, and says how to go on, when it gets SIGINT, SIGTERM or SIGHUP", async () => {
  await withSweep({ epochs: 8 }, async (file, folder) => {
    const out = join(folder, "out"), args = [...bench(file, out), "--jobs", "2"];
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
      const begin = Date.now(), child = start(args);
      let sent = false;
      const timer = setInterval(() => {
        // Once both have kept an epoch of this start.
        if (sent || checkpointsSince(out, begin) < 2) return;
        sent = true;
        send(child, signal);
      }, 20);
      const { all, ...status } = await said(child);
      clearInterval(timer);
      assert.deepEqual([status.code, status.signal], [code, null], all);
      assert.match(all, /stopping after the steps under way \(once more: at once\)/);
      assert.match(
        all,
        /stopped: 0 of 3 runs are finished, and 2 more are kept as far as they got, in .*; the same/,
      );
      assert.deepEqual(kinds(out), [".checkpoint.safetensors", ".checkpoint.safetensors"]);
    }
    assert.equal((await maskbench(args)).code, 0);
    assert.deepEqual(kinds(out), [".json", ".json", ".json"]);
    const whole = join(folder, "whole");
    assert.equal((await maskbench([...bench(file, whole), "--jobs", "2"])).code, 0);
    assert.deepEqual(await lasting(out), await lasting(whole));
  });
});

Deno.test("bench ends at once when it gets a second Ctrl-C", async () => {
  await withSweep({ networks: ["conv8"], batchSize: 512, epochs: 50 }, async (file, folder) => {
    const out = join(folder, "out"), child = start([...bench(file, out), "--jobs", "1"]);
    const timer = setInterval(() => {
      if (!safely(out).includes(".claim-0")) return;
      clearInterval(timer);
      setTimeout(() => send(child, "SIGINT"), 3000); // within a long step
    }, 20);
    let again = false;
    const { code, signal, all } = await said(child, (all) => {
      if (again || !all.includes("stopping")) return;
      again = true;
      setTimeout(() => send(child, "SIGINT"), 350);
    });
    assert.deepEqual([code, signal], [130, null], all);
  });
});

function checkpointsSince(out: string, begin: number): number {
  const names = safely(out).length === 0 ? [] : [...Deno.readDirSync(join(out, "runs"))];
  return names.filter(({ name }) => {
    if (!name.endsWith(".safetensors") || name.startsWith(".")) return false;
    return (Deno.statSync(join(out, "runs", name)).mtime?.getTime() ?? 0) > begin;
  }).length;
}

function safely(out: string): string[] {
  try {
    return kinds(out);
  } catch {
    return [];
  }
}

Deno.test("bench sets a checkpoint aside, and begins its run again, when it is cut short, changed or of another processor", async () => {
  await withSweep(
    { epochs: 4, algorithms: [{ name: "sbp" }] },
    async (file, folder) => {
      const out = join(folder, "out"), whole = join(folder, "whole");
      assert.equal((await maskbench(bench(file, whole))).code, 0);
      const child = start(bench(file, out));
      const timer = setInterval(() => {
        if (!safely(out).some((kind) => kind.endsWith(".safetensors"))) return;
        clearInterval(timer);
        send(child, "SIGKILL");
      }, 20);
      await said(child);
      clearInterval(timer);
      const [name] = [...Deno.readDirSync(join(out, "runs"))].map(({ name }) => name)
        .filter((name) => name.endsWith(".safetensors"));
      const path = join(out, "runs", name!), bytes = await Deno.readFile(path);
      const changed = bytes.slice();
      changed[changed.length - 100]! ^= 1;
      const text = new TextDecoder("latin1").decode(bytes);
      const other = Uint8Array.from(
        text.replace(/\\"threads\\":\d/, '\\"threads\\":7'),
        (sign) => sign.charCodeAt(0),
      );
      assert.equal(other.length, bytes.length);
      // Whole as a file, and yet of no such run: only its making shows it.
      const { tensors, metadata: { checksum: _, ...metadata } } = decodeTensors(bytes);
      const standing = JSON.stringify({ ...JSON.parse(metadata.standing!), step: 1_000_000 });
      const forged = { ...metadata, standing };
      const late = encodeTensors({
        tensors,
        metadata: { ...forged, checksum: tensorsChecksumOf(tensors, forged) },
      });
      const cases: [Uint8Array, RegExp][] = [
        [late, /is set aside, .*: it is of step 1000000 in epoch/],
        [
          bytes.subarray(0, bytes.length - 1),
          /is set aside, and its run begins again: it is no safetensors/,
        ],
        [new Uint8Array(0), /is set aside, .*: 0 bytes/],
        [changed, /is set aside, .*: it is damaged: its checksum is another/],
        [other, /is set aside, .*: it is damaged/],
      ];
      for (const [content, message] of cases) {
        await Deno.remove(join(out, "runs"), { recursive: true });
        await Deno.mkdir(join(out, "runs"));
        await Deno.writeFile(path, content);
        const { code, error } = await maskbench(bench(file, out));
        assert.equal(code, 0, error);
        assert.match(error, message);
        assert.deepEqual(await lasting(out), await lasting(whole));
      }
      // Whole, but of two threads: one run alone has both processors.
      await Deno.remove(join(out, "runs"), { recursive: true });
      await Deno.mkdir(join(out, "runs"));
      await Deno.writeFile(path, bytes);
      const { error } = await maskbench([...bench(file, out), "--threads", "1"]);
      assert.match(error, /is set aside, .*: it was made with threads 2, now it is 1/);
      assert.deepEqual(kinds(out), [".json"]);
    },
  );
});
