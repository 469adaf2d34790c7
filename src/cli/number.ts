// Whole numbers on the command line.
import { InvalidArgumentError } from "@commander-js/extra-typings";

/** @throws {InvalidArgumentError} for anything but 1 to 9999 */
export function positive(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) {
    throw new InvalidArgumentError("expected a whole number from 1 to 9999.");
  }
  return Number(text);
}
