// From a panel to SVG, without a browser. Vega is loaded when the first is drawn, so that other commands don't wait for it.
import { escapeHtml } from "../../base/html.ts";
import type { Panel } from "./plot.ts";
import { config } from "./style.ts";

// Without a canvas Vega assumes that a character is 0.8 of the font size wide. The widest of the usual system fonts is
// narrower.
function widthOf({ fontSize }: { fontSize?: number }, text: unknown): number {
  return 0.62 * (fontSize ?? 11) * String(text ?? "").length;
}

/** Breaks text at commas into lines of at most 50 characters, unless a part alone is longer. */
function subtitleLinesOf(text: string): string[] {
  return text.split(", ").reduce<string[]>((lines, part) => {
    const last = lines.at(-1), longer = last === undefined ? part : `${last}, ${part}`;
    return last === undefined || longer.length > 50
      ? [...lines, part]
      : [...lines.slice(0, -1), longer];
  }, []);
}

/**
 * Draws a panel as a file of its own, on white paper, with its title inside.
 * @returns SVG, the same bytes for the same panel
 */
export async function svgOf({ subtitle, alt, spec }: Panel, title: string): Promise<string> {
  const [vega, lite] = await Promise.all([import("vega"), import("vega-lite")]);
  // The types of Vega leave `textMetrics` out.
  Object.assign((vega as unknown as Record<"textMetrics", object>).textMetrics, { width: widthOf });
  const whole = { ...spec, title: { text: title, subtitle: subtitleLinesOf(subtitle) }, config };
  // deno-lint-ignore no-explicit-any
  const view = new vega.View(vega.parse(lite.compile(whole as any).spec), { renderer: "none" });
  try {
    const svg = await view.toSVG();
    return svg.replace(
      "<svg ",
      `<svg role="group" aria-label="${escapeHtml(`${title}, ${subtitle}. ${alt}`)}" `,
    ) + "\n";
  } finally {
    view.finalize();
  }
}
