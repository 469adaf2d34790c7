// Which columns an algorithm gets: one, or one for each of several settings of its hyper-parameters.
import { algorithms } from "../algorithms/registry.ts";
import type { Value } from "../algorithms/space.ts";
import type { RunConfig } from "../training/config.ts";

/** Hyper-parameters by name, `version` and `module`: all in which two runs of one algorithm can differ. */
export type ColumnSetting = Readonly<Record<string, Value>>;

export interface Column {
  readonly algorithm: string;
  /**
   * The values in which it differs from the algorithm's other columns, `set` for any but 0; empty where there is one column
   * only.
   */
  readonly setting: ColumnSetting;
  /** `sbp`, or `sbp (scope=global)`: values that most columns of the algorithm have are left out. */
  readonly label: string;
}

// The value of a hyper-parameter that a run does not have, where runs of another version do.
const unset = "unset";

// Any value but 0, where columns differ in whether they have a hyper-parameter at all: a ramp, say, tuned for each sparsity.
const set = "set";

const isOff = (value: Value | undefined) => value === undefined || value === unset || value === 0;

// What two runs may be told apart by: the value of a hyper-parameter, or whether it is there.
interface Feature {
  readonly name: string;
  readonly valueOf: (setting: ColumnSetting) => Value;
}

const exactly = (name: string): Feature => ({ name, valueOf: (setting) => setting[name] ?? unset });

const presenceOf = (name: string): Feature => ({
  name,
  valueOf: (setting) => isOff(setting[name]) ? setting[name] ?? unset : set,
});

/** All in which a run can differ from others of its algorithm. */
export function settingOf({ algorithm }: RunConfig): ColumnSetting {
  const { parameters, version, module } = algorithm;
  return { ...parameters, version, ...module === undefined ? {} : { module: module.slice(0, 8) } };
}

/** Whether k is for each layer or for the network; nothing where that is not chosen, or the mask is there for scale. */
export function scopeOf({ algorithm: { name, parameters } }: RunConfig): Value | undefined {
  const isBound = algorithms.find((known) => known.name === name)?.role === "lower bound";
  return isBound ? undefined : parameters.scope;
}

/** The column of `columns` that a run belongs to. */
export function columnOf(config: RunConfig, columns: readonly Column[]): Column {
  const setting = settingOf(config);
  return columns.find((column) =>
    column.algorithm === config.algorithm.name &&
    Object.entries(column.setting).every(([name, value]) =>
      value === set ? !isOff(setting[name]) : (setting[name] ?? unset) === value
    )
  )!;
}

/**
 * The columns for runs that are grouped into the table's rows. Settings that differ between rows only, as rates tuned
 * for each sparsity do, share a column. Settings that meet in a row get a column each, distinguished by the smallest number
 * of hyper-parameters that suffices and, among those, by the ones that give the fewest columns.
 */
export function columnsOf(rows: readonly (readonly RunConfig[])[]): Column[] {
  const algorithmNames = [...new Set(rows.flat().map((config) => config.algorithm.name))].sort(
    compareAlgorithms,
  );
  const columns = algorithmNames.flatMap((algorithm) => {
    const settings = rows.map((row) =>
      row.filter((config) => config.algorithm.name === algorithm).map(settingOf)
    );
    const features = distinguishingFeatures(settings);
    const distinct = new Map(
      settings.flat().map((setting) => [keyOf(setting, features), pick(setting, features)]),
    );
    const usual = usualSettingOf([...distinct.values()], features.map(({ name }) => name));
    return [...distinct.values()].sort(bySetting(usual)).map((setting) => ({
      algorithm,
      setting,
      label: columnLabelOf(algorithm, setting, usual),
      usual,
    }));
  });
  const scopes = unlikeScopesOf(columns, rows.flat());
  return columns.map(({ algorithm, setting, label, usual }, i) => {
    const scope = scopes[i];
    if (scope === undefined) return { algorithm, setting, label };
    const { scope: _, ...others } = usual;
    return { algorithm, setting, label: columnLabelOf(algorithm, { ...setting, scope }, others) };
  });
}

