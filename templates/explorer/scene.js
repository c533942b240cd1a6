/** All that a view needs to be drawn: the data of a state, opened. */

import { Scale } from "./colours.js";
import { chosenHeads } from "./filters.js";
import { between } from "./segments.js";
import { cellsOf, headsName, massOn, meanOf, seen } from "./weights.js";

/** @import {Data, Sentence, Store, Stream, Target} from "./data.js" */
/** @import {State} from "./state.js" */
/** @import {Matrix, Place} from "./weights.js" */

/**
 * @typedef {object} Outline a role's target on what is shown
 * @property {Target} target
 * @property {Uint8Array} cells
 * @property {{mass: number, queries: number}} here what the heads put on it
 */

/**
 * @typedef {object} Scene
 * @property {Data} data
 * @property {Store} store
 * @property {State} state
 * @property {Stream} stream
 * @property {Sentence} sentence
 * @property {Place[]} heads
 * @property {boolean} none whether the filter leaves none of them, and so all are shown
 * @property {boolean} apart whether each has a picture, or a colour, of its own
 * @property {string} name of the heads
 * @property {Matrix} whole what the lens shows
 * @property {Matrix} matrix the same, or of a pair the texts that were chosen
 * @property {Scale} scale
 * @property {Outline[]} outlines
 * @property {boolean} cross whether queries and keys are different tokens
 * @property {{row: number, column: number}} cursor where it stood last
 * @property {number} width of the room that there is, in pixels
 * @property {(changes: Partial<State>) => void} go
 * @property {(text: string) => void} say
 * @property {(...lines: Node[]) => void} tell puts lines below the picture
 * @property {(build: () => Element[]) => void} onPaper says what paper has in its place
 */

/**
 * @typedef {object} View
 * @property {string} name
 * @property {string} title
 * @property {string} about how it is read
 * @property {(scene: Scene, host: HTMLElement) => void | Promise<void>} draw
 * @property {(scene: Scene) => Promise<(string | number)[][]>} table with its header
 * @property {boolean} [ofText] it shows numbers of the whole text: sentence, lens and words don't count
 * @property {(scene: Scene, host: HTMLElement) => SVGSVGElement | null} [picture] where the host
 *   holds none that can be kept
 * @property {boolean} [whole] it needs all tokens and heads: filters and texts of a pair don't count
 * @property {string[]} [idle] titles of the controls that don't count
 * @property {(names: string) => string} [heads] those it shows where these are chosen, if others
 * @property {(scene: Scene) => string} [named] what it is of, if not the heads
 * @property {(scene: Scene) => Node[]} [says] what stands above it, if not heads and their roles
 */

/** So many heads have a colour, or a colour and a dash, of their own. */
export const APART = 32;

/** So many targets are outlined; more lines are hard to tell apart. */
const OUTLINED = 3;

/**
 * The data of a state, without the room that it is drawn in.
 * @param {Data} data
 * @param {Store} store
 * @param {State} state
 */
export async function sceneOf(data, store, state) {
  const stream = data.streams.find(({ name }) => name === state.a) ?? data.streams[0];
  const sentence =
    data.sentences.find(({ id, stream: of }) => id === state.s && of === stream.name) ??
    /** @type {Sentence} */ (data.sentences.find(({ stream: of }) => of === stream.name));
  const { heads, none } = chosenHeads(stream, state);
  const whole = seen(await meanOf(store, sentence, heads), sentence, stream, state);
  const matrix = state.seg ? between(whole, sentence, state.seg) : whole;
  const apart = state.v === "arcs" && state.mix === "each" && heads.length > 1 && heads.length <= APART;
  const top = state.scale === "max" ? matrix.values.reduce((most, each) => Math.max(most, each), 0) : 1;
  return {
    data,
    store,
    state,
    stream,
    sentence,
    heads,
    none,
    apart,
    name: headsName(stream, state.h, heads, apart),
    whole,
    matrix,
    scale: new Scale(data, top),
    outlines: await outlinesOf(store, sentence, stream, state, matrix),
    cross: sentence.keys !== sentence.queries,
  };
}

/**
 * The targets to outline: that of the role that was chosen, else those of the head's own roles.
 * @param {Store} store
 * @param {Sentence} sentence
 * @param {Stream} stream
 * @param {State} state
 * @param {Matrix} matrix
 */
async function outlinesOf(store, sentence, stream, state, matrix) {
  const own = (stream.told.get(state.h) ?? []).map(({ target }) => target);
  const chosen = state.role ? stream.targets.findIndex(({ name }) => name === state.role) : -1;
  const wanted = state.role ? [chosen] : own;
  const there = wanted.filter((target) => sentence.targets.includes(target)).slice(0, OUTLINED);
  if (!there.length) return [];
  const bits = await store.targets(sentence);
  return there.flatMap((target) => {
    const cells = cellsOf(bits, sentence.targets.indexOf(target), sentence, matrix);
    const here = massOn(matrix, cells);
    return here ? [{ target: stream.targets[target], cells, here }] : [];
  });
}

/**
 * The weights of a matrix as rows of a table: those of some queries and of some keys, or all.
 * @param {Scene} scene
 * @param {{rows?: number[], columns?: number[]}} [some]
 */
export function weightTable(scene, { rows = [], columns = [] } = {}) {
  const { matrix, name, state } = scene;
  const [layer, head] = scene.heads.length === 1 ? scene.heads[0] : ["", ""];
  /** @type {(string | number)[][]} */
  const table = [["layer", "head", "name", "query", "query_token", "key", "key_token", "weight"]];
  const width = matrix.keys.labels.length;
  const called = state.h.includes("H") && scene.heads.length === 1 && !scene.apart ? state.h : name;
  const every = rows.length + columns.length === 0;
  for (const row of every || columns.length ? matrix.queries.labels.keys() : rows) {
    matrix.keys.labels.forEach((key, column) => {
      if (!every && !rows.includes(row) && !columns.includes(column)) return;
      table.push([
        layer,
        head,
        called,
        matrix.queries.places[row][0],
        matrix.queries.labels[row].text,
        matrix.keys.places[column][0],
        key.text,
        Number(matrix.values[row * width + column].toFixed(5)),
      ]);
    });
  }
  return table;
}

/**
 * What a cell of the matrix says.
 * @param {Matrix} matrix
 * @param {number} row
 * @param {number} column
 * @param {(weight: number) => string} written
 */
export function cellText(matrix, row, column, written) {
  const weight = matrix.values[row * matrix.keys.labels.length + column];
  return `${matrix.queries.labels[row].text} → ${matrix.keys.labels[column].text} ${written(weight)}`;
}
