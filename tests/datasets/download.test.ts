// Downloads from a server of this test's own: what comes whole and right is put in place, all else leaves nothing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../src/base/errors.ts";
import { sha256 } from "../../src/datasets/checksum.ts";
import { DatasetError, type Download } from "../../src/datasets/dataset.ts";
import { type DownloadProgress, fetchDataset, fetchFiles } from "../../src/datasets/download.ts";
import { withFolder } from "../cli/maskbench.ts";

const content = new TextEncoder().encode("the pictures");

type Handler = (path: string) => Response;

async function withServer(handler: Handler, body: (url: string) => Promise<void>) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => handler(new URL(request.url).pathname),
  );
  try {
    await body(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

const download = (url: string, change: Partial<Download["files"][number]> = {}): Download => ({
  folder: "set",
  files: [{
    url: `${url}/pictures.bin`,
    sha256: sha256(content),
    maxBytes: 1000,
    check: (bytes) => Promise.resolve([{ name: "pictures", bytes }]),
    ...change,
  }],
});

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

Deno.test("fetchFiles() puts files in place, and reports progress, when they come whole", async () => {
  const serve = () => new Response(content, { headers: { "content-length": `${content.length}` } });
  await withServer(serve, (url) =>
    withFolder(async (folder) => {
      const told: DownloadProgress[] = [];
      await fetchFiles(download(url), folder, (progress) => told.push(progress));
      assert.deepEqual(names(folder), ["set"]);
      assert.deepEqual(await Deno.readFile(join(folder, "set/pictures")), content);
      const last = { file: "pictures.bin", bytes: content.length, total: content.length };
      assert.deepEqual(told.at(-1), last);
    }));
});

Deno.test("fetchFiles() accepts an answer when it is packed and so has another length", async () => {
  const packed = new Response(content).body!.pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const headers = { "content-encoding": "gzip", "content-length": `${bytes.length}` };
  await withServer(() => new Response(bytes, { headers }), (url) =>
    withFolder(async (folder) => {
      await fetchFiles(download(url), folder);
      assert.deepEqual(await Deno.readFile(join(folder, "set/pictures")), content);
    }));
});

Deno.test("fetchFiles() names the address, and leaves nothing, when an answer is wrong", async () => {
  const cut = () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(content.subarray(0, 5));
        controller.close();
      },
    });
  const cases: [Handler, Partial<Download["files"][number]>, RegExp][] = [
    [() => new Response("no", { status: 404 }), {}, /can't be downloaded: the server answered 404/],
    [() => new Response("other"), {}, /pictures\.bin has the wrong checksum \(5 bytes/],
    [() => new Response(content), { maxBytes: 3 }, /can't be downloaded: it has more than 3 bytes/],
    [
      () => new Response(cut(), { headers: { "content-length": "12" } }),
      {},
      /can't be downloaded: /,
    ],
    [
      () => new Response(content),
      { check: () => Promise.reject(new DatasetError("pictures.bin is damaged")) },
      /pictures\.bin is damaged/,
    ],
  ];
  for (const [handler, change, expected] of cases) {
    await withServer(handler, (url) =>
      withFolder(async (folder) => {
        await assert.rejects(fetchFiles(download(url, change), folder), (error) => {
          assert.ok(error instanceof DatasetError, String(error));
          assert.match(error.message, expected);
          return true;
        });
        assert.deepEqual(names(folder), []);
      }));
  }
});

Deno.test("fetchDataset() throws one sentence when there is no server, folder or data set", async () => {
  await withFolder(async (folder) => {
    const closed = "http://127.0.0.1:1";
    await assert.rejects(
      fetchFiles(download(closed), folder),
      /127\.0\.0\.1.* can't be downloaded/,
    );
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    await assert.rejects(fetchFiles(download(closed), file), /can't be written: /);
    const fetching = (name: string) => fetchDataset(name, folder, { folders: [] });
    await assert.rejects(fetching("shapes"), /UserError: shapes is drawn by code/);
    await assert.rejects(
      fetching("cifar10-jpeg"),
      /has no address .* only mnist, fashion-mnist, kmnist, cifar10 and cifar100 have/,
    );
    await assert.rejects(fetching("minst"), UserError);
  });
});

const data = Deno.env.get("MASKBENCH_DATA");

Deno.test({
  name: `fetchDataset() fetches nothing when the files are there already${
    data ? "" : " (skipped: MASKBENCH_DATA is not set)"
  }`,
  ignore: !data,
  fn: () =>
    withFolder(async (folder) => {
      const onProgress = () => assert.fail("fetched");
      const told = await fetchDataset("mnist", folder, { folders: [data!], onProgress });
      assert.equal(told, `mnist is in ${data} already`);
    }),
});

Deno.test("fetchFiles() gives a server up when it falls silent before its answer or within it", async () => {
  const stalled = new Promise<never>(() => {});
  const within = () => new Response(new ReadableStream({ start: (to) => to.enqueue(content) }));
  for (const handler of [() => stalled, within]) {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
    await withFolder(async (folder) => {
      const from = download(`http://127.0.0.1:${server.addr.port}`);
      await assert.rejects(
        fetchFiles(from, folder, () => {}, 200),
        /^DatasetError: .*pictures\.bin can't be downloaded: no byte came for 0\.2 s, try again$/,
      );
      assert.deepEqual(names(folder), []);
    });
    server.unref();
  }
});
