// The data of the page, and what is asked of it. Nothing here touches the page.

const FLAGS = [
  ["broken", "cannot be shown"],
  ["same", "same file in several rows"],
  ["alike", "looks like another"],
  ["across", "in two splits"],
  ["differ", "alike, other label"],
  ["grey", "without colour"],
  ["turned", "turned by EXIF"],
  ["mode", "unusual mode"],
  ["plain", "too plain to compare"],
  ["group", "in a large group of those alike"],
];
const NONE = "(none)";
const FEW = 60; // values of a column that can be chosen from a list
const REPEAT = "repeat";

const MEASURES = {
  odd: ["unlike the others", (p, i) => p.odd[i]],
  brightness: ["brightness", (p, i) => p.brightness[i]],
  saturation: ["saturation", (p, i) => p.saturation[i]],
  sharpness: ["sharpness", (p, i) => p.sharpness[i]],
  bytes: ["bytes", (p, i) => p.bytes[i]],
  density: ["bytes a pixel", (p, i) => p.bytes[i] / (p.width[i] * p.height[i] || NaN)],
  width: ["width", (p, i) => p.width[i] || NaN],
  height: ["height", (p, i) => p.height[i] || NaN],
  aspect: ["width by height", (p, i) => p.width[i] / (p.height[i] || NaN)],
};

async function readData() {
  const held = JSON.parse(document.getElementById("data").textContent);
  const packed = Uint8Array.from(atob(held.packed), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream();
  const text = new Response(stream.pipeThrough(new DecompressionStream("deflate")));
  const data = JSON.parse(await text.text());
  data.webp = held.webp;
  // what cannot be shown was not measured
  for (const name of ["brightness", "saturation", "sharpness"]) {
    data.pictures[name] = data.pictures[name].map((v, i) => (data.pictures.width[i] ? v : NaN));
  }
  data.pictures.odd = oddness(data.pictures);
  data.rows = new Map();
  return data;
}

function quantile(sorted, share) {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

// How far each picture is from the median in the measure in which it is farthest, in
// deviations: 1.4826 times the median absolute one is the standard one of a normal.
function oddness(pictures) {
  const number = pictures.bytes.length;
  const whole = [...Array(number).keys()].filter((i) => pictures.width[i]);
  const odd = Array(number).fill(NaN);
  const names = ["brightness", "saturation", "sharpness", "density", "aspect"];
  for (const name of names) {
    const value = MEASURES[name][1];
    const isRatio = name === "density" || name === "aspect";
    const of = (i) => (isRatio ? Math.log(value(pictures, i)) : value(pictures, i));
    const middle = quantile(whole.map(of).sort((a, b) => a - b), 0.5);
    const far = whole.map((i) => Math.abs(of(i) - middle)).sort((a, b) => a - b);
    const spread = Math.max(1.4826 * quantile(far, 0.5), isRatio ? 0.1 : 2);
    for (const i of whole) {
      const z = Math.abs(of(i) - middle) / spread;
      if (!(odd[i] >= z)) odd[i] = z;
    }
  }
  return odd;
}

function configOf(data, name) {
  return data.configs.find((config) => config.name === name) ?? data.configs[0];
}

// All rows of a config, in its order.
function rowsOf(data, config) {
  if (!data.rows.has(config.name)) {
    const rows = [];
    for (const split of config.splits) {
      let number = 0;
      for (const file of split.files) {
        data.files[file].picture.forEach((picture, row) => {
          rows.push({ file, row, picture, split: split.name, number: number++ });
        });
      }
    }
    data.rows.set(config.name, rows);
  }
  return data.rows.get(config.name);
}

function valueOf(data, row, name) {
  return data.files[row.file].columns[name]?.[row.row];
}

function nameOf(data, row) {
  return data.files[row.file].name[row.row];
}

function labelColumns(config) {
  return config.columns.filter((c) => c.kind === "label" || c.kind === "labels");
}

// The names of the labels of a row in one column.
function labelsOf(data, row, column) {
  if (!column) return [];
  const value = valueOf(data, row, column.name);
  const numbers = Array.isArray(value) ? value : [value];
  if (value === null || value === undefined) return [];
  return numbers.map((n) => column.names[n] ?? `${n}`);
}

function textOf(data, row, column) {
  if (column.kind === "label" || column.kind === "labels") {
    return labelsOf(data, row, column).join(", ") || NONE;
  }
  const value = valueOf(data, row, column.name);
  if (value === null || value === undefined) return NONE;
  return Array.isArray(value) ? value.join(", ") || NONE : `${value}`;
}

// Each value of a column with how many rows have it; null if there are too many.
function countValues(data, config, column, few = Infinity) {
  const counts = new Map();
  for (const row of rowsOf(data, config)) {
    const isLabel = column.kind === "label" || column.kind === "labels";
    const said = isLabel ? labelsOf(data, row, column) : [textOf(data, row, column)];
    for (const text of new Set(said.length ? said : [NONE])) {
      counts.set(text, (counts.get(text) ?? 0) + 1);
      if (counts.size > few) return null;
    }
  }
  return counts;
}

function flagsOf(data, row) {
  const bits = data.pictures.flags[row.picture];
  const said = FLAGS.filter((_, i) => bits & (1 << i)).map(([key]) => key);
  if (valueOf(data, row, REPEAT) === true) said.push(REPEAT);
  return said;
}

function wordsOfFlag(key) {
  return key === REPEAT ? "drawn again" : Object.fromEntries(FLAGS)[key];
}

// The rows that a state asks for, in its order.
function selectRows(data, state) {
  const config = configOf(data, state.config);
  const wanted = (state.q ?? "").trim().toLowerCase();
  const first = labelColumns(config)[0];
  const asked = ["label", "where"].filter((key) => state[key]).map((key) => {
    const column = config.columns.find((c) => state[key].startsWith(`${c.name}=`));
    return [column, column && state[key].slice(column.name.length + 1)];
  });
  const has = (row, column, value) =>
    !column ? false // of no such column, no row has the value
    : column.kind === "labels"
      ? (labelsOf(data, row, column).concat(NONE)[0] === NONE && value === NONE) ||
        labelsOf(data, row, column).includes(value)
      : textOf(data, row, column) === value;
  const found = rowsOf(data, config).filter(
    (row) =>
      (!state.split || row.split === state.split) &&
      asked.every(([column, value]) => has(row, column, value)) &&
      (!state.flag ||
        (state.flag === "once"
          ? valueOf(data, row, REPEAT) !== true
          : flagsOf(data, row).includes(state.flag))) &&
      (!wanted ||
        nameOf(data, row).toLowerCase().includes(wanted) ||
        labelsOf(data, row, first).join(", ").toLowerCase().includes(wanted)),
  );
  return sortRows(data, found, state.sort, state.down === "1");
}

function sortRows(data, rows, by, down) {
  const sign = down ? -1 : 1;
  if (by === "name") {
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    return rows.sort((a, b) => sign * compare(nameOf(data, a), nameOf(data, b)));
  }
  if (!(by in MEASURES)) return down ? rows.reverse() : rows;
  const value = MEASURES[by][1];
  return rows.sort((a, b) => {
    const [x, y] = [value(data.pictures, a.picture), value(data.pictures, b.picture)];
    // what cannot be measured comes last, whatever the direction
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return sign * (x - y);
  });
}
