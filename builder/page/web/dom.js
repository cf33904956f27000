// Elements, always made of text and never of markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}

function make(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function find(selector) {
  return document.querySelector(selector);
}

function number(value, digits = 3) {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : digits;
  return value.toLocaleString("en", { maximumFractionDigits: places });
}

// A picture, or a tile in its place where it cannot be shown.
function picture(data, index, attributes) {
  const webp = data.webp[index];
  if (!webp) {
    const reason = data.pictures.reason[index] ?? "cannot be shown";
    return make("span", { class: "no-picture" }, reason);
  }
  const src = `data:image/webp;base64,${webp}`;
  return make("img", { src, alt: "", decoding: "async", ...attributes });
}

// What is chosen is named even if it is none of the options, as an address may ask.
function setOptions(select, known, chosen) {
  const isKnown = known.some(([value]) => value === chosen);
  const options = isKnown || !chosen ? known : [...known, [chosen, `${chosen} (0)`]];
  const nodes = options.map(([value, text, group]) => {
    const option = make("option", { value, selected: value === chosen }, text);
    return [group, option];
  });
  const groups = new Map();
  const top = [];
  for (const [group, option] of nodes) {
    if (!group) top.push(option);
    else if (groups.has(group)) groups.get(group).append(option);
    else {
      groups.set(group, make("optgroup", { label: group }, option));
      top.push(groups.get(group));
    }
  }
  select.replaceChildren(...top);
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}
