/** How queries and keys make a head's scores, for the heads whose queries and keys a page has. */

/** @import {Sentence, Store} from "./data.js" */

/**
 * @typedef {object} Neurons queries and keys of one head in one sentence
 * @property {number} width dimensions of a query
 * @property {number} scale
 * @property {number} softcap 0 where there is none
 * @property {number | null} sink the logit that takes weight without being a token
 * @property {Float32Array} queries [query, dimension], after the rotation by place if there is one
 * @property {Float32Array} keys [key, dimension]
 * @property {Float32Array | null} bias [query, key]
 * @property {(query: number, key: number) => boolean} hides whether a mask hides the key
 */

/**
 * @typedef {object} Score how one query's score for one key comes about
 * @property {number} key its place
 * @property {Float32Array} products of each dimension
 * @property {number} sum of the products
 * @property {number} scaled
 * @property {number} capped
 * @property {number} bias
 * @property {number} score
 * @property {number} weight after the softmax
 */

/** Floats before the steps of the dimensions: see `attnviz/observers/neurons.py`. */
const HEADER = 7;

/**
 * @param {Store} store
 * @param {Sentence} sentence
 * @param {string} head
 * @returns {Promise<Neurons>}
 */
export async function neuronsOf(store, sentence, head) {
  const { buffer } = await store.open(sentence, head);
  const [rows, columns] = [sentence.queries.length, sentence.keys.length];
  const [width, scale, softcap, sink, hasSink, biasStep, masked] = new Float32Array(buffer, 0, HEADER);
  const steps = new Float32Array(buffer, 4 * HEADER, 2 * width);
  let at = 4 * (HEADER + 2 * width);
  const whole = (/** @type {number} */ count) => {
    const values = new Int16Array(buffer, at, count);
    at += 2 * count;
    return values;
  };
  const queries = Float32Array.from(whole(rows * width), (value, cell) => value * steps[cell % width]);
  const keys = Float32Array.from(whole(columns * width), (value, cell) => value * steps[width + (cell % width)]);
  const bias = biasStep > 0 ? Float32Array.from(whole(rows * columns), (value) => value * biasStep) : null;
  const bits = new Uint8Array(buffer, at);
  const hides = (/** @type {number} */ query, /** @type {number} */ key) => {
    const bit = query * columns + key;
    return masked > 0 && ((bits[bit >> 3] >> (7 - (bit & 7))) & 1) > 0;
  };
  return { width, scale, softcap, sink: hasSink > 0 ? sink : null, queries, keys, bias, hides };
}

/**
 * The scores of one query for the keys that it sees, and what the sink takes.
 * @param {Neurons} neurons
 * @param {number} query
 * @returns {{scores: Score[], hidden: number, sunk: number}}
 */
export function scoresOf(neurons, query) {
  const { width, scale, softcap, sink, queries, keys, bias, hides } = neurons;
  const many = keys.length / width;
  const own = queries.subarray(query * width, (query + 1) * width);
  /** @type {Score[]} */
  const scores = [];
  for (let key = 0; key < many; key++) {
    if (hides(query, key)) continue;
    const products = own.map((each, at) => each * keys[key * width + at]);
    const sum = products.reduce((total, each) => total + each, 0);
    const scaled = sum * scale;
    const capped = softcap > 0 ? softcap * Math.tanh(scaled / softcap) : scaled;
    const added = bias ? bias[query * many + key] : 0;
    scores.push({ key, products, sum, scaled, capped, bias: added, score: capped + added, weight: 0 });
  }
  const most = scores.reduce((top, { score }) => Math.max(top, score), sink ?? -Infinity);
  const sunk = sink === null ? 0 : Math.exp(sink - most);
  const whole = scores.reduce((total, { score }) => total + Math.exp(score - most), sunk);
  for (const each of scores) each.weight = Math.exp(each.score - most) / whole;
  return { scores, hidden: many - scores.length, sunk: sunk / whole };
}
