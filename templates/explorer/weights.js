/** From packed blocks to the matrix that is shown: heads, their mean, a lens, words. */

/** @import {Sentence, Store, Stream, Token} from "./data.js" */
/** @import {State} from "./state.js" */

/** A weight is kept as round(255 √a). */
const STEPS = 255;
const WEIGHTS = Float32Array.from({ length: STEPS + 1 }, (_, step) => (step / STEPS) ** 2);

/**
 * @typedef {object} Side one side of a matrix
 * @property {Token[]} labels tokens, or words
 * @property {number[][]} places the tokens in the sentence that each stands for
 */

/**
 * @typedef {object} Matrix
 * @property {Side} queries
 * @property {Side} keys
 * @property {Float32Array} values [query, key]
 * @property {Float32Array} sums what each row sums to: 1, or less where a model has a sink logit
 * @property {Float32Array} removed the share of each query's attention that a lens took away
 * @property {Float32Array} elsewhere what each row gives to tokens that are not shown
 */

/** @typedef {[number, number]} Place layer and head */

/**
 * The heads that a state names, none where it names one that isn't there.
 * @param {Stream} stream
 * @param {string} names
 * @returns {Place[]}
 */
export function headsOf(stream, names) {
  const counts = new Map(stream.layers);
  /** @type {Place[]} */
  const places = [];
  for (const name of names === "all" ? stream.layers.map(([layer]) => `L${layer}`) : names.split(",")) {
    const match = /^L(\d{1,5})(?:H(\d{1,5}))?$/.exec(name);
    const layer = Number(match?.[1]);
    const heads = counts.get(layer);
    if (!match || heads === undefined || Number(match[2] ?? 0) >= heads) return [];
    if (match[2] !== undefined) places.push([layer, Number(match[2])]);
    else for (let head = 0; head < heads; head++) places.push([layer, head]);
  }
  return places;
}

/**
 * What a choice of heads is called.
 * @param {Stream} stream
 * @param {string} names
 * @param {Place[]} shown those of them that pass the filter
 * @param {boolean} apart whether each is shown by itself, not their mean
 */
export function headsName(stream, names, shown, apart) {
  const of = apart ? "" : "mean of ";
  const all = headsOf(stream, names).length;
  const some = shown.length < all ? `${shown.length} of the ${all} heads` : "";
  const several = names.split(",");
  if (names === "all") return `${of}${some || "all heads"}`;
  if (several.length > 3) return `${of}${some || `${all} heads`}`;
  if (several.length === 1 && names.includes("H")) return names;
  const each = several.map((name) => (name.includes("H") ? name : `layer ${name.slice(1)}`)).join(", ");
  return `${of}${some ? `${some} of ` : apart && !names.includes("H") ? "all heads of " : ""}${each}`;
}

/**
 * The mean of some heads' weights, token by token.
 * @param {Store} store
 * @param {Sentence} sentence
 * @param {Place[]} heads
 * @returns {Promise<Matrix>}
 */
export async function meanOf(store, sentence, heads) {
  const rows = sentence.queries.length;
  const cells = rows * sentence.keys.length;
  const values = new Float32Array(cells);
  const sums = new Float32Array(rows);
  for (const layer of new Set(heads.map(([of]) => of))) {
    const block = await store.layer(sentence, layer);
    const ends = (block.length / (cells + rows)) * cells;
    for (const [of, head] of heads) {
      if (of !== layer) continue;
      for (let cell = 0, at = head * cells; cell < cells; cell++, at++) values[cell] += WEIGHTS[block[at]];
      for (let row = 0; row < rows; row++) sums[row] += block[ends + head * rows + row] / STEPS;
    }
  }
  for (let cell = 0; cell < cells; cell++) values[cell] /= heads.length;
  for (let row = 0; row < rows; row++) sums[row] /= heads.length;
  const alone = (/** @type {Token[]} */ tokens) => tokens.map((_, place) => [place]);
  return {
    queries: { labels: sentence.queries, places: alone(sentence.queries) },
    keys: { labels: sentence.keys, places: alone(sentence.keys) },
    values,
    sums,
    removed: new Float32Array(rows),
    elsewhere: new Float32Array(rows),
  };
}

/**
 * What a state shows of the weights of single tokens: by word if so asked, through its lens.
 * @param {Matrix} matrix
 * @param {Sentence} sentence
 * @param {Stream} stream
 * @param {State} state
 */
export function seen(matrix, sentence, stream, state) {
  const whole = state.by === "word" ? byWord(matrix, sentence, stream.last) : matrix;
  return state.lens === "all" ? whole : content(whole, state.lens === "content-first");
}

/**
 * Attention to a word is the sum over its tokens; from it that of its last token, or their mean.
 * @param {Matrix} matrix
 * @param {Sentence} sentence
 * @param {boolean} last
 * @returns {Matrix}
 */
