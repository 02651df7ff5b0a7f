/** The table: sorted by a head's click, virtual, so that thousands of rows cost what is in sight. */
import {
  type ColumnDef,
  getCoreRowModel,
  getSortedRowModel,
  type Row,
  type SortingState,
  useReactTable,
} from "@tanstack/react-table";
import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, type ReactNode, useCallback, useMemo, useRef } from "react";
import { useBeat } from "@/lib/use-beat";
import { usePhone } from "@/lib/use-phone";
import { Icon } from "./icons";
import { Tooltip } from "./tooltip";

export interface Column<T> {
  id: string;
  head: string;
  /** A track of the grid: "120px", "minmax(90px, 1fr)". */
  width: string;
  /** Its track on a phone. There the columns without one are left out, if any column has one: a row's page tells all. */
  phone?: string;
  right?: boolean;
  cell: (row: T) => ReactNode;
  /** What it means, on hover and focus of a head that is a button. */
  explain?: string | undefined;
  /** What to sort by; without it the head is no button. */
  sort?: (row: T) => number | string | null;
  /** Whether that follows the market: it moves while the row stays what it is. */
  live?: boolean;
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  id: (row: T) => string;
  sorting: string;
  onSort: (sorting: string) => void;
  onOpen?: ((row: T) => void) | undefined;
  onEnd?: (() => void) | undefined;
  empty?: ReactNode;
  rowHeight?: number;
}

const OVERSCAN = 8;
/** How often rows are put in order that are sorted by what follows the market: slowly, to be read and pointed at. */
const RESORT_MS = 3000;
/** They keep their places while a key walks along them or something is asked about one of them. */
const HELD = ".table-body :focus-visible, [role=menu], dialog[open]";
const isHeld = () => document.querySelector(HELD) !== null;

/** The row in use: a key is on it, its menu is open, or a dialog of its own (where `:focus-within` ends). */
function idInUse(table: HTMLElement | null): string | undefined {
  const control = table?.querySelector("[aria-expanded=true]") ?? document.activeElement;
  return control?.closest<HTMLElement>("[role=row]")?.dataset.id;
}

/** Where keys lead from a row, with `last` the last one; -1 is before the first. */
const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

export function DataTable<T>(props: Props<T>) {
  const { rows, sorting, onSort, onOpen, onEnd, rowHeight = 34 } = props;
  const columns = useFitting(props.columns);
  const scroller = useRef<HTMLDivElement>(null);
  const definitions = useMemo(() => columns.map(definition<T>), [columns]);
  const state = useMemo(() => parse(sorting), [sorting]);
  const isLive = columns.some(({ id, live }) => live && id === state[0]?.id);
  const beat = useBeat(isLive ? RESORT_MS : null, isHeld);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the table keeps what it sorts by for as long as its data
  const data = useMemo(() => [...rows], [rows, beat]);
  const table = useReactTable<T>({
    data,
    columns: definitions,
    state: { sorting: state },
    getRowId: props.id,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const sorted = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    getItemKey: (place) => sorted[place]?.id ?? place,
    // However far others push the row in use, it stays drawn: focus and dialog would be gone with it.
    rangeExtractor: (range) => {
      const drawn = defaultRangeExtractor(range);
      const used = idInUse(scroller.current);
      const at = used === undefined ? -1 : sorted.findIndex(({ id }) => id === used);
      return at < 0 || drawn.includes(at) ? drawn : [...drawn, at].sort((one, other) => one - other);
    },
  });
  const template = useMemo(() => columns.map((column) => column.width).join(" "), [columns]);
  const minWidth = useMemo(() => columns.reduce((sum, column) => sum + pixels(column.width), 12), [columns]);
  const open = useCallback((row: T) => onOpen?.(row), [onOpen]);
  const walk = (event: KeyboardEvent<HTMLDivElement>) => {
    const row = event.target as HTMLElement;
    const at = row === scroller.current ? -1 : Number(row.ariaRowIndex ?? Number.NaN) - 2;
    const to = STEPS[event.key]?.(at, sorted.length - 1);
    if (to === undefined || Number.isNaN(at) || !sorted.length) return;
    event.preventDefault();
    const focus = () => scroller.current?.querySelector<HTMLElement>(`[aria-rowindex="${to + 2}"]`)?.focus();
    if (Math.abs(to - at) <= OVERSCAN) return focus(); // it is drawn
    virtual.scrollToIndex(to);
    requestAnimationFrame(() => requestAnimationFrame(focus));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: the rows are virtual and laid on one grid, which a table cannot do
    <div
      className="table"
      ref={scroller}
      role="table"
      aria-label={props.label}
      aria-rowcount={sorted.length + 1}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      onKeyDown={onOpen && walk}
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        if (onEnd && scrollHeight - scrollTop - clientHeight < 600) onEnd();
      }}
    >
      <Head columns={columns} template={template} minWidth={minWidth} sorting={state} onSort={onSort} />
      {sorted.length === 0 ? (
        // biome-ignore lint/a11y/useSemanticElements: see above
        <div role="rowgroup">
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: nothing can be done with it */}
          <div role="row">
            {/* biome-ignore lint/a11y/useSemanticElements: see above */}
            <div role="cell">{props.empty}</div>
          </div>
        </div>
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: see above
        <div className="table-body table-virtual" role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth }}>
          {virtual.getVirtualItems().map((item) => {
            const row = sorted[item.index] as Row<T>;
            return (
              <BodyRow
                key={item.key}
                id={row.id}
                data={row.original}
                place={item.index}
                start={item.start}
                height={rowHeight}
                template={template}
                columns={columns as readonly Column<unknown>[]}
                open={onOpen ? (open as (row: unknown) => void) : undefined}
              />
            );
          })}
        </div>
      )}
    </div>
  );
}

