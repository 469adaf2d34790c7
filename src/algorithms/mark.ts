// How plots draw an algorithm: a colour, a dash and a shape of its own, and a glyph for the terminal.

/** Colours of one thing, on white paper and on a dark page. */
export interface Ink {
  /** On white paper, as CSS writes a colour. */
  readonly light: string;
  /** On a dark page. */
  readonly dark: string;
}

/** How an algorithm is drawn wherever it appears. */
export interface Mark extends Ink {
  /** Lengths of dash and gap in pixels; `[1, 0]` is a whole line. */
  readonly dash: readonly number[];
  /** Vega's name of a shape, or a path in the square from −1 to 1. */
  readonly shape: string;
  /** The character that stands for it on a terminal. */
  readonly glyph: string;
}
