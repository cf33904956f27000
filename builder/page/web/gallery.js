// The pictures of a config: what is chosen, a page of them, and a walk by keys.

const SORTS = [["", "as in the dataset"], ["name", "name"]].concat(
  Object.entries(MEASURES).map(([key, [words]]) => [key, words]),
);
const PAGE = 240;
const FILTERS = ["config", "split", "label", "where", "flag", "sort", "q", "down", "tiles"];

class Gallery {
  constructor(data, go) {
    this.data = data;
    this.go = go; // changes the state of the page
    this.rows = [];
    this.form = find("#filters");
    this.grid = find("#grid");
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", (event) => this.changed(event.target));
    find("#reset").addEventListener("click", () => this.go({ view: "pictures", config: this.state.config }));
    find("#before").addEventListener("click", () => this.turn(-1));
    find("#after").addEventListener("click", () => this.turn(1));
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.form.elements.q.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.rows.length) return;
      event.preventDefault(); // which would empty the search
      this.focus(this.at);
    });
  }

  changed(input) {
    const value = input.type === "checkbox" ? (input.checked ? "1" : "") : input.value;
    const other = input.name === "config" ? { split: "", label: "", where: "", flag: "" } : {};
    this.go({ ...this.state, ...other, [input.name]: value, page: "", open: "" }, input.name === "q");
  }

  turn(by) {
    const page = Math.min(Math.max(this.page + by, 0), this.pages - 1);
    if (page === this.page) return;
    this.go({ ...this.state, page: page ? `${page + 1}` : "" });
    this.focus(0);
    this.grid.scrollIntoView({ block: "start" });
  }

  // Show what a state asks for; nothing is made again that stays as it is.
  show(state) {
    const asked = JSON.stringify(FILTERS.map((key) => state[key] ?? ""));
    const isNew = asked !== this.asked;
    this.state = state;
    if (isNew) {
      this.asked = asked;
      this.config = configOf(this.data, state.config);
      this.rows = selectRows(this.data, { ...state, config: this.config.name });
      this.setForm();
    }
    this.pages = Math.max(1, Math.ceil(this.rows.length / PAGE));
    const page = Math.min(Math.max(Number.parseInt(state.page || "1", 10) - 1 || 0, 0), this.pages - 1);
    if (isNew || page !== this.page) {
      this.page = page;
      this.setGrid();
    }
  }

  setForm() {
    const { data, config, state } = this;
    const form = this.form.elements;
    const sized = (counts) => [...counts].sort((a, b) => compareTexts(a[0], b[0]));
    setOptions(form.config, data.configs.map((c) => [c.name, c.name]), config.name);
    setOptions(form.split, [["", "all"], ...config.splits.map((s) => [s.name, s.name])], state.split ?? "");
    const labels = labelColumns(config);
    const listed = (columns, few, asGroups) =>
      columns.flatMap((column) => {
        const counts = countValues(data, config, column, few);
        if (!counts || (few < Infinity && counts.size < 2)) return [];
        return sized(counts).map(([text, n]) => [`${column.name}=${text}`, `${text} (${number(n)})`, asGroups && column.name]);
      });
    const chosen = listed(labels, Infinity, labels.length > 1);
    setOptions(form.label, [["", "all"], ...chosen], state.label ?? "");
    form.label.closest("label").hidden = !chosen.length && !state.label;
    const plain = config.columns.filter((c) => c.kind === "plain" && c.name !== REPEAT);
    const others = listed(plain, FEW, true);
    setOptions(form.where, [["", "any"], ...others], state.where ?? "");
    form.where.closest("label").hidden = !others.length && !state.where;
    const counts = new Map();
    for (const row of rowsOf(data, config)) {
      for (const flag of flagsOf(data, row)) counts.set(flag, (counts.get(flag) ?? 0) + 1);
    }
    const flags = [...FLAGS.map(([key]) => key), REPEAT].filter((key) => counts.has(key));
    const options = flags.map((key) => [key, `${wordsOfFlag(key)} (${number(counts.get(key))})`]);
    if (counts.has(REPEAT)) options.push(["once", "not drawn again"]);
    setOptions(form.flag, [["", flags.length ? "any" : "none found"], ...options], state.flag ?? "");
    setOptions(form.sort, SORTS, SORTS.some(([key]) => key === state.sort) ? state.sort : "");
    form.down.checked = state.down === "1";
    form.tiles.value = state.tiles || form.tiles.value;
    if (document.activeElement !== form.q) form.q.value = state.q ?? "";
  }

  setGrid() {
    const start = this.page * PAGE;
    const rows = this.rows.slice(start, start + PAGE);
    const largest = Math.max(this.data.size, 96);
    const side = { small: 72, medium: 112, large: 192 }[this.form.elements.tiles.value] ?? 112;
    this.grid.style.setProperty("--tile", `${Math.min(side, largest * 1.5)}px`);
    this.grid.replaceChildren(...rows.map((row, i) => make("li", {}, this.tile(row, i))));
    const [n, all] = [this.rows.length, rowsOf(this.data, this.config).length];
    const words = n === all ? `${number(n)} rows` : `${number(n)} of ${number(all)} rows`;
    find("#count").textContent = n > PAGE ? `${words}, ${number(start + 1)} to ${number(start + rows.length)}` : words;
    find("#page").textContent = `${this.page + 1} of ${number(this.pages)}`;
    find("#before").disabled = this.page === 0;
    find("#after").disabled = this.page === this.pages - 1;
    find("#pager").hidden = this.pages === 1;
    find("#nothing").hidden = n > 0;
    this.at = 0;
  }

  tile(row, i) {
    const { data, config, state } = this;
    const labels = labelsOf(data, row, labelColumns(config)[0]);
    const flags = flagsOf(data, row).map(wordsOfFlag);
    const by = MEASURES[state.sort];
    const measured = by ? number(by[1](data.pictures, row.picture)) : "";
    const words = labels.length ? labels.join(", ") : nameOf(data, row);
    return make(
      "button",
      { type: "button", class: "tile", tabindex: i ? "-1" : "0", onclick: () => this.open(i), onfocus: () => this.move(i) },
      make("span", { class: "frame" }, picture(data, row.picture)),
      make("span", { class: "words" }, words),
      make("span", { class: "split" }, row.split, measured ? ` · ${measured}` : ""),
      flags.length ? make("span", { class: "flags" }, flags.join(", ")) : null,
    );
  }

  open(i) {
    const row = this.rows[this.page * PAGE + i];
    this.go({ ...this.state, open: `${row.file}.${row.row}` });
  }

  tiles() {
    return [...this.grid.querySelectorAll(".tile")];
  }

  move(i) {
    const tiles = this.tiles();
    tiles[this.at]?.setAttribute("tabindex", "-1");
    tiles[i].setAttribute("tabindex", "0");
    this.at = i;
  }

  focus(i) {
    this.tiles()[i]?.focus();
  }

  key(event) {
    const tiles = this.tiles();
    const last = tiles.length - 1;
    const wide = tiles.filter((t) => t.offsetTop === tiles[0].offsetTop).length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide };
    if (event.key in steps) {
      const to = this.at + steps[event.key];
      if (to >= 0 && to <= last) this.focus(to);
    } else if (event.key === "Home") this.focus(0);
    else if (event.key === "End") this.focus(last);
    else if (event.key === "PageDown") this.turn(1);
    else if (event.key === "PageUp") this.turn(-1);
    else return;
    event.preventDefault();
  }
}
