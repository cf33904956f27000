// The page: its state is the part of the address after `#`, its views show it.

const STRIP = 24; // pictures on the first view, evenly over the first config
const VIEWS = ["overview", "pictures", "labels", "duplicates", "audit"];

function readState() {
  const [view, query] = window.location.hash.slice(1).split("?");
  return { view: VIEWS.includes(view) ? view : "overview", ...Object.fromEntries(new URLSearchParams(query ?? "")) };
}

function hashOf(state) {
  const { view, ...rest } = state;
  const kept = Object.entries(rest).filter(([, value]) => value);
  return `#${view}${kept.length ? `?${new URLSearchParams(kept)}` : ""}`;
}

class Labels {
  constructor(data, go) {
    Object.assign(this, { data, go });
    this.form = find("#label-form");
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", (event) => {
      const other = event.target.name === "config" ? { column: "" } : {};
      this.go({ ...this.state, ...other, [event.target.name]: event.target.value });
    });
    let wide = 0;
    new ResizeObserver(([entry]) => {
      if (entry.contentRect.width && entry.contentRect.width !== wide) this.show(this.state);
      wide = entry.contentRect.width;
    }).observe(find("#balance"));
  }

  show(state) {
    this.state = state;
    if (state?.view !== "labels") return;
    const { data } = this;
    const config = configOf(data, state.config);
    const columns = labelColumns(config);
    const column = columns.find((c) => c.name === state.column) ?? columns[0];
    const measure = state.measure in MEASURES ? state.measure : "brightness";
    const form = this.form.elements;
    setOptions(form.config, data.configs.map((c) => [c.name, c.name]), config.name);
    setOptions(form.column, columns.map((c) => [c.name, c.name]), column?.name ?? "");
    setOptions(form.measure, SORTS.filter(([key]) => key in MEASURES), measure);
    form.column.closest("label").hidden = columns.length < 2;
    const width = Math.floor(find("#balance").clientWidth);
    find("#no-labels").hidden = Boolean(column);
    const sizes = config.splits.map((split) => rowsOf(data, config).filter((row) => row.split === split.name).length);
    if (column) {
      const rows = balance(data, config, column);
      const shown = rows.length > LABELS ? `The ${LABELS} most frequent of ${number(rows.length)} labels.` : "";
      const heads = config.splits.map((split) => split.name);
      const link = (row) => make("a", { href: hashOf({ view: "pictures", config: config.name, label: `${column.name}=${row[0]}` }) }, row[0]);
      find("#balance").replaceChildren(balanceChart(config, rows, sizes, width), make("p", { class: "note" }, shown));
      find("#balance-table").replaceChildren(makeTable({ title: `Rows of ${config.name} by ${column.name}`, head: [column.name, "rows", ...heads], rows }, { link }));
    }
    const spread = spreadRows(data, config, column, measure);
    find("#spread").replaceChildren(spread.length ? spreadChart(spread, measure, width) : "");
    const go = (down) => hashOf({ view: "pictures", config: config.name, sort: measure, down });
    find("#spread-links").replaceChildren(make("a", { href: go("") }, "Pictures with the least"), " · ", make("a", { href: go("1") }, "with the most"));
  }
}

async function start() {
  const data = await readData();
  const go = (state, isSame = false) => {
    // what is typed letter by letter is one step back, and so is a look at pictures
    window.history[isSame ? "replaceState" : "pushState"](null, "", hashOf(state));
    show();
  };
  const gallery = new Gallery(data, go);
  const views = { pictures: gallery, labels: new Labels(data, go), duplicates: new Pairs(data, go) };
  const detail = new Detail(data, gallery, go);
  let last = null;
  const show = () => {
    const state = readState();
    for (const view of VIEWS) find(`#${view}-view`).hidden = view !== state.view;
    for (const link of document.querySelectorAll("nav a[data-view]")) {
      if (link.dataset.view === state.view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    views[state.view]?.show(state);
    detail.show(state.view === "pictures" ? state : {});
    if (last !== null && last !== state.view) window.scrollTo(0, 0);
    last = state.view;
  };
  for (const [place, tables] of [["#tables", data.tables], ["#made-tables", data.made], ["#rest-tables", data.rest]]) {
    find(place).replaceChildren(...tables.map((table) => makeTable(table)));
  }
  const shown = rowsOf(data, data.configs[0]).filter((row) => valueOf(data, row, REPEAT) !== true);
  const step = Math.max(1, Math.floor(shown.length / STRIP));
  const some = shown.filter((_, i) => i % step === 0).slice(0, STRIP);
  const open = (row) => hashOf({ view: "pictures", config: data.configs[0].name, open: `${row.file}.${row.row}` });
  find("#strip").replaceChildren(
    ...some.map((row) => make("a", { href: open(row), "aria-label": `Picture ${nameOf(data, row)}` }, picture(data, row.picture))),
  );
  window.addEventListener("hashchange", show);
  window.addEventListener("popstate", show);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select") || detail.dialog.open) return;
    if (readState().view !== "pictures") go({ view: "pictures" });
    find("#filters").elements.q.focus();
    event.preventDefault();
  });
  find(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    find("main").focus();
  });
  show();
  document.documentElement.dataset.ready = "1";
}

start().catch((error) => {
  const box = find("#problem");
  box.hidden = false;
  box.textContent = `This page could not be shown: ${error.message}. It needs a browser of 2023 or later.`;
  throw error;
});
