// Pairs of images, side by side.

const PAIRS = 60; // until more are asked for

function pairSide(data, pair, side, words) {
  const [file, row] = pair.rows[side];
  const labels = pair.labels[side].join(", ");
  return make(
    "figure",
    {},
    make("span", { class: "frame" }, picture(data, data.files[file].picture[row], { alt: `Picture of ${pair.names[side]}` })),
    make(
      "figcaption",
      {},
      make("strong", {}, words ?? pair.splits[side] ?? ""),
      labels ? make("span", { class: "words" }, labels) : null,
      make("span", { class: "name" }, pair.names[side]),
    ),
  );
}

class Pairs {
  constructor(data, go) {
    Object.assign(this, { data, go });
    this.shown = PAIRS;
    find("#pair-kind").addEventListener("input", (event) => {
      this.shown = PAIRS;
      this.go({ view: "duplicates", pairs: event.target.value });
    });
    find("#more-pairs").addEventListener("click", () => {
      this.shown += PAIRS;
      this.show(this.state);
    });
  }

  show(state) {
    this.state = state;
    const all = this.data.pairs;
    const kinds = [...new Set(all.map((pair) => pair.kind))];
    const tests = {
      across: (pair) => pair.across,
      differ: (pair) => pair.differ,
      ...Object.fromEntries(kinds.map((kind) => [kind, (pair) => pair.kind === kind])),
    };
    const count = (test) => number(all.filter(test).length);
    const words = { across: "in two splits", differ: "of other labels" };
    const options = Object.entries(tests).map(([key, test]) => [key, `${words[key] ?? key} (${count(test)})`]);
    setOptions(find("#pair-kind"), [["", `all (${number(all.length)})`], ...options], state.pairs ?? "");
    const found = all.filter(tests[state.pairs] ?? (() => !state.pairs));
    find("#pair-count").textContent = `${number(found.length)} ${found.length === 1 ? "pair" : "pairs"}`;
    find("#no-pairs").hidden = all.length > 0;
    find("#pair-form").hidden = all.length === 0;
    find("#pairs").replaceChildren(...found.slice(0, this.shown).map((pair) => this.card(pair)));
    find("#more-pairs").hidden = found.length <= this.shown;
  }

  card(pair) {
    const facts = Object.entries(pair.facts).map(([key, text]) => `${key}: ${text}`);
    const marks = [pair.across ? "in two splits" : "", pair.differ ? "other label" : ""];
    return make(
      "li",
      { class: "pair" },
      make("p", {}, make("strong", {}, pair.kind), ...marks.filter(Boolean).map((m) => make("span", { class: "badge" }, m)), make("span", { class: "name" }, facts.join(", "))),
      make("div", { class: "sides" }, pairSide(this.data, pair, 0), pairSide(this.data, pair, 1)),
    );
  }
}
