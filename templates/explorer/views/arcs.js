/** Queries at the left, keys at the right, and lines between them, wide where a weight is large. */

import { HEADS } from "../colours.js";
import { counted, number, set, svg } from "../dom.js";
import { Grid } from "../grid.js";
import { label, labelOf, picture, widthOf } from "../parts.js";
import { pinnedRows, restLine } from "../rest.js";
import { weightTable } from "../scene.js";
import { toggled } from "../state.js";
import { meanOf, onSide, seen, sumOfColumns, sumOfRows } from "../weights.js";

/** @import {Scene, View} from "../scene.js" */
/** @import {Matrix} from "../weights.js" */

/** Smaller weights have no line of their own. */
const LEAST = 0.01;

/** So many lines are drawn where no token is chosen: the strongest. */
const OVERALL = 150;

const [HIGH, FONT, GAP] = [17, 12.5, 260];

/** @type {View} */
export const arcsView = {
  name: "arcs",
  title: "Arcs",
  about: "Lines lead from queries, at the left, to keys, at the right; the wider, the larger the weight. Point at a token to see its lines alone, click or press Enter to pin it; several add up.",
  draw,
  table: async (scene) => weightTable(scene, pinnedRows(scene.matrix, scene.state.q)),
};

/**
 * @typedef {object} Layer what is drawn of one head, or of a mean
 * @property {Matrix} matrix
 * @property {string} colour "" for that of the page
 */

/**
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
async function draw(scene, host) {
  const { matrix, state } = scene;
  const layers = await layersOf(scene);
  const sides = [matrix.queries, matrix.keys];
  const [left, right] = sides.map(({ labels }) =>
    Math.ceil(labels.reduce((most, token) => Math.max(most, widthOf(labelOf(token), FONT)), 20)),
  );
  const gap = Math.max(70, Math.min(GAP, scene.width - left - right - 20));
  const rows = Math.max(...sides.map(({ labels }) => labels.length));
  const [from, to] = [left + 8, left + 8 + gap];
  const shades = svg("g");
  const edges = svg("g", { class: "edges" });
  const cursor = svg("rect", { class: "cursor", height: HIGH, visibility: "hidden" });
  const words = [
    ...matrix.queries.labels.map((token, at) => label(token, { x: from - 5, y: middle(at), "text-anchor": "end" })),
    ...matrix.keys.labels.map((token, at) => label(token, { x: to + 5, y: middle(at) })),
  ];
  const drawn = picture(
    to + right + 10,
    rows * HIGH + 4,
    shades,
    edges,
    svg("g", { class: "labels", "font-size": FONT }, ...words),
    cursor,
  );
  const pins = { queries: pinnedRows(matrix, state.q), keys: onSide(matrix.keys, state.k) };

  /** @type {(queries: number[], keys: number[]) => void} */
  const show = (queries, keys) => {
    const lines = layers.flatMap((layer) => chosen(layer, queries, keys));
    edges.replaceChildren(...lines.map(({ row, key, weight, colour }) => line(from, to, row, key, weight, colour)));
    const given = queries.length ? sumOfRows(matrix, queries) : null;
    const got = keys.length ? sumOfColumns(matrix, keys) : null;
    shades.replaceChildren(
      ...shade(given, to + 1, right + 8, queries.length),
      ...shade(got, 0, from - 1, keys.length),
      ...queries.map((row) => svg("rect", { class: "pinned", x: 0.5, y: row * HIGH, width: from - 2, height: HIGH })),
      ...keys.map((key) => svg("rect", { class: "pinned", x: to + 1, y: key * HIGH, width: right + 8, height: HIGH })),
    );
    if (queries.length) scene.tell(restLine(matrix, queries));
    else if (keys.length) scene.tell(gets(matrix, keys));
    else scene.tell(overall(matrix, lines));
  };
  const isQuery = (/** @type {number} */ column) => column === 0;
  const say = (/** @type {number} */ at, /** @type {number} */ column) =>
    isQuery(column) ? given(matrix, at) : text(gets(matrix, [at]));
  const move = (/** @type {number} */ row, /** @type {number} */ column) => {
    const at = Math.min(row, sides[column].labels.length - 1);
    const box = isQuery(column) ? { x: 0.5, width: from - 2 } : { x: to + 1, width: right + 8 };
    set(cursor, { ...box, y: at * HIGH, visibility: "visible" });
    show(isQuery(column) ? [...new Set([...pins.queries, at])] : pins.queries, isQuery(column) ? pins.keys : [...new Set([...pins.keys, at])]);
    scene.say(say(at, column));
  };
  const pick = (/** @type {number} */ row, /** @type {number} */ column) => {
    const place = sides[column].places[Math.min(row, sides[column].labels.length - 1)][0];
    scene.go(isQuery(column) ? { q: toggled(state.q, place) } : { k: toggled(state.k, place) });
  };
  const moves = new Grid(drawn, {
    cursor: scene.cursor,
    label: `Weights of ${scene.name}: queries in the first column, keys in the second`,
    rows,
    columns: 2,
    describe: (row, column) => say(Math.min(row, sides[column].labels.length - 1), column),
    move,
    pick,
  });
  const at = (/** @type {MouseEvent} */ event) => {
    const box = drawn.getBoundingClientRect();
    const column = event.clientX - box.left < (from + to) / 2 ? 0 : 1;
    const row = Math.floor((event.clientY - box.top) / HIGH);
    return row >= 0 && row < sides[column].labels.length ? { row, column } : null;
  };
  let over = "";
  drawn.addEventListener("pointermove", (event) => {
    const token = at(event);
    const now = token ? `${token.row} ${token.column}` : "";
    if (token && now !== over) moves.to(token.row, token.column);
    over = now;
  });
  drawn.addEventListener("pointerleave", () => {
    over = "";
    set(cursor, { visibility: "hidden" });
    show(pins.queries, pins.keys);
  });
  drawn.addEventListener("click", (event) => {
    const token = at(event);
    if (token) pick(token.row, token.column);
  });
  host.append(moves.element);
  show(pins.queries, pins.keys);
}

