/** The icons: one stroke weight, drawn on a grid of 16. */
const PATHS = {
  overview: "M2.5 9.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 2.5h4v4h-4zM9.5 9.5h4v4h-4z",
  open: "M1.5 9h3l2-6 3 10 2-6 1 2h2",
  history: "M2.5 8a5.5 5.5 0 1 0 1.8-4.1M2.3 2.5v2.6h2.6M8 5v3.2l2 1.3",
  performance: "M2 13.5h12M4 11V8M8 11V4.5M12 11V6.5",
  signals: "M8 8h.01M5.2 10.8a4 4 0 0 1 0-5.6M10.8 5.2a4 4 0 0 1 0 5.6M3 13a7 7 0 0 1 0-10M13 3a7 7 0 0 1 0 10",
  sources: "M3 4.5h10M3 8h10M3 11.5h6",
  market: "M4 3v10M4 5h-1.5v5H5.5V5zM8 2v11M8 4H6.8v4.5h2.4V4zM12 4v9M12 6h-1.3v5h2.6V6z",
  settings: "M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.5 11.5h6M10 3v3M6 10v3",
  system: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6z",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5l3 3",
  download: "M8 2.5v7M5 7l3 3 3-3M2.5 13h11",
  up: "M8 12.5v-9M4.5 7L8 3.5 11.5 7",
  down: "M8 3.5v9M4.5 9L8 12.5 11.5 9",
  check: "M3 8.5l3.2 3L13 4.5",
  warning: "M8 2.5l6 10.5H2zM8 6.5v3M8 11.2h.01",
  empty: "M2.5 9.5h3l1 2h3l1-2h3M2.5 9.5l2-6h7l2 6v4h-11z",
  cards: "M2.5 3h5v4.5h-5zM9.5 3h4M9.5 5.5h4M2.5 10h5v3h-5zM9.5 10.5h4M9.5 13h4",
  table: "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.2 3v10",
  external: "M6 3H3v10h10v-3M9 3h4v4M13 3L7.5 8.5",
  user: "M8 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM3 13.5c.5-2.8 2.4-4 5-4s4.500 1.200 5 4",
  keyboard: "M1.5 4.500h13v7.500h-13zM4 7h.01M6.700 7h.01M9.300 7h.01M12 7h.01M5 9.700h6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
