// What boundary.test.ts runs in a process of its own: calls every function of the header with each argument wrong in
// each way, and judges what came of it.
//
// What is wrong must be refused: with a status, a text that names the function, no handle, and nothing changed. What is
// right must only write to what is not const in the header.
//
// Every call is announced on standard error before it is made, so that a crash can be laid to it; findings are a line
// each on standard output, and the last line counts the calls.
import { readLiveObjects } from "../../../src/native/mod.ts";
import { type Declared, declared } from "../header.ts";
import { type Arguments, cases, testedElsewhere } from "./cases.ts";
import { substitutesFor } from "./substitutes.ts";
import { functions, lastError, requireOk, type World, worldWithFreed } from "./world.ts";

let calls = 0;
const findings: string[] = [];

const statuses = ["ok", "invalid", "not a number", "out of memory", "unsupported", "internal"];

/** Makes one call, which differs from the right one by `change`, in a world of its own. */
function judgeCall(
  { name, parameters, result }: Declared,
  what: string,
  change: (args: Arguments, world: World) => Arguments,
  mustBeRefused: boolean,
): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${name}: ${what}\n`));
  const report = (text: string) => findings.push(`${name}: ${what}: ${text}`);
  const countHandles = () => readLiveObjects().handles;
  const handlesBeforeWorld = countHandles();
  const world = worldWithFreed();
  const args = change(cases[name]!(world).args, world);
  const contentsBefore = world.contents();
  const handlesBefore = countHandles();

  calls++;
  const status = functions[name]!(...parameters.map(({ name }) => {
    const value = args[name];
    return typeof value === "string" ? world.pointer(value) : value;
  }));
  const returnsStatus = result === "int32_t" && name !== "mb_abi_version";
  if (returnsStatus) {
    const text = status === 0 ? "" : lastError();
    if (mustBeRefused && status === 0) report("was not refused");
    else if (!mustBeRefused && status !== 0) report(`was refused: ${text}`);
    else if (status !== 0) judgeRefusal(name, status, text, report);

    const created = args.out as BigUint64Array | undefined;
    if (created && status === 0) {
      const family = /^mb_(\w+)_(?:create|open)$/.exec(name)![1];
      requireOk(functions[`mb_${family}_free`]!(created[0]!), "the new handle's end");
    } else if (created && created[0] !== 0n) report("left something in place of a handle");
    if (status !== 0 && countHandles() !== handlesBefore) {
      report("was refused, and left a handle or took one");
    }

    const writable = parameters.filter(({ type }) => !type.startsWith("const "))
      .map(({ name }) => args[name]);
    for (const [label, content] of world.contents()) {
      if (content === contentsBefore.get(label)) continue;
      if (status !== 0) report(`was refused, and changed ${label}`);
      else if (!writable.includes(label)) report(`changed ${label}, which is only to be read`);
    }
  }
  world[Symbol.dispose]();
  if (countHandles() !== handlesBeforeWorld) report("left handles behind");
}

function judgeRefusal(
  name: string,
  status: number,
  text: string,
  report: (text: string) => void,
): void {
  if (statuses[status] === undefined) report(`has the unknown status ${status}`);
  if (status === statuses.indexOf("internal")) report(`is reported by libtorch alone: ${text}`);
  if (!text.startsWith(`${name}: `) || text.length < name.length + 10) {
    report(`is reported as "${text}"`);
  }
}

/** Makes the right call, then one for every substitute of every argument, then those that the case adds. */
function judgeFunction(declaration: Declared): void {
  const makeCase = cases[declaration.name];
  if (!makeCase) {
    findings.push(`${declaration.name}: is in the header, and cases.ts has no case for it`);
    return;
  }
  using model = worldWithFreed();
  const { args, right = {}, refused = {}, accepted = {} } = makeCase(model);
  const given = Object.keys(args).join();
  const wanted = declaration.parameters.map(({ name }) => name).join();
  if (given !== wanted) {
    findings.push(`${declaration.name}: cases.ts has ${given}, expected ${wanted}`);
    return;
  }
  functions.mb_step_abandon!(model.pointer("step"));

  judgeCall(declaration, "right", (args) => args, false);
  for (const parameter of declaration.parameters) {
    const { name } = parameter;
    const labels = substitutesFor(parameter, args[name]!, model).map(([label]) => label);
    const unknown = (right[name] ?? []).filter((label) => !labels.includes(label));
    if (unknown.join() !== "" && unknown.join() !== String(args[name])) {
      findings.push(`${declaration.name}: ${name}: nothing is called ${unknown}`);
    }
    for (const label of labels) {
      const substitute = (args: Arguments, world: World) => ({
        ...args,
        [name]: new Map(substitutesFor(parameter, args[name]!, world)).get(label)!,
      });
      judgeCall(declaration, `${name} ${label}`, substitute, !right[name]?.includes(label));
    }
  }
  for (const [changes, mustBeRefused] of [[refused, true], [accepted, false]] as const) {
    for (const [what, change] of Object.entries(changes)) {
      const apply = (args: Arguments, world: World) => ({
        ...args,
        ...(typeof change === "function" ? change(world) : change),
      });
      judgeCall(declaration, what, apply, mustBeRefused);
    }
  }
}

const names = Deno.args;
for (const declaration of declared()) {
  if (names.includes(declaration.name) && !testedElsewhere.includes(declaration.name)) {
    judgeFunction(declaration);
  }
}
for (const finding of findings) console.log(finding);
console.log(calls);
