/** What charts are given. */

export interface Bar {
  /** A moment, or a day: YYYY-MM-DD. */
  open_time: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
}

export type Tone = "accent" | "up" | "down" | "warn" | "alt" | "text";

export interface Level {
  price: string;
  title: string;
  tone: Tone;
  dashed?: boolean;
  /** Not worth squeezing the candles for. */
  far?: boolean;
}

export interface Mark {
  at: string;
  text: string;
  tone: Tone;
  below: boolean;
}

export interface Point {
  /** A moment, or a day: YYYY-MM-DD. */
  at: string;
  value: number;
}

export interface Curve {
  name: string;
  tone: Tone;
  points: readonly Point[];
  dashed?: boolean;
}
