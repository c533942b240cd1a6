/** The lines of arcs: which weights have one, and how it is drawn. */

import { strokeOf } from "./colours.js";
import { svg } from "./dom.js";
import { shown } from "./segments.js";
import { offered } from "./tiles.js";
import { meanOf, sumOfColumns, sumOfRows } from "./weights.js";

/** @import {Scene} from "./scene.js" */
/** @import {Matrix} from "./weights.js" */

/** Smaller weights have no line of their own. */
export const LEAST = 0.01;

/** So many lines are drawn where no token is chosen: the strongest. */
const OVERALL = 150;

/**
 * @typedef {object} Layer what is drawn of one head, or of a mean
 * @property {Matrix} matrix
 * @property {string} name of the head, "" for a mean
 * @property {string} colour "" for that of the page
 * @property {string} dash
 * @property {number} beside by how much its lines stand below those of a mean, in pixels
 */

/**
 * @typedef {object} Chosen rows and columns of the matrix
 * @property {number[]} queries
 * @property {number[]} keys
 */

/** @typedef {{row: number, key: number, weight: number, of: Layer}} Line */

/**
 * The heads one by one, each in its colour, or their mean.
 * @param {Scene} scene
 * @returns {Promise<Layer[]>}
 */
export async function layersOf(scene) {
  const { heads, matrix, sentence, state, stream, store } = scene;
  if (!scene.apart) return [{ matrix, name: "", colour: "", dash: "", beside: 0 }];
  const every = offered(scene);
  const step = Math.min(1.6, 10 / heads.length);
  return Promise.all(
    heads.map(async ([layer, head], at) => ({
      matrix: shown(await meanOf(store, sentence, [[layer, head]]), sentence, stream, state),
      name: `L${layer}H${head}`,
      ...strokeOf(every.findIndex((other) => other[0] === layer && other[1] === head)),
      beside: (at - (heads.length - 1) / 2) * step,
    })),
  );
}

/**
 * The lines of chosen queries and into chosen keys, or the strongest of all where none is chosen;
 * the strongest first.
 * @param {Layer[]} layers
 * @param {Chosen} chosen
 */
export function linesOf(layers, chosen) {
  const every = chosen.queries.length + chosen.keys.length === 0;
  const lines = layers.flatMap((layer) => (every ? all(layer) : ofTokens(layer, chosen)));
  lines.sort((one, other) => other.weight - one.weight);
  return every ? lines.slice(0, OVERALL) : lines;
}

/** @param {Layer} of */
function all(of) {
  return ofTokens(of, { queries: [...of.matrix.queries.labels.keys()], keys: [] });
}

/**
 * @param {Layer} of
 * @param {Chosen} chosen
 */
function ofTokens(of, { queries, keys }) {
  const { matrix } = of;
  const width = matrix.keys.labels.length;
  const whole = new Set(queries);
  /** @type {Line[]} */
  const lines = [];
  for (const row of keys.length ? matrix.queries.labels.keys() : queries) {
    for (const key of whole.has(row) ? matrix.keys.labels.keys() : keys) {
      const weight = matrix.values[row * width + key];
      if (weight >= LEAST) lines.push({ row, key, weight, of });
    }
  }
  return lines;
}

/**
 * A line from one side to the other.
 * @param {[number, number]} across where it begins and ends
 * @param {[number, number]} heights the same, of a mean's line
 * @param {Line} drawn
 */
export function path([from, to], heights, { weight, of }) {
  const half = (from + to) / 2;
  const [top, bottom] = heights.map((height) => height + of.beside);
  return svg("path", {
    d: `M${from} ${top}C${half} ${top} ${half} ${bottom} ${to} ${bottom}`,
    ...strength(weight),
    "stroke-dasharray": of.dash || null,
    stroke: of.colour || null,
  });
}

/**
 * How wide and dark a line of some weights is.
 * @param {number} x
 * @param {number} y
 */
export function weightScale(x, y) {
  const made = svg("g", { class: "strokes" });
  [0.05, 0.25, 0.5, 1].forEach((weight, at) => {
    const from = x + at * 58;
    made.append(
      svg("path", { d: `M${from} ${y}h22`, ...strength(weight) }),
      svg("text", { class: "tick", x: from + 26, y: y + 3.5 }, String(weight)),
    );
  });
  return made;
}

/** @param {number} weight */
function strength(weight) {
  return {
    "stroke-width": (0.5 + 3.5 * weight).toFixed(2),
    "stroke-opacity": Math.min(1, 0.12 + 0.88 * Math.sqrt(weight)).toFixed(2),
  };
}

/** @typedef {{x: number, y: number, width: number, height: number}} Box */

/** @typedef {(at: number) => Box | null} BoxOf a token, if it is drawn */

/** @typedef {{queries: BoxOf, keys: BoxOf}} Boxes */

/**
 * What chosen queries give, as shades of the keys, each dark by its share of what all these queries
 * have; and a frame around the queries.
 * @param {Matrix} matrix
 * @param {number[]} queries
 * @param {Boxes} boxes
 */
export function givenShades(matrix, queries, boxes) {
  return queries.length ? [...shades(sumOfRows(matrix, queries), queries.length, boxes.keys), ...framed(queries, boxes.queries)] : [];
}

/**
 * What chosen keys get, in the same way.
 * @param {Matrix} matrix
 * @param {number[]} keys
 * @param {Boxes} boxes
 */
export function gotShades(matrix, keys, boxes) {
  return keys.length ? [...shades(sumOfColumns(matrix, keys), keys.length, boxes.queries), ...framed(keys, boxes.keys)] : [];
}

/**
 * @param {Float32Array} sums
 * @param {number} count
 * @param {BoxOf} boxOf
 */
function shades(sums, count, boxOf) {
  return Array.from(sums).flatMap((sum, at) => {
    const box = sum < LEAST / 2 ? null : boxOf(at);
    const dark = Math.sqrt(Math.min(1, sum / count)).toFixed(2);
    return box ? [svg("rect", { class: "shade", ...box, "fill-opacity": dark })] : [];
  });
}

/**
 * @param {number[]} tokens
 * @param {BoxOf} boxOf
 */
function framed(tokens, boxOf) {
  return tokens.flatMap((at) => {
    const box = boxOf(at);
    return box ? [svg("rect", { class: "pinned", ...box })] : [];
  });
}