interface RowProps {
  id: string;
  data: unknown;
  place: number;
  start: number;
  height: number;
  template: string;
  columns: readonly Column<unknown>[];
  open: ((row: unknown) => void) | undefined;
}

const BodyRow = memo(function BodyRow({ id, data, place, start, height, template, columns, open }: RowProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see above
    <div
      className={`table-row${open ? " clickable" : ""}`}
      role="row"
      aria-rowindex={place + 2}
      data-id={id}
      tabIndex={open ? 0 : undefined}
      style={{ gridTemplateColumns: template, transform: `translateY(${start}px)`, height }}
      onClick={open && ((event) => !isControl(event.target) && open(data))}
      onKeyDown={open && ((event) => event.key === "Enter" && event.target === event.currentTarget && open(data))}
    >
      {columns.map((column) => (
        // biome-ignore lint/a11y/useSemanticElements: see above
        <div key={column.id} className={`table-cell${column.right ? " right" : ""}`} role="cell">
          {column.cell(data)}
        </div>
      ))}
    </div>
  );
});

interface HeadProps<T> {
  columns: readonly Column<T>[];
  template: string;
  minWidth: number;
  sorting: SortingState;
  onSort: (sorting: string) => void;
}

function Head<T>({ columns, template, minWidth, sorting, onSort }: HeadProps<T>) {
  const by = sorting[0];
  return (
    // biome-ignore lint/a11y/useSemanticElements: see above
    <div className="table-head" role="rowgroup" style={{ minWidth }}>
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: a row of heads is no control */}
      <div className="table-row" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
        {columns.map((column) => {
          const isBy = by?.id === column.id;
          return (
            // biome-ignore lint/a11y/useSemanticElements: see above
            // biome-ignore lint/a11y/useFocusableInteractive: the button inside takes the focus
            <div
              key={column.id}
              className={`table-cell${column.right ? " right" : ""}`}
              role="columnheader"
              aria-sort={isBy ? (by.desc ? "descending" : "ascending") : undefined}
            >
              {column.sort ? (
                <MaybeTooltip say={column.explain}>
                  <button
                    type="button"
                    className="table-sort"
                    data-sorted={isBy}
                    onClick={() => onSort(next(column.id, by))}
                  >
                    {column.head}
                    <Icon name={isBy && !by.desc ? "up" : "down"} size={10} />
                  </button>
                </MaybeTooltip>
              ) : (
                column.head
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const MaybeTooltip = ({ say, children }: { say: string | undefined; children: ReactNode }) =>
  say ? <Tooltip say={say}>{children}</Tooltip> : children;

/** The columns that this screen has room for. */
function useFitting<T>(columns: readonly Column<T>[]): readonly Column<T>[] {
  const isPhone = usePhone();
  return useMemo(() => {
    const kept = isPhone ? columns.filter(({ phone }) => phone) : [];
    return kept.length ? kept.map((column) => ({ ...column, width: column.phone ?? column.width })) : columns;
  }, [columns, isPhone]);
}

function definition<T>(column: Column<T>): ColumnDef<T> {
  const { id, sort } = column;
  if (!sort) return { id, enableSorting: false };
  // A row without the value (null) stays at the end, whichever way is sorted.
  return { id, accessorFn: (row) => sort(row) ?? undefined, sortUndefined: "last", sortDescFirst: true };
}

/** "-profit" sorts by profit, the largest first. */
function parse(sorting: string): SortingState {
  return sorting ? [{ id: sorting.replace(/^-/, ""), desc: sorting.startsWith("-") }] : [];
}

function next(id: string, by: SortingState[number] | undefined): string {
  if (by?.id !== id) return `-${id}`;
  return by.desc ? id : "";
}

function pixels(width: string): number {
  return Number(/(\d+)px/.exec(width)?.[1] ?? 80);
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("button, a, input, dialog, [role=menu]") !== null;
}
