/** What the page brings: tokens, heads and roles as JSON, weights as packed blocks. */

/**
 * @typedef {object} Token a token as it is shown
 * @property {string} text
 * @property {boolean} space it begins with a space
 * @property {boolean} piece it goes on with a word
 * @property {boolean} special
 */

/**
 * @typedef {object} Target a role that some head has; of a role with several targets one of them
 * @property {string} name
 * @property {string} title
 * @property {string} letter
 * @property {string} colour
 * @property {string} ink
 * @property {string} line its colour as a line on paper
 * @property {string[]} heads that have it, the best first
 */

/**
 * @typedef {object} Told a role of a head
 * @property {number} target its place among the stream's targets
 * @property {string} score with its interval
 * @property {string} verdict "" for none
 */

/**
 * @typedef {object} Stream
 * @property {string} name "" where a model has one only
 * @property {string} title
 * @property {boolean} causal
 * @property {boolean} last a word's last token looks for it
 * @property {[number, number][]} layers number and heads of each
 * @property {Target[]} targets
 * @property {Map<string, Told[]>} told by the name of the head
 * @property {string} start the head that is shown first
 */

/**
 * @typedef {object} Word
 * @property {Token} label
 * @property {number[]} places of its tokens
 */

/**
 * @typedef {object} Sentence
 * @property {number} id
 * @property {string} stream
 * @property {string} text its beginning
 * @property {Token[]} queries
 * @property {Token[]} keys
 * @property {Word[]} words
 * @property {Word[]} keyWords
 * @property {string[]} neurons the heads whose queries and keys the page has
 * @property {number[]} targets those of the stream's targets that have cells here
 * @property {string} segments of a pair each token's text, "A", "B" or "-"; "" for others
 */

/**
 * @typedef {object} Column one number of every head
 * @property {string} name
 * @property {string} title
 * @property {"role" | "statistic" | "random" | "place"} sort
 * @property {string} unit "" for shares
 * @property {(number | null)[]} mean in the order of the heads
 * @property {(number | null)[]} low
 * @property {(number | null)[]} high
 */

/**
 * @typedef {object} Range sentences that show a role of a head, those that show it least first
 * @property {string} role
 * @property {string} title
 * @property {[number, number, number, number, number, string][]} rows tenths of all sentences that
 *   show it less (0 and 10: the ends), sentence, score, chance, events, the token that looks
 */

/**
 * @typedef {object} Numbers
 * @property {string[]} heads
 * @property {Column[]} columns
 * @property {Record<string, Range[]>} ranges by the name of the head
 */

/**
 * @typedef {object} Data
 * @property {Stream[]} streams
 * @property {Sentence[]} sentences
 * @property {string[]} colours from no weight to all of it
 * @property {"sqrt" | "linear"} scale
 * @property {boolean} residual whether rollout counts the residual stream
 */

/** Bits of a token's flags. */
const SPACE = 1;
const PIECE = 2;
const SPECIAL = 4;

/** @returns {Data} */
export function read() {
  const raw = JSON.parse(text("explorer-data"));
  return {
    scale: raw.scale,
    residual: raw.residual,
    colours: raw.colours.match(/.{6}/g).map((/** @type {string} */ each) => `#${each}`),
    streams: raw.streams.map((/** @type {any} */ stream) => ({
      ...stream,
      told: new Map(
        Object.entries(stream.told).map(([head, roles]) => [
          head,
          roles.map((/** @type {any} */ role) => ({
            target: role[0],
            score: role[1],
            verdict: role[2],
          })),
        ]),
      ),
    })),
    sentences: raw.sentences.map((/** @type {any} */ sentence) => {
      const queries = sentence.queries.map(token);
      const words = sentence.words.map(word(queries));
      const keys = sentence.keys.map(token);
      const own = keys.length === 0;
      return {
        ...sentence,
        queries,
        words,
        keys: own ? queries : keys,
        keyWords: own ? words : sentence.keyWords.map(word(keys)),
      };
    }),
  };
}

/**
 * @param {[string, number]} packed
 * @returns {Token}
 */
function token([shown, flags]) {
  return {
    text: shown,
    space: (flags & SPACE) > 0,
    piece: (flags & PIECE) > 0,
    special: (flags & SPECIAL) > 0,
  };
}

/**
 * A word is a token's place, or a text and the places of several.
 * @param {Token[]} tokens
 * @returns {(packed: number | [string, ...number[]]) => Word}
 */
function word(tokens) {
  return (packed) => {
    if (typeof packed === "number") {
      return { label: { ...tokens[packed], piece: false }, places: [packed] };
    }
    const [shown, ...places] = packed;
    return { label: { ...tokens[places[0]], text: shown, piece: false }, places };
  };
}

/** @param {string} id */
function text(id) {
  const holder = document.getElementById(id);
  if (!holder) throw new Error(`The page has no part ${id}.`);
  return holder.textContent ?? "";
}

/** Opens blocks when they are looked at, and keeps those of the last sentence. */
export class Store {
  constructor() {
    /** @type {Map<string, Promise<Uint8Array>>} */
    this.opened = new Map();
    /** @type {Map<string, Promise<Numbers>>} */
    this.numbered = new Map();
    this.of = "";
  }

  /**
   * One layer's weights as steps of their roots, uint8 [head, query, key].
   * @param {Sentence} sentence
   * @param {number} layer
   */
  layer(sentence, layer) {
    return this.open(sentence, String(layer));
  }

  /**
   * The cells of roles, a bit each: [target, query, key] in the order of `sentence.targets`.
   * @param {Sentence} sentence
   */
  targets(sentence) {
    return this.open(sentence, "targets");
  }

  /**
   * All numbers of a stream's heads.
   * @param {Stream} stream
   */
  numbers({ name }) {
    const known = this.numbered.get(name) ?? numbers(`numbers-${name || "w"}`);
    this.numbered.set(name, known);
    return known;
  }

  /**
   * @param {Sentence} sentence
   * @param {string} part
   */
  open(sentence, part) {
    const of = `${sentence.stream || "w"}-${sentence.id}`;
    if (of !== this.of) this.opened.clear();
    this.of = of;
    const id = `block-${of}-${part}`;
    const known = this.opened.get(id) ?? inflate(text(id));
    this.opened.set(id, known);
    return known;
  }
}

/**
 * @param {string} id
 * @returns {Promise<Numbers>}
 */
async function numbers(id) {
  const read = JSON.parse(new TextDecoder().decode(await inflate(text(id))));
  return { ...read, columns: [...read.columns, layerColumn(read.heads)] };
}

/**
 * The layer of each head, which is a number as well.
 * @param {string[]} heads
 * @returns {Column}
 */
function layerColumn(heads) {
  const layers = heads.map((name) => Number(/** @type {RegExpExecArray} */ (/^L(\d+)/.exec(name))[1]));
  const none = heads.map(() => null);
  return { name: "layer", title: "layer", sort: "place", unit: "", mean: layers, low: none, high: none };
}

/**
 * @param {string} base64 of deflated bytes
 * @returns {Promise<Uint8Array>}
 */
async function inflate(base64) {
  const letters = atob(base64.trim());
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
