/** A flow by what is shown of a sentence: the tokens, or words, that a lens leaves. */

import { maximumFlow, mixings, rollout } from "./flow.js";
import { onSide } from "./weights.js";

/** @import {Flow} from "./flow.js" */
/** @import {Scene} from "./scene.js" */
/** @import {Side} from "./weights.js" */

/** Edges that carry a smaller share of the flow are not drawn. */
export const LEAST = 0.02;

/** Of longer sentences no maximum flow is computed: it would take seconds. */
export const LONGEST = 40;

/**
 * @typedef {object} Graph what runs to a token, by what is shown: tokens, or words
 * @property {Side} side
 * @property {number} target its place on the side
 * @property {number[]} sources places of the inputs that were chosen, or that maximum flow is from
 * @property {number[]} layers their numbers
 * @property {Flow} flow edges and nodes by places on the side
 * @property {Float64Array} inputs what comes from each input; of maximum flow the most that could
 * @property {boolean} hidden whether a lens leaves tokens out
 * @property {number} whole what runs through every layer, what is left out on the side with it
 */

/** @param {Scene} scene */
export function isMaximum({ state, sentence }) {
  return state.flow === "maximum" && sentence.keys.length <= LONGEST;
}

/** @param {Scene} scene */
export function lastLayer({ heads }) {
  return Math.max(...heads.map(([layer]) => layer));
}

/**
 * The token that the flow runs to, on the side that is shown: the pinned one, else the last that
 * has a letter, or is not special; null where there is none.
 * @param {Scene} scene
 */
export function targetOf({ matrix, state }) {
  const { labels } = matrix.keys;
  const pinned = onSide(matrix.keys, state.q);
  const content = [...labels.keys()].filter((at) => !labels[at].special);
  const last = content.filter((at) => /\p{L}/u.test(labels[at].text)).pop() ?? content.pop();
  return pinned[0] ?? last ?? (labels.length ? labels.length - 1 : null);
}

/**
 * @param {Scene} scene
 * @returns {Promise<Graph | null>}
 */
export async function graphOf(scene) {
  const { data, matrix, sentence, state, store, stream } = scene;
  const side = matrix.keys;
  const target = targetOf(scene);
  if (target === null) return null;
  const layers = stream.layers.map(([layer]) => layer).filter((layer) => layer <= lastLayer(scene));
  const mixed = await mixings(data, store, stream, sentence, layers);
  const places = side.places[target];
  const hidden = side.places.flat().length < sentence.keys.length;
  const into = state.by === "word" && stream.last ? places.slice(-1) : places;
  const pinned = onSide(side, state.k);
  const of = (/** @type {number[]} */ some) => some.flatMap((token) => side.places[token]);
  if (!isMaximum(scene)) {
    const flow = rollout(mixed, into, of(pinned));
    const inputs = pinned.length ? rollout(mixed, into, []).nodes[0] : flow.nodes[0];
    return { side, target, sources: pinned, layers, flow: merged(flow, side), inputs: summed(inputs, side), hidden, whole: flow.total };
  }
  const each = side.places.map((tokens) => maximumFlow(mixed, into, tokens));
  const inputs = Float64Array.from(each, ({ total }) => total);
  const others = [...inputs.keys()].filter((token) => token !== target);
  const most = others.reduce((best, token) => (inputs[token] > inputs[best] ? token : best), others[0] ?? target);
  const source = pinned[0] ?? most;
  const flow = each[source];
  return { side, target, sources: [source], layers, flow: merged(flow, side), inputs, hidden, whole: flow.total };
}

/**
 * The same flow between what is shown.
 * @param {Flow} flow
 * @param {Side} side
 * @returns {Flow}
 */
function merged({ edges, nodes, total }, side) {
  const size = nodes[0].length;
  const many = side.places.length;
  /** @type {number[]} */
  const of = Array.from({ length: size }, () => -1);
  side.places.forEach((places, at) => places.forEach((place) => (of[place] = at)));
  const fewer = edges.map((matrix) => {
    const sums = new Float64Array(many * many);
    matrix.forEach((each, cell) => {
      const [query, key] = [of[Math.floor(cell / size)], of[cell % size]];
      if (query >= 0 && key >= 0) sums[query * many + key] += each;
    });
    return sums;
  });
  return { edges: fewer, nodes: nodes.map((node) => summed(node, side)), total };
}

/**
 * @param {Float64Array} values of tokens
 * @param {Side} side
 */
function summed(values, side) {
  return Float64Array.from(side.places, (places) => places.reduce((sum, place) => sum + values[place], 0));
}

/**
 * The edges that carry most, the strongest first.
 * @param {Graph} graph
 */
export function linesOf({ flow, side, whole }) {
  const many = side.labels.length;
  const lines = flow.edges.flatMap((matrix, layer) =>
    [...matrix.keys()]
      .filter((cell) => matrix[cell] >= LEAST * whole && matrix[cell] > 0)
      .map((cell) => ({ layer, query: Math.floor(cell / many), key: cell % many, share: matrix[cell] / whole, carries: matrix[cell] })),
  );
  return lines.sort((one, other) => other.share - one.share);
}
