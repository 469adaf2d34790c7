// A list of named things that grows while a program starts: those that are built in, then those that modules bring.
import { UserError } from "./errors.ts";

/** Things of one kind, by name. */
export class Registry<Item extends { readonly name: string }> {
  /** In the order in which they came; the same list for good, which grows. */
  readonly all: readonly Item[];
  readonly #items: Item[];
  readonly #modules = new Map<string, string>();

  /** @param kind what messages call one of them, such as `algorithm` */
  constructor(readonly kind: string, builtIn: readonly Item[]) {
    this.all = this.#items = [...builtIn];
  }

  /** @param module SHA-256 of the module that brings it. @throws {UserError} where the name is taken */
  add(item: Item, module: string): void {
    if (this.#items.some(({ name }) => name === item.name)) {
      const owner = this.#modules.has(item.name) ? "another module brings it" : "it is built in";
      throw new UserError(
        `the ${this.kind} ${JSON.stringify(item.name)} is there already: ${owner}`,
      );
    }
    this.#items.push(item);
    this.#modules.set(item.name, module);
  }

  /** The one of that name. @throws {UserError} if there is none */
  named(name: string): Item {
    const found = this.#items.find((item) => item.name === name);
    if (found) return found;
    const known = this.#items.map((item) => item.name).join(", ");
    throw new UserError(
      `no ${this.kind} is called ${
        JSON.stringify(name)
      }: there are ${known}; one of your own comes with --use MODULE`,
    );
  }

  /** SHA-256 of the module that brought the one of that name; nothing where it is built in or not there. */
  moduleOf(name: string): string | undefined {
    return this.#modules.get(name);
  }

  /** What a configuration records of the module that brought the one of that name: nothing where it is built in. */
  originOf(name: string): { readonly module?: string } {
    const module = this.#modules.get(name);
    return module === undefined ? {} : { module };
  }
}
