import type { Key, KeyName } from "./keys.ts";
import {
  flatRows,
  groupedRows,
  matching,
  type RowOrder,
  type SortKey,
  type TopRow,
} from "./rows.ts";
import type { TopSnapshot } from "./snapshot.ts";

/** What the person at the terminal has chosen. */
export interface ViewState {
  readonly order: RowOrder;
  readonly grouped: boolean;
  /** Services whose processes are shown, while grouped. */
  readonly open: ReadonlySet<string>;
  readonly filter: string;
  /** True while the filter is being typed. */
  readonly typing: boolean;
  readonly help: boolean;
  readonly paused: boolean;
  /** Index of the selected row. */
  readonly selected: number;
}

export const FIRST_VIEW: ViewState = {
  order: { sort: "cpu", reversed: false },
  grouped: false,
  open: new Set(),
  filter: "",
  typing: false,
  help: false,
  paused: false,
  selected: 0,
};

const MAX_FILTER_CHARACTERS = 60;

const SORTS: Readonly<Record<string, SortKey>> = {
  c: "cpu",
  m: "memory",
  i: "io",
  f: "fds",
  t: "threads",
  p: "pid",
  n: "name",
};

/** The rows that a view has of a snapshot. */
export function rowsOf(snapshot: TopSnapshot, view: ViewState): TopRow[] {
  const processes = matching(snapshot.processes, view.filter);
  return view.grouped
    ? groupedRows(processes, view.order, view.open)
    : flatRows(processes, view.order);
}

/**
 * What a key does. Null: leave.
 *
 * @param rows what is shown now
 * @param pageRows how many rows a page has
 */
export function press(
  view: ViewState,
  key: Key,
  rows: readonly TopRow[],
  pageRows: number,
): ViewState | null {
  if (key.kind === "named" && key.name === "interrupt") return null;
  if (view.typing) return type(view, key);
  if (key.kind === "text") return pressText(view, key.text, rows);
  return pressNamed(view, key.name, rows, pageRows);
}

function type(view: ViewState, key: Key): ViewState {
  if (key.kind === "text") {
    const filter = (view.filter + key.text).slice(0, MAX_FILTER_CHARACTERS);
    return { ...view, filter, selected: 0 };
  }
  switch (key.name) {
    case "enter":
      return { ...view, typing: false };
    case "escape":
      return { ...view, typing: false, filter: "", selected: 0 };
    case "backspace":
      return { ...view, filter: [...view.filter].slice(0, -1).join(""), selected: 0 };
    default:
      return view;
  }
}

function pressText(view: ViewState, text: string, rows: readonly TopRow[]): ViewState | null {
  const sort = SORTS[text];
  if (sort !== undefined) {
    // The same key again turns the order round.
    const reversed = sort === view.order.sort && !view.order.reversed;
    return { ...view, order: { sort, reversed }, selected: 0 };
  }
  switch (text) {
    case "q":
      return null;
    case "/":
      return { ...view, typing: true };
    case "g":
      return { ...view, grouped: !view.grouped, selected: 0 };
    case "?":
    case "h":
      return { ...view, help: !view.help };
    case "j":
      return move(view, 1, rows);
    case "k":
      return move(view, -1, rows);
    case " ":
      return rows[view.selected]?.kind === "group"
        ? toggled(view, rows)
        : { ...view, paused: !view.paused };
    default:
      return view;
  }
}

function pressNamed(
  view: ViewState,
  name: KeyName,
  rows: readonly TopRow[],
  pageRows: number,
): ViewState {
  switch (name) {
    case "up":
      return move(view, -1, rows);
    case "down":
      return move(view, 1, rows);
    case "page_up":
      return move(view, -pageRows, rows);
    case "page_down":
      return move(view, pageRows, rows);
    case "home":
      return { ...view, selected: 0 };
    case "end":
      return move(view, rows.length, rows);
    case "enter":
      return toggled(view, rows);
    case "escape":
      return view.help ? { ...view, help: false } : { ...view, filter: "", selected: 0 };
    default:
      return view;
  }
}

function move(view: ViewState, by: number, rows: readonly TopRow[]): ViewState {
  const selected = Math.max(0, Math.min(rows.length - 1, view.selected + by));
  return { ...view, selected };
}

/** Opens or closes the selected service. */
function toggled(view: ViewState, rows: readonly TopRow[]): ViewState {
  const row = rows[view.selected];
  if (row?.kind !== "group") return view;
  const open = new Set(view.open);
  if (!open.delete(row.service)) open.add(row.service);
  return { ...view, open };
}