// The scope of each column, where algorithms differ in whether k is for a layer or for the network: then every label says it.
// Nothing for a column whose scope differs between rows.
function unlikeScopesOf(
  columns: readonly Column[],
  configurations: readonly RunConfig[],
): (Value | undefined)[] {
  const members = Map.groupBy(configurations, (config) => columnOf(config, columns));
  const scopes = columns.map((column) => {
    const own = new Set(members.get(column)!.map(scopeOf));
    return own.size === 1 ? [...own][0] : undefined;
  });
  const scoped = columns.filter((_, i) => scopes[i] !== undefined);
  const isAlike = new Set(scopes.filter((scope) => scope !== undefined)).size < 2 ||
    new Set(scoped.map(({ algorithm }) => algorithm)).size < 2;
  return isAlike ? columns.map(() => undefined) : scopes;
}

// The values that more than half of the settings have: often each varies one value of a common setting. A label that leaves
// a value out means the usual one, so labels still distinguish settings.
function usualSettingOf(
  settings: readonly ColumnSetting[],
  names: readonly string[],
): ColumnSetting {
  return Object.fromEntries(names.flatMap((name) => {
    const groups = Map.groupBy(settings, (setting) => setting[name]!);
    const majority = [...groups].find(([, members]) => 2 * members.length > settings.length);
    return majority ? [[name, majority[0]]] : [];
  }));
}

// The smallest set of features that distinguishes any two settings of the same row. Of several, the one that gives the fewest
// columns, and values before presence.
function distinguishingFeatures(rows: readonly (readonly ColumnSetting[])[]): Feature[] {
  const names = [...new Set(rows.flat().flatMap((setting) => Object.keys(setting)))].sort();
  const all = names.map(exactly);
  const distinct = (settings: readonly ColumnSetting[], features: readonly Feature[]) =>
    new Set(settings.map((setting) => keyOf(setting, features))).size;
  const varying = [...all, ...names.filter((name) => isSwitched(name, rows.flat())).map(presenceOf)]
    .filter((feature) => rows.some((row) => distinct(row, [feature]) > 1));
  const wanted = rows.map((row) => distinct(row, all));
  for (let size = 0; size < varying.length; size++) {
    const enough = subsets(varying, size)
      .filter((features) => rows.every((row, i) => distinct(row, features) === wanted[i]))
      .map((features) => ({ features, columns: distinct(rows.flat(), features) }))
      .sort((a, b) => a.columns - b.columns);
    if (enough[0]) return enough[0].features;
  }
  return all.filter((feature) => varying.some(({ name }) => name === feature.name));
}

// Whether some settings have a hyper-parameter and some don't.
const isSwitched = (name: string, settings: readonly ColumnSetting[]): boolean =>
  settings.some((setting) => isOff(setting[name])) &&
  settings.every((setting) => isOff(setting[name]) || typeof setting[name] === "number") &&
  settings.some((setting) => !isOff(setting[name]));

function subsets<Item>(items: readonly Item[], size: number): Item[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) =>
    subsets(items.slice(i + 1), size - 1).map((rest) => [item, ...rest])
  );
}

function pick(setting: ColumnSetting, features: readonly Feature[]): ColumnSetting {
  return Object.fromEntries(features.map(({ name, valueOf }) => [name, valueOf(setting)]));
}

function keyOf(setting: ColumnSetting, features: readonly Feature[]): string {
  return JSON.stringify(features.map(({ valueOf }) => valueOf(setting)));
}

/** `sbp (scope=global)`: usual values are left out. */
export function columnLabelOf(
  algorithm: string,
  setting: ColumnSetting,
  usual: ColumnSetting = {},
): string {
  const parts = Object.entries(setting).filter(([name, value]) => value !== usual[name])
    .map(([name, value]) => `${name}=${value}`);
  return parts.length ? `${algorithm} (${parts.join(", ")})` : algorithm;
}

/** The order of algorithms: the registry's, and last those that this version does not know. */
export function compareAlgorithms(a: string, b: string): number {
  const indexOf = (name: string) => {
    const index = algorithms.findIndex((algorithm) => algorithm.name === name);
    return index < 0 ? algorithms.length : index;
  };
  return indexOf(a) - indexOf(b) || compareValues(a, b);
}

// Usual values come first, then the others in their own order.
const bySetting = (usual: ColumnSetting) => (a: ColumnSetting, b: ColumnSetting): number => {
  for (const name of Object.keys(a)) {
    if (a[name] === b[name]) continue;
    if (a[name] === usual[name]) return -1;
    return b[name] === usual[name] ? 1 : compareValues(a[name]!, b[name]!);
  }
  return 0;
};

/** Numbers by size, anything else by its characters: the same order on every machine. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (String(a) === String(b)) return 0;
  return String(a) < String(b) ? -1 : 1;
}