/**
 * The heads one by one, each in its colour, where a few were chosen; else their mean.
 * @param {Scene} scene
 * @returns {Promise<Layer[]>}
 */
async function layersOf(scene) {
  const { heads, matrix, sentence, state, stream, store } = scene;
  const apart = heads.length > 1 && heads.length <= HEADS.length && state.h.includes(",");
  if (!apart) return [{ matrix, colour: "" }];
  return Promise.all(
    heads.map(async (head, at) => ({
      matrix: seen(await meanOf(store, sentence, [head]), sentence, stream, state),
      colour: HEADS[at],
    })),
  );
}

/**
 * The lines of some queries and into some keys, or the strongest of all.
 * @param {Layer} layer
 * @param {number[]} queries
 * @param {number[]} keys
 */
function chosen({ matrix, colour }, queries, keys) {
  const width = matrix.keys.labels.length;
  const every = queries.length + keys.length === 0;
  const rows = keys.length || every ? matrix.queries.labels.keys() : queries;
  const lines = [];
  for (const row of rows) {
    const columns = every || queries.includes(row) ? matrix.keys.labels.keys() : keys;
    for (const key of columns) {
      const weight = matrix.values[row * width + key];
      if (weight >= LEAST) lines.push({ row, key, weight, colour });
    }
  }
  lines.sort((one, other) => other.weight - one.weight);
  return every ? lines.slice(0, OVERALL) : lines;
}

/** @param {number} at */
function middle(at) {
  return (at + 0.5) * HIGH;
}

/**
 * @param {number} from
 * @param {number} to
 * @param {number} row
 * @param {number} key
 * @param {number} weight
 * @param {string} colour
 */
function line(from, to, row, key, weight, colour) {
  const [y, end, half] = [middle(row), middle(key), (from + to) / 2];
  return svg("path", {
    d: `M${from} ${y}C${half} ${y} ${half} ${end} ${to} ${end}`,
    "stroke-width": (0.5 + 3.5 * weight).toFixed(2),
    "stroke-opacity": Math.min(1, 0.12 + 0.88 * Math.sqrt(weight)).toFixed(2),
    stroke: colour || null,
  });
}

/**
 * Tokens shaded by what they give or get, as a share of what `count` tokens have.
 * @param {Float32Array | null} sums
 * @param {number} x
 * @param {number} width
 * @param {number} count
 */
function shade(sums, x, width, count) {
  if (!sums) return [];
  return Array.from(sums).flatMap((sum, at) =>
    sum < LEAST / 2
      ? []
      : [
          svg("rect", {
            class: "shade",
            x,
            y: at * HIGH,
            width,
            height: HIGH,
            "fill-opacity": Math.sqrt(Math.min(1, sum / count)).toFixed(2),
          }),
        ],
  );
}

/**
 * @param {Matrix} matrix
 * @param {number} row
 */
function given(matrix, row) {
  return text(restLine(matrix, [row]));
}

/** @param {Node} node */
function text(node) {
  return node.textContent ?? "";
}

/**
 * What some keys get, and from whom most.
 * @param {Matrix} matrix
 * @param {number[]} keys
 */
function gets(matrix, keys) {
  const sums = sumOfColumns(matrix, keys);
  const most = Array.from(sums.keys())
    .sort((one, other) => sums[other] - sums[one])
    .slice(0, 6)
    .filter((row) => sums[row] >= 0.005);
  const told = most.map((row) => `${matrix.queries.labels[row].text} ${number(sums[row])}`);
  const all = sums.reduce((sum, each) => sum + each, 0) / sums.length;
  const line = document.createElement("p");
  const names = keys.map((key) => matrix.keys.labels[key].text).join(" + ");
  line.textContent = `${names} gets ${number(all)} of all attention${told.length ? `, most from ${told.join(", ")}` : ""}.`;
  return line;
}

/**
 * How much the lines that are drawn carry.
 * @param {Matrix} matrix
 * @param {{weight: number}[]} lines
 */
function overall(matrix, lines) {
  const drawn = document.createElement("p");
  const most = `The ${counted(lines.length, "strongest line").replace(/^1 /, "")}`;
  drawn.textContent = `${most} of ${counted(matrix.values.length, "weight")} are drawn, none below ${LEAST}. Choose a token to see all of its own.`;
  return drawn;
}
