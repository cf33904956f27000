// Charts in SVG, with real text, from the rows that the page holds.

const LABELS = 40; // that a chart shows, the most frequent first
const LINE = 22;

function chart(title, width, height, ...children) {
  const box = { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" };
  return draw("svg", { ...box, class: "chart", "aria-label": title }, ...children);
}

function chartText(x, y, text, attributes) {
  return draw("text", { x, y, ...attributes }, text);
}

const PEN = document.createElement("canvas").getContext("2d");

// A text as far as it has room, as wide as it will be drawn; never half a character.
function cut(text, width) {
  PEN.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const has = (held) => PEN.measureText(held).width <= width;
  if (has(text)) return text;
  const chars = [...text];
  while (chars.length > 1 && !has(`${chars.join("")}…`)) chars.pop();
  return `${chars.join("")}…`;
}

// Rows of each label in each split: [label, all, ...of each split].
function balance(data, config, column) {
  const names = config.splits.map((split) => split.name);
  const counts = new Map();
  for (const row of rowsOf(data, config)) {
    const said = labelsOf(data, row, column);
    for (const label of new Set(said.length ? said : [NONE])) {
      if (!counts.has(label)) counts.set(label, names.map(() => 0));
      counts.get(label)[names.indexOf(row.split)] += 1;
    }
  }
  const rows = [...counts].map(([label, of]) => [label, of.reduce((a, b) => a + b), ...of]);
  return rows.sort((a, b) => b[1] - a[1] || compareTexts(a[0], b[0]));
}

// The share of each split that has each label.
function balanceChart(config, rows, sizes, width) {
  const splits = config.splits.map((split) => split.name);
  const shown = rows.slice(0, LABELS);
  const left = Math.min(150, width * 0.34);
  const room = width - left - 52;
  const bar = 9;
  const step = splits.length * (bar + 2) + 10;
  const share = (row, i) => row[2 + i] / (sizes[i] || 1);
  const largest = Math.max(...shown.flatMap((row) => splits.map((_, i) => share(row, i))));
  const beside = Math.max(1, Math.floor((width - left) / 96));
  const legend = splits.map((name, i) => {
    const [x, y] = [left + (i % beside) * 96, 4 + 18 * Math.floor(i / beside)];
    return draw(
      "g", {},
      draw("rect", { x, y, width: 10, height: 10, class: `split-${i % 4}` }),
      chartText(x + 15, y + 9, cut(name, 76)),
    );
  });
  const top = 12 + 18 * Math.ceil(splits.length / beside);
  const lines = shown.map((row, k) => {
    const y = top + k * step;
    const bars = splits.flatMap((_, i) => {
      const long = (room * share(row, i)) / (largest || 1);
      const at = y + i * (bar + 2);
      return [
        draw("rect", { x: left, y: at, width: Math.max(long, 0.5), height: bar, rx: 1.5, class: `split-${i % 4}` }),
        chartText(left + long + 5, at + bar - 1, `${number(100 * share(row, i), 1)} %`, { class: "small" }),
      ];
    });
    const middle = y + (splits.length * (bar + 2)) / 2 + 3;
    const label = chartText(left - 8, middle, cut(row[0], left - 10), { "text-anchor": "end" });
    return draw("g", {}, draw("title", {}, row[0]), label, ...bars);
  });
  const title = `Share of each split with each label, ${shown.length} labels`;
  return chart(title, width, top + shown.length * step, ...legend, ...lines);
}

// Where the middle of the pictures of each label lies, and how far the others go.
function spreadRows(data, config, column, measure) {
  const value = MEASURES[measure][1];
  const values = new Map();
  for (const row of rowsOf(data, config)) {
    if (valueOf(data, row, REPEAT) === true) continue;
    const v = value(data.pictures, row.picture);
    if (!data.pictures.width[row.picture] || !Number.isFinite(v)) continue;
    for (const label of new Set(column ? labelsOf(data, row, column) : [row.split])) {
      if (!values.has(label)) values.set(label, []);
      values.get(label).push(v);
    }
  }
  return [...values]
    .map(([label, held]) => {
      held.sort((a, b) => a - b);
      return [label, held.length, ...[0.05, 0.25, 0.5, 0.75, 0.95].map((q) => quantile(held, q))];
    })
    .sort((a, b) => b[1] - a[1] || compareTexts(a[0], b[0]));
}

function spreadChart(rows, measure, width) {
  const shown = rows.slice(0, LABELS).sort((a, b) => b[4] - a[4]);
  const left = Math.min(150, width * 0.34);
  const room = width - left - 16;
  const low = Math.min(...shown.map((row) => row[2]));
  const high = Math.max(...shown.map((row) => row[6]));
  const at = (v) => left + (room * (v - low)) / (high - low || 1);
  const ends = [low, (low + high) / 2, high].map((v, i) =>
    chartText(at(v), 12, number(v), { "text-anchor": ["start", "middle", "end"][i], class: "small" }),
  );
  const lines = shown.map((row, k) => {
    const y = 22 + k * LINE;
    const [least, lower, middle, upper, most] = row.slice(2).map(at);
    const said = `${row[0]}: median ${number(row[4])}, half of them ${number(row[3])} to ${number(row[5])}`;
    return draw(
      "g", {},
      draw("title", {}, said),
      chartText(left - 8, y + 13, cut(row[0], left - 10), { "text-anchor": "end" }),
      draw("line", { x1: least, x2: most, y1: y + 9, y2: y + 9, class: "range" }),
      draw("rect", { x: lower, y: y + 3, width: Math.max(upper - lower, 1), height: 12, rx: 2, class: "half" }),
      draw("line", { x1: middle, x2: middle, y1: y + 1, y2: y + 17, class: "middle" }),
    );
  });
  const title = `${MEASURES[measure][0]} of the pictures of each label: median, half and nine tenths of them`;
  return chart(title, width, 26 + shown.length * LINE, ...ends, ...lines);
}
