// A real Slurm of one node for tests, in a folder of its own and by whoever runs them, root or not.
import os from "node:os";
import { join } from "node:path";
import { findProgram } from "../../src/native/toolchain/which.ts";

// Debian's daemons are not on a user's PATH.
const folders = `${Deno.env.get("PATH")}:/usr/sbin:/sbin`;
const daemon = (name: string) => findProgram(name, folders);
const isThere = () =>
  ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol"].every((name) => daemon(name));

if (!isThere() && Deno.uid() === 0 && findProgram("apt-get")) {
  console.error("installing Slurm to test against");
  const apt = (...args: string[]) =>
    new Deno.Command("apt-get", {
      args: ["-qq", ...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      ...{ stdout: "null", stderr: "null" },
    }).output();
  await apt("update");
  await apt("install", "-y", "--no-install-recommends", "slurm-wlm", "munge");
}

/** Why there is no Slurm; `undefined` where there is one. */
export const withoutSlurm: string | undefined = isThere()
  ? undefined
  : "skipped: no Slurm, apt-get install slurm-wlm munge";

/** A cluster that runs. */
export interface Cluster {
  /** What its programs need to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs one of them. @returns what it prints */
  call(program: string, ...args: string[]): Promise<string>;
}

async function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const { success, stdout, stderr } = await new Deno.Command(daemon(program) ?? program, {
    args: [...args],
    env,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout);
}

/** Ports that nobody listens at just now. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

/**
 * Starts a cluster for the time of a test.
 * @param settings more of its configuration
 */
export async function withCluster(
  body: (cluster: Cluster) => Promise<void>,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<void> {
  const home = await Deno.makeTempDir(), path = (name: string) => join(home, name);
  const socket = path("munge.sock"), host = os.hostname().split(".")[0]!;
  const user = (await run("id", ["-un"])).trim();
  const [control, node] = freePorts(2);
  await Deno.chmod(home, 0o755);
  for (const name of ["state", "spool"]) await Deno.mkdir(path(name));
  await Deno.writeFile(path("munge.key"), crypto.getRandomValues(new Uint8Array(128)), {
    mode: 0o600,
  });
  const configuration = {
    ClusterName: "test",
    SlurmctldHost: `${host}(127.0.0.1)`,
    SlurmctldPort: control,
    SlurmdPort: node,
    SlurmUser: user,
    SlurmdUser: user,
    AuthInfo: `socket=${socket},cred_expire=10`, // which a requeued job waits for
    StateSaveLocation: path("state"),
    SlurmdSpoolDir: path("spool"),
    SlurmctldPidFile: path("slurmctld.pid"),
    SlurmdPidFile: path("slurmd.pid"),
    SlurmctldLogFile: path("slurmctld.log"),
    SlurmdLogFile: path("slurmd.log"),
    ProctrackType: "proctrack/linuxproc", // else jobs count as completed that never ran
    TaskPlugin: "task/none",
    SelectType: "select/cons_tres",
    SelectTypeParameters: "CR_Core_Memory",
    DefMemPerCPU: 100, // of 1000: a job that asks for over half of it runs alone
    ReturnToService: 2,
    SchedulerParameters: "batch_sched_delay=0,sched_interval=1,sched_min_interval=0",
    KillWait: 10,
    ...settings,
  };
  const lines = [
    ...Object.entries(configuration).map(([key, value]) => `${key}=${value}`),
    `NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN`,
    "PartitionName=local Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
  ];
  await Deno.writeTextFile(path("slurm.conf"), `${lines.join("\n")}\n`);
  const env = { SLURM_CONF: path("slurm.conf") };
  const cluster: Cluster = { env, call: (program, ...args) => run(program, args, env) };
  try {
    await run("munged", [
      ...[
        `--socket=${socket}`,
        `--key-file=${path("munge.key")}`,
        `--log-file=${path("munge.log")}`,
      ],
      ...[`--pid-file=${path("munge.pid")}`, `--seed-file=${path("munge.seed")}`],
    ]);
    await cluster.call("slurmctld", "-f", env.SLURM_CONF);
    await cluster.call("slurmd", "-f", env.SLURM_CONF);
    await until(async () =>
      /idle/.test(await cluster.call("sinfo", "-h", "-o", "%T").catch(String))
    );
    await body(cluster);
  } finally {
    await cluster.call("scancel", `--user=${user}`).catch(() => {});
    await until(async () => (await cluster.call("squeue", "-h").catch(() => "")) === "")
      .catch(() => {});
    await cluster.call("scontrol", "shutdown").catch(() => {});
    await until(async () => !await lives(path("slurmctld.pid")) && !await lives(path("slurmd.pid")))
      .catch(() => {});
    await run("munged", ["--stop", `--socket=${socket}`]).catch(() => {});
    await Deno.remove(home, { recursive: true });
  }
}

// Whether there is a process of that number.
async function lives(pidFile: string): Promise<boolean> {
  const pid = await Deno.readTextFile(pidFile).catch(() => "");
  return pid !== "" && await run("ps", ["-p", pid.trim()]).then(() => true, () => false);
}

/** Waits until something is so. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  seconds = 60,
): Promise<void> {
  for (const end = Date.now() + 1000 * seconds; !await isSo();) {
    if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
