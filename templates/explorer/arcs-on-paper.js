/** Arcs of long sentences as paper has them: pieces, each with the tokens that its lines touch. */

import { el, svg } from "./dom.js";
import { givenShades, gotShades, path, weightScale } from "./lines.js";
import { label, labelOf, picture, widthOf } from "./parts.js";

/** @import {Chosen, Line} from "./lines.js" */
/** @import {Matrix, Side} from "./weights.js" */

/** Sentences of up to so many tokens are printed as they are. */
export const WHOLE = 48;

/** So many tokens a side has in a piece. */
const MOST = 36;

/** Sizes in pixels: of rows, letters, places, and of the lines' room where there are several. */
const [HIGH, FONT, PLACE, GAP, BROAD] = [17, 12.5, 28, 170, 380];

/**
 * @typedef {object} Piece
 * @property {Line[]} lines
 * @property {number[]} queries that they touch, as they follow in the sentence
 * @property {number[]} keys
 */

/**
 * The lines, piece by piece, and what is left out.
 * @param {Matrix} matrix
 * @param {Line[]} lines
 * @param {Chosen} pins
 * @returns {Element[]}
 */
export function pieces(matrix, lines, pins) {
  const parts = grouped(lines);
  const sides = [matrix.queries, matrix.keys];
  const touched = [new Set(lines.map(({ row }) => row)), new Set(lines.map(({ key }) => key))];
  const [queries, keys] = sides.map(({ labels }, at) => `${touched[at].size} of ${labels.length} ${at ? "keys" : "queries"}`);
  const says = el("p", {}, `On paper there are the tokens that a line touches, ${queries} and ${keys}, with their places in the sentence, from 0.${parts.length > 1 ? " Each picture goes on where the one before ends." : ""}`);
  const widths = sides.map(({ labels }, side) => widest([...touched[side]].map((at) => labels[at])));
  return [says, ...parts.map((part) => drawn(matrix, part, pins, widths, parts.length > 1 ? GAP : BROAD))];
}

/** @param {import("./data.js").Token[]} tokens */
function widest(tokens) {
  return Math.ceil(tokens.reduce((most, token) => Math.max(most, widthOf(labelOf(token), FONT)), 20));
}

/**
 * Lines in the order of their queries, in as many pieces as they need.
 * @param {Line[]} lines
 */
function grouped(lines) {
  /** @typedef {{lines: Line[], queries: Set<number>, keys: Set<number>}} Part */
  /** @type {Part[]} */
  const parts = [];
  /** @type {() => Part} */
  const begun = () => ({ lines: [], queries: new Set(), keys: new Set() });
  const fits = (/** @type {Set<number>} */ tokens, /** @type {number} */ token) => tokens.has(token) || tokens.size < MOST;
  for (const line of [...lines].sort((one, other) => one.row - other.row || one.key - other.key)) {
    const last = parts[parts.length - 1];
    const part = last && fits(last.queries, line.row) && fits(last.keys, line.key) ? last : begun();
    if (part !== last) parts.push(part);
    part.lines.push(line);
    part.queries.add(line.row);
    part.keys.add(line.key);
  }
  const inOrder = (/** @type {Set<number>} */ tokens) => [...tokens].sort((one, other) => one - other);
  return parts.map((part) => ({ lines: part.lines, queries: inOrder(part.queries), keys: inOrder(part.keys) }));
}

/**
 * @param {Matrix} matrix
 * @param {Piece} piece
 * @param {Chosen} pins
 * @param {number[]} widths of the tokens at the left and at the right
 * @param {number} gap
 */
function drawn(matrix, { lines, queries, keys }, pins, [left, right], gap) {
  const high = HIGH * Math.max(queries.length, keys.length);
  const [from, to] = [PLACE + left + 8, PLACE + left + 8 + gap];
  // The shorter side is spread over the height of the longer.
  const y = (/** @type {number[]} */ tokens, /** @type {number} */ token) => ((tokens.indexOf(token) + 0.5) * high) / tokens.length;
  const box = (/** @type {number[]} */ tokens, /** @type {number} */ x, /** @type {number} */ width) => (/** @type {number} */ token) =>
    tokens.includes(token) ? { x, y: y(tokens, token) - HIGH / 2, width, height: HIGH } : null;
  const boxes = { queries: box(queries, PLACE, left + 6), keys: box(keys, to + 1, right + 8) };
  return picture(
    to + right + PLACE + 10,
    high + 34,
    svg("g", {}, ...givenShades(matrix, pins.queries, boxes), ...gotShades(matrix, pins.keys, boxes)),
    svg("g", { class: "edges" }, ...lines.map((line) => path([from, to], [y(queries, line.row), y(keys, line.key)], line))),
    ...named(matrix.queries, queries, (token) => y(queries, token), { x: from - 5, place: PLACE - 6, "text-anchor": "end" }),
    ...named(matrix.keys, keys, (token) => y(keys, token), { x: to + 5, place: to + right + 14, "text-anchor": "start" }),
    weightScale(PLACE, high + 22),
  );
}

/**
 * Tokens with their places in the sentence beside them.
 * @param {Side} side
 * @param {number[]} tokens
 * @param {(token: number) => number} y
 * @param {{x: number, place: number, "text-anchor": string}} at
 */
function named({ labels, places }, tokens, y, { x, place, ...anchor }) {
  return [
    svg("g", { class: "labels", "font-size": FONT }, ...tokens.map((token) => label(labels[token], { x, y: y(token), ...anchor }))),
    svg("g", {}, ...tokens.map((token) => svg("text", { class: "tick number", x: place, y: y(token), ...anchor }, String(places[token][0])))),
  ];
}