function byWord(matrix, sentence, last) {
  const { words, keyWords } = sentence;
  const width = sentence.keys.length;
  const values = new Float32Array(words.length * keyWords.length);
  const sums = new Float32Array(words.length);
  words.forEach(({ places }, query) => {
    const asking = last ? places.slice(-1) : places;
    for (const row of asking) sums[query] += matrix.sums[row] / asking.length;
    keyWords.forEach((looked, key) => {
      let sum = 0;
      for (const row of asking) for (const column of looked.places) sum += matrix.values[row * width + column];
      values[query * keyWords.length + key] = sum / asking.length;
    });
  });
  return {
    queries: { labels: words.map(({ label }) => label), places: words.map(({ places }) => places) },
    keys: { labels: keyWords.map(({ label }) => label), places: keyWords.map(({ places }) => places) },
    values,
    sums,
    removed: new Float32Array(words.length),
    elsewhere: new Float32Array(words.length),
  };
}

/**
 * Special tokens left out, and the first token if so asked; what is left of a row is made to sum
 * to 1, and the share that was taken away is kept beside it.
 * @param {Matrix} matrix
 * @param {boolean} first
 * @returns {Matrix}
 */
function content(matrix, first) {
  const rows = kept(matrix.queries, false);
  const columns = kept(matrix.keys, first);
  const width = matrix.keys.labels.length;
  const values = new Float32Array(rows.length * columns.length);
  const sums = new Float32Array(rows.length);
  const removed = new Float32Array(rows.length);
  rows.forEach((row, at) => {
    let left = 0;
    for (const key of columns) left += matrix.values[row * width + key];
    columns.forEach((key, place) => {
      values[at * columns.length + place] = left > 0 ? matrix.values[row * width + key] / left : 0;
    });
    sums[at] = left > 0 ? 1 : 0;
    removed[at] = matrix.sums[row] > 0 ? Math.max(0, 1 - left / matrix.sums[row]) : 0;
  });
  const elsewhere = new Float32Array(rows.length);
  return { queries: picked(matrix.queries, rows), keys: picked(matrix.keys, columns), values, sums, removed, elsewhere };
}

/**
 * @param {Side} side
 * @param {boolean} first whether the sentence's first token goes, too
 */
function kept(side, first) {
  return side.labels
    .map((label, at) => (label.special || (first && side.places[at].includes(0)) ? -1 : at))
    .filter((at) => at >= 0);
}

/**
 * @param {Side} side
 * @param {number[]} places
 * @returns {Side}
 */
export function picked(side, places) {
  return {
    labels: places.map((at) => side.labels[at]),
    places: places.map((at) => side.places[at]),
  };
}

/**
 * Where on a side the tokens stand that are at these places of the sentence.
 * @param {Side} side
 * @param {number[]} tokens
 */
export function onSide(side, tokens) {
  return side.places
    .map((places, at) => (places.some((place) => tokens.includes(place)) ? at : -1))
    .filter((at) => at >= 0);
}

/**
 * The sum of some rows, [key].
 * @param {Matrix} matrix
 * @param {number[]} rows
 */
export function sumOfRows(matrix, rows) {
  const width = matrix.keys.labels.length;
  const sum = new Float32Array(width);
  for (const row of rows) {
    for (let key = 0; key < width; key++) sum[key] += matrix.values[row * width + key];
  }
  return sum;
}

/**
 * The sum of some columns, [query].
 * @param {Matrix} matrix
 * @param {number[]} columns
 */
export function sumOfColumns(matrix, columns) {
  const width = matrix.keys.labels.length;
  const sum = new Float32Array(matrix.queries.labels.length);
  sum.forEach((_, row) => {
    for (const key of columns) sum[row] += matrix.values[row * width + key];
  });
  return sum;
}

/**
 * The cells of a role's target on what is shown: boolean [query, key] as 0 and 1.
 * @param {Uint8Array} bits [target, query, key]
 * @param {number} place of the target among those of the sentence
 * @param {Sentence} sentence
 * @param {Matrix} matrix
 */
export function cellsOf(bits, place, sentence, matrix) {
  const width = sentence.keys.length;
  const from = place * sentence.queries.length * width;
  const isSet = (/** @type {number} */ bit) => (bits[bit >> 3] >> (7 - (bit & 7))) & 1;
  const columns = matrix.keys.places.length;
  const cells = new Uint8Array(matrix.queries.places.length * columns);
  matrix.queries.places.forEach((rows, query) => {
    matrix.keys.places.forEach((keys, key) => {
      cells[query * columns + key] = Number(
        rows.some((row) => keys.some((column) => isSet(from + row * width + column))),
      );
    });
  });
  return cells;
}

/**
 * The mean share of attention on some cells, over the queries that have any; null for none.
 * @param {Matrix} matrix
 * @param {Uint8Array} cells
 */
export function massOn(matrix, cells) {
  const width = matrix.keys.labels.length;
  let queries = 0;
  let mass = 0;
  for (let row = 0; row < matrix.queries.labels.length; row++) {
    let any = false;
    for (let at = row * width; at < (row + 1) * width; at++) {
      if (cells[at]) {
        any = true;
        mass += matrix.values[at];
      }
    }
    queries += Number(any);
  }
  return queries ? { mass: mass / queries, queries } : null;
}
