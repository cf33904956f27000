// One row: its picture as large as may be, its boxes, and all that is known of it.

class Detail {
  constructor(data, gallery, go) {
    Object.assign(this, { data, gallery, go });
    this.dialog = find("#detail");
    this.dialog.addEventListener("close", () => this.closed());
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    find("#close").addEventListener("click", () => this.dialog.close());
    find("#previous").addEventListener("click", () => this.step(-1));
    find("#next").addEventListener("click", () => this.step(1));
    find("#boxes").addEventListener("change", () => this.fill());
  }

  // Show the row that a state names, or close.
  show(state) {
    const rows = this.gallery.rows;
    this.place = rows.findIndex((row) => `${row.file}.${row.row}` === state.open);
    if (this.place < 0) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    this.row = rows[this.place];
    this.fill();
    if (!this.dialog.open) this.dialog.showModal();
  }

  closed() {
    const { state, page } = this.gallery;
    const at = this.place - page * PAGE;
    if (state.open) this.go({ ...state, open: "" }, true);
    this.gallery.focus(at);
  }

  step(by) {
    const row = this.gallery.rows[this.place + by];
    if (!row) return;
    const page = Math.floor((this.place + by) / PAGE);
    this.go({ ...this.gallery.state, page: page ? `${page + 1}` : "", open: `${row.file}.${row.row}` }, true);
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.target.matches("input, select")) return;
    this.step(step);
    event.preventDefault();
  }

  fill() {
    const { data, row } = this;
    const config = this.gallery.config;
    const boxes = config.columns.find((c) => c.kind === "boxes");
    find("#detail-name").textContent = nameOf(data, row);
    find("#where").textContent = `${config.name} · ${row.split} · row ${number(row.number)}`;
    find("#previous").disabled = this.place === 0;
    find("#next").disabled = this.place === this.gallery.rows.length - 1;
    find("#boxes").closest("label").hidden = !boxes;
    const isShown = boxes && find("#boxes").checked;
    const stage = find("#stage");
    stage.style.setProperty("--wide", data.pictures.width[row.picture] || 4);
    stage.style.setProperty("--high", data.pictures.height[row.picture] || 3);
    const alt = `Picture of ${nameOf(data, row)}`;
    const layer = isShown ? this.drawBoxes(valueOf(data, row, boxes.name) ?? [], boxes.names) : null;
    stage.replaceChildren(picture(data, row.picture, { alt }), layer ?? "");
    find("#facts").replaceChildren(...this.facts(config));
    find("#others").replaceChildren(...this.others(config));
  }

  drawBoxes(flat, names) {
    const p = this.data.pictures;
    const [w, h] = [p.width[this.row.picture], p.height[this.row.picture]];
    const size = Math.max(w, h) / 36;
    const marks = [];
    for (let i = 0; i < flat.length; i += 5) {
      const [kind, left, top, wide, high] = flat.slice(i, i + 5);
      const [x, y] = [(left * w) / 1000, (top * h) / 1000];
      const hue = (kind * 137) % 360;
      const box = { x, y, width: (wide * w) / 1000, height: (high * h) / 1000 };
      const stroke = `hsl(${hue} 90% 60%)`;
      const words = { x: x + size / 3, y: Math.max(y + size, size), "font-size": size };
      marks.push(
        draw("rect", { ...box, class: "box-under" }),
        draw("rect", { ...box, class: "box", stroke }),
        draw("text", { ...words, class: "box-name" }, names[kind] ?? `${kind}`),
      );
    }
    const said = `${flat.length / 5} boxes`;
    return draw("svg", { viewBox: `0 0 ${w} ${h}`, class: "boxes", role: "img", "aria-label": said }, ...marks);
  }

  facts(config) {
    const { data, row } = this;
    const p = data.pictures;
    const i = row.picture;
    const pairs = config.columns
      .filter((c) => c.kind !== "boxes")
      .map((c) => [c.name, textOf(data, row, c)]);
    const boxes = config.columns.find((c) => c.kind === "boxes");
    if (boxes) pairs.push([boxes.name, this.countBoxes(boxes)]);
    const flags = flagsOf(data, row).map(wordsOfFlag).join(", ");
    const seen = p.width[i]
      ? [
          ["as shown", `${p.width[i]} × ${p.height[i]} pixels, ${p.modes[p.mode[i]]}`],
          ["brightness", `${number(p.brightness[i])} of 100`],
          ["saturation", `${number(p.saturation[i])} of 100`],
          ["sharpness", number(p.sharpness[i])],
          ["unlike the others", `${number(p.odd[i])} deviations`],
        ]
      : [["as shown", p.reason[i] ?? "cannot be shown"]];
    const all = [["flags", flags || "none"], ...pairs, ["bytes", number(p.bytes[i])], ...seen, ["lies in", `${data.files[row.file].file}, row ${row.row}`]];
    return all.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]);
  }

  countBoxes(column) {
    const flat = valueOf(this.data, this.row, column.name) ?? [];
    const counts = new Map();
    for (let i = 0; i < flat.length; i += 5) {
      const name = column.names[flat[i]] ?? `${flat[i]}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return [...counts].map(([name, n]) => (n > 1 ? `${n} ${name}` : name)).join(", ") || NONE;
  }

  // What looks the same, and where else the same picture is.
  others() {
    const { data, row } = this;
    const alike = data.pairs.flatMap((pair) => {
      const at = pair.rows.map(([file, r]) => data.files[file].picture[r]);
      const side = at.indexOf(row.picture);
      return side < 0 ? [] : [pairSide(data, pair, at[1 - side] === row.picture && side ? 0 : 1 - side, pair.kind)];
    });
    const places = data.configs.flatMap((config) => {
      const rows = rowsOf(data, config).filter((other) => other.picture === row.picture);
      return rows.map((other) => `${config.name} / ${other.split}, row ${number(other.number)}`);
    });
    const shown = places.slice(0, 12);
    if (places.length > shown.length) shown.push(`and ${number(places.length - shown.length)} more`);
    return [
      ...(alike.length ? [make("h3", {}, "Looks the same"), make("div", { class: "alike" }, ...alike)] : []),
      ...(places.length > 1 ? [make("h3", {}, "This picture is in"), make("ul", {}, ...shown.map((s) => make("li", {}, s)))] : []),
    ];
  }
}
