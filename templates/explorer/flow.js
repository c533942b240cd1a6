/** How attention runs through the layers to a token: rollout edge by edge, and maximum flow. */

import { headsOf, meanOf } from "./weights.js";

/** @import {Data, Sentence, Store, Stream} from "./data.js" */

/**
 * @typedef {object} Flow
 * @property {Float64Array[]} edges what runs from each key into each query, a matrix [query, key]
 *   for each layer
 * @property {Float64Array[]} nodes what runs through each token, one more than layers: at the
 *   input, and after each layer
 * @property {number} total what runs through every layer, all tokens together
 */

/** Less than this is rounding, and no way for a flow. */
const NOTHING = 1e-9;

/** @type {WeakMap<Sentence, Map<number, Float32Array>>} */
const KNOWN = new WeakMap();

/**
 * What each token is made of after each of these layers, from that before it: the mean of the
 * heads, each row made to sum to 1, and where the residual stream counts half of the token itself.
 * [query, key] for each layer.
 * @param {Data} data
 * @param {Store} store
 * @param {Stream} stream
 * @param {Sentence} sentence
 * @param {number[]} layers
 */
export async function mixings(data, store, stream, sentence, layers) {
  const known = KNOWN.get(sentence) ?? new Map();
  KNOWN.set(sentence, known);
  const size = sentence.keys.length;
  for (const layer of layers) {
    if (known.has(layer)) continue;
    const { values } = await meanOf(store, sentence, headsOf(stream, `L${layer}`));
    for (let row = 0; row < size; row++) {
      const cells = values.subarray(row * size, (row + 1) * size);
      const whole = cells.reduce((sum, each) => sum + each, 0) || 1;
      const share = data.residual ? 0.5 : 1;
      cells.forEach((each, key) => {
        cells[key] = (share * each) / whole;
      });
      if (data.residual) cells[row] += 0.5;
    }
    known.set(layer, values);
  }
  return layers.map((layer) => /** @type {Float32Array} */ (known.get(layer)));
}

/**
 * Rollout (Abnar and Zuidema 2020) edge by edge: what a token is made of is followed down through
 * the layers, each edge taking its share of what its query holds.
 * @param {Float32Array[]} layers [query, key] each, the lowest first
 * @param {number[]} into the tokens that it runs to, in equal parts
 * @param {number[]} from the inputs that it has to come from; none for all
 * @returns {Flow}
 */
export function rollout(layers, into, from) {
  const size = Math.sqrt(layers[0].length);
  const depth = layers.length;
  const down = new Float64Array(size);
  for (const token of into) down[token] += 1 / into.length;
  const held = [down];
  for (let layer = depth - 1; layer >= 0; layer--) held.unshift(through(layers[layer], held[0], size));
  // Which share of what a token holds after a layer comes from these inputs.
  const share = [Float64Array.from({ length: size }, (_, token) => (!from.length || from.includes(token) ? 1 : 0))];
  for (const layer of layers) share.push(gathered(layer, share[share.length - 1], size));
  const edges = layers.map((layer, at) =>
    Float64Array.from(layer, (weight, cell) => held[at + 1][Math.floor(cell / size)] * weight * share[at][cell % size]),
  );
  const nodes = held.map((holds, at) => holds.map((each, token) => each * share[at][token]));
  return { edges, nodes, total: nodes[0].reduce((sum, each) => sum + each, 0) };
}

/**
 * @param {Float32Array} layer
 * @param {Float64Array} row
 * @param {number} size
 */
function through(layer, row, size) {
  const next = new Float64Array(size);
  layer.forEach((weight, cell) => {
    next[cell % size] += row[Math.floor(cell / size)] * weight;
  });
  return next;
}

/**
 * @param {Float32Array} layer
 * @param {Float64Array} column
 * @param {number} size
 */
function gathered(layer, column, size) {
  const next = new Float64Array(size);
  layer.forEach((weight, cell) => {
    next[Math.floor(cell / size)] += weight * column[cell % size];
  });
  return next;
}

/**
 * Maximum flow (Abnar and Zuidema 2020): the most that can run from some inputs to some tokens at
 * once, where each edge can carry its weight. Found by blocking flows (Dinic 1970).
 * @param {Float32Array[]} layers [query, key] each, the lowest first
 * @param {number[]} into
 * @param {number[]} from
 * @returns {Flow}
 */
export function maximumFlow(layers, into, from) {
  const size = Math.sqrt(layers[0].length);
  const depth = layers.length;
  const edges = layers.map(({ length }) => new Float64Array(length));
  const end = new Set(from);
  // A node is a token after so many layers; the search begins at the tokens on top.
  const starts = into.map((token) => depth * size + token);
  /** Room on the way from a node to its k-th neighbour: down along an edge, or up against a flow.
   * @type {(node: number, k: number) => number} */
  const room = (node, k) => {
    const level = Math.floor(node / size);
    const token = node % size;
    if (k < size) return level ? layers[level - 1][token * size + k] - edges[level - 1][token * size + k] : 0;
    return level < depth ? edges[level][(k - size) * size + token] : 0;
  };
  const neighbour = (/** @type {number} */ node, /** @type {number} */ k) =>
    (Math.floor(node / size) + (k < size ? -1 : 1)) * size + (k % size);
  let total = 0;
  for (;;) {
    const steps = distances(starts, (depth + 1) * size, 2 * size, room, neighbour);
    if (![...end].some((token) => steps[token] >= 0)) break;
    const next = new Int32Array((depth + 1) * size);
    /** @type {(node: number, most: number) => number} */
    const push = (node, most) => {
      if (node < size && end.has(node)) return most;
      for (; next[node] < 2 * size; next[node]++) {
        const k = next[node];
        const free = room(node, k);
        if (free <= NOTHING) continue;
        const to = neighbour(node, k);
        if (steps[to] !== steps[node] + 1) continue;
        const sent = push(to, Math.min(most, free));
        if (sent <= 0) continue;
        const level = Math.floor(node / size);
        if (k < size) edges[level - 1][(node % size) * size + k] += sent;
        else edges[level][(k - size) * size + (node % size)] -= sent;
        return sent;
      }
      return 0;
    };
    for (const start of starts) {
      for (let sent = push(start, Infinity); sent > 0; sent = push(start, Infinity)) total += sent;
    }
  }
  const nodes = [...edges.map((edge) => summed(edge, size, false)), summed(edges[depth - 1], size, true)];
  return { edges, nodes, total };
}

/**
 * How many steps each node is away, -1 where no way leads there.
 * @param {number[]} starts
 * @param {number} nodes
 * @param {number} ways
 * @param {(node: number, k: number) => number} room
 * @param {(node: number, k: number) => number} neighbour
 */
function distances(starts, nodes, ways, room, neighbour) {
  const steps = new Int32Array(nodes).fill(-1);
  const queue = [...starts];
  for (const start of starts) steps[start] = 0;
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at];
    for (let k = 0; k < ways; k++) {
      if (room(node, k) <= NOTHING) continue;
      const to = neighbour(node, k);
      if (steps[to] >= 0) continue;
      steps[to] = steps[node] + 1;
      queue.push(to);
    }
  }
  return steps;
}

/**
 * What runs out of each key, or into each query.
 * @param {Float64Array} edges
 * @param {number} size
 * @param {boolean} queries
 */
function summed(edges, size, queries) {
  const sums = new Float64Array(size);
  edges.forEach((each, cell) => {
    sums[queries ? Math.floor(cell / size) : cell % size] += each;
  });
  return sums;
}
