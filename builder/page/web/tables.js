// Tables that are sorted by a click on their head, and drawn from numbers.

const SHOWN = 12; // rows, until all are asked for
const compareTexts = new Intl.Collator("en", { numeric: true }).compare;

function kindOf(rows, column) {
  const values = rows.map((row) => row[column]).filter((v) => v !== null && v !== undefined);
  if (!values.length) return "text";
  if (values.every((v) => Array.isArray(v))) return "interval";
  if (values.every((v) => typeof v === "number")) return "number";
  return "text";
}

// The scale of a column of intervals, and where its line of no difference is.
function scaleOf(rows, column, name) {
  const ends = rows.flatMap((row) => row[column]?.slice(1) ?? []);
  const isLift = /lift|ratio|odds/.test(name);
  const least = Math.min(...ends);
  if (isLift && least >= 0) {
    // no difference is 1, and twice is as far from it as half
    const of = (v) => Math.log2(Math.min(64, Math.max(v, 1 / 64)));
    const far = Math.max(1, ...ends.map((v) => Math.abs(of(v))));
    return { of: (v) => (of(v) + far) / (2 * far), none: 1 };
  }
  const [low, high] = [Math.min(0, least), Math.max(1, ...ends)];
  const none = /auc/i.test(name) ? 0.5 : null;
  return { of: (v) => (v - low) / (high - low || 1), none };
}

function intervalMark(cell, scale) {
  const [value, low, high] = cell.map((v) => 4 + 92 * scale.of(v));
  const line = (x1, x2, y1, y2, name) => draw("line", { x1, x2, y1, y2, class: name });
  const none = scale.none === null ? null : 4 + 92 * scale.of(scale.none);
  return draw(
    "svg",
    { viewBox: "0 0 100 16", class: "mark", "aria-hidden": "true" },
    none === null ? null : line(none, none, 0, 16, "none"),
    line(low, high, 8, 8, "range"),
    draw("circle", { cx: value, cy: 8, r: 3.5, class: "point" }),
  );
}

function barMark(value, largest) {
  const width = (100 * Math.abs(value)) / (largest || 1);
  return draw(
    "svg",
    { viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "bar", "aria-hidden": "true" },
    draw("rect", { width, height: 10, class: value < 0 ? "less" : "more" }),
  );
}

function cellText(value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) {
    return `${number(value[0])} (${number(value[1])} to ${number(value[2])})`;
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? number(value) : value;
}

function compareCells(a, b) {
  const [x, y] = [a, b].map((v) => (Array.isArray(v) ? v[0] : v));
  const gone = [x, y].map((v) => v === null || v === undefined);
  if (gone[0] || gone[1]) return NaN;
  return typeof x === "number" && typeof y === "number" ? x - y : compareTexts(`${x}`, `${y}`);
}

function sortedRows(rows, column, down) {
  const isGone = (row) => row[column] === null || row[column] === undefined;
  return [...rows].sort((a, b) => {
    if (isGone(a) || isGone(b)) return isGone(a) - isGone(b);
    return (down ? -1 : 1) * compareCells(a[column], b[column]);
  });
}

// A table of `{title, head, rows}`; `link` may make a node of the first cell of a row.
function makeTable(table, { link = null, shown = SHOWN } = {}) {
  const kinds = table.head.map((_, i) => kindOf(table.rows, i));
  const scales = kinds.map((kind, i) =>
    kind === "interval" ? scaleOf(table.rows, i, table.head[i]) : null,
  );
  const largest = kinds.map((kind, i) => {
    const values = table.rows.map((row) => row[i]);
    const isShare = kind === "number" && values.some((v) => v && !Number.isInteger(v));
    return isShare ? Math.max(...values.map((v) => Math.abs(v ?? 0))) : null;
  });
  let all = table.rows;
  let isWhole = all.length <= shown * 1.5;
  const body = make("tbody");
  const more = make("button", { type: "button", class: "more" });
  const heads = table.head.map((name, i) => {
    const sort = () => {
      const was = heads[i].getAttribute("aria-sort");
      const down = was ? was === "ascending" : kinds[i] !== "text";
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
      all = sortedRows(table.rows, i, down);
      render();
    };
    const button = make("button", { type: "button", onclick: sort }, name || "what");
    return make("th", { scope: "col", class: kinds[i] }, button);
  });
  const links = table.links && new Map(table.rows.map((row, k) => [row, table.links.to[k]]));
  const cell = (value, i, row) => {
    const text = cellText(value);
    if (links && i === table.links.column) {
      return make(i ? "td" : "th", { scope: i ? null : "row" }, make("a", { href: links.get(row) }, text));
    }
    if (i === 0 && link) return make("th", { scope: "row" }, link(row) ?? text);
    const mark =
      Array.isArray(value) ? intervalMark(value, scales[i])
      : largest[i] && typeof value === "number" ? barMark(value, largest[i])
      : null;
    const shown = mark ? make("span", { class: "value" }, text) : text;
    return make(i ? "td" : "th", { class: kinds[i], scope: i ? null : "row" }, mark, shown);
  };
  const render = () => {
    const rows = isWhole ? all : all.slice(0, shown);
    body.replaceChildren(
      ...rows.map((row) => make("tr", {}, ...row.map((value, i) => cell(value, i, row)))),
    );
    more.hidden = isWhole;
  };
  more.append(`Show all ${number(all.length)} rows`);
  more.addEventListener("click", () => {
    isWhole = true;
    render();
    heads[0].firstChild.focus();
  });
  render();
  const made = make(
    "table",
    {},
    make("caption", {}, table.title),
    make("thead", {}, make("tr", {}, ...heads)),
    body,
  );
  const region = { class: "scroll", role: "region", tabindex: "0", "aria-label": table.title };
  return make("div", { class: "table" }, make("div", region, made), more);
}
