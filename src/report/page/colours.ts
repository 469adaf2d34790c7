// Colours of the page: each ink of the plots is a CSS variable, so that they follow light and dark.
import type { Ink } from "../../algorithms/mark.ts";
import { marks, paper } from "../plots/style.ts";

const inks: readonly (readonly [name: string, ink: Ink])[] = [
  ...Object.entries(paper),
  ...marks.map((mark, i) => [`mark-${i}`, mark] as const),
];

/** The CSS variables of all inks, for white paper or for a dark page. */
export function colourVariables(theme: keyof Ink): string {
  return inks.map(([name, ink]) => `--${name}: ${ink[theme]};`).join(" ");
}

/** The CSS variable of a mark's colour. */
export const variableOf = (ink: Ink): string =>
  `var(--${inks.find(([, other]) => other.light === ink.light)![0]})`;

/** Replaces the inks in a plot's SVG by their CSS variables. */
export function withVariables(svg: string): string {
  return inks.reduce(
    (text, [name, { light }]) => text.replaceAll(`"${light}"`, `"var(--${name})"`),
    svg,
  );
}
