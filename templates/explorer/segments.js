/** Of a pair of texts, A and B: what the tokens of one give to those of the other. */

import { el, number } from "./dom.js";
import { picked, seen } from "./weights.js";

/** @import {Sentence, Stream} from "./data.js" */
/** @import {State} from "./state.js" */
/** @import {Matrix, Side} from "./weights.js" */

/** @type {[string, string][]} */
const CHOICES = [
  ["", "all"],
  ["AA", "A → A"],
  ["AB", "A → B"],
  ["BA", "B → A"],
  ["BB", "B → B"],
];

/**
 * The buttons that choose which text looks at which.
 * @param {State} state
 * @param {(changes: Partial<State>) => void} go
 */
export function segmentRow(state, go) {
  const buttons = CHOICES.map(([name, title]) => {
    const button = el("button", { type: "button", "aria-pressed": String(state.seg === name) }, title);
    button.addEventListener("click", () => go({ seg: name }));
    return button;
  });
  return el("div", { class: "row", role: "group", "aria-label": "Texts of queries and keys" }, el("span", {}, "Texts"), ...buttons);
}

/**
 * Whether a sentence has both texts of a pair.
 * @param {Sentence} sentence
 */
export function isPair({ segments }) {
  return segments.includes("A") && segments.includes("B");
}

/**
 * What a state shows of the weights of single tokens: through its lens, of the texts it names.
 * @param {Matrix} matrix
 * @param {Sentence} sentence
 * @param {Stream} stream
 * @param {State} state
 */
export function shown(matrix, sentence, stream, state) {
  const whole = seen(matrix, sentence, stream, state);
  return state.seg ? between(whole, sentence, state.seg) : whole;
}

/**
 * The rows of one text and the columns of one, weights as they are; what a row gives to other
 * tokens is kept beside it.
 * @param {Matrix} matrix
 * @param {Sentence} sentence
 * @param {string} pair such as "AB"
 * @returns {Matrix}
 */
export function between(matrix, sentence, pair) {
  const rows = of(matrix.queries, sentence, pair[0]);
  const columns = of(matrix.keys, sentence, pair[1]);
  const width = matrix.keys.labels.length;
  const values = new Float32Array(rows.length * columns.length);
  const sums = new Float32Array(rows.length);
  rows.forEach((row, at) => {
    columns.forEach((key, place) => {
      const weight = matrix.values[row * width + key];
      values[at * columns.length + place] = weight;
      sums[at] += weight;
    });
  });
  return {
    queries: picked(matrix.queries, rows),
    keys: picked(matrix.keys, columns),
    values,
    sums,
    removed: Float32Array.from(rows, (row) => matrix.removed[row]),
    elsewhere: Float32Array.from(rows, (row, at) => Math.max(0, matrix.sums[row] - sums[at])),
  };
}

/**
 * Where on a side the tokens of a text stand; a word belongs to the text of its first token.
 * @param {Side} side
 * @param {Sentence} sentence
 * @param {string} text
 */
function of(side, { segments }, text) {
  return side.places.map(([first], at) => (segments[first] === text ? at : -1)).filter((at) => at >= 0);
}

/**
 * What either text gives to itself, to the other, and to special tokens, in words.
 * @param {Matrix} matrix of all tokens that a lens shows
 * @param {Sentence} sentence
 * @param {string} chosen the pair that is shown, "" for all
 */
export function massLine(matrix, sentence, chosen) {
  const width = matrix.keys.labels.length;
  const line = el("p", { class: "masses" });
  for (const from of "AB") {
    const rows = of(matrix.queries, sentence, from);
    line.append(`${from === "A" ? "Text" : "; text"} ${from} gives `);
    ["A", "B", "-"].forEach((to) => {
      const columns = of(matrix.keys, sentence, to);
      if (!columns.length) return;
      let sum = 0;
      for (const row of rows) for (const key of columns) sum += matrix.values[row * width + key];
      const name = to === "-" ? "special tokens" : to === from ? "itself" : `text ${to}`;
      const told = `${number(sum / Math.max(1, rows.length))} to ${name}`;
      line.append(to === "A" ? "" : ", ", chosen === from + to ? el("b", {}, told) : told);
    });
  }
  line.append(" (mean over its tokens).");
  return line;
}
