/** All heads as small pictures, a row for each layer; a click enlarges one. */

import { Scale } from "../colours.js";
import { el, set, short, svg } from "../dom.js";
import { filtering, passing } from "../filters.js";
import { Grid } from "../grid.js";
import { colourBar, FINGER, picture, TOUCH } from "../parts.js";
import { shown } from "../segments.js";
import { added } from "../state.js";
import { severalButton } from "../tiles.js";
import { headsOf, meanOf } from "../weights.js";

/** @import {Scene, View} from "../scene.js" */

/** Sizes in pixels; a picture has at most so many cells a side. */
const [LEFT, TOP, GUTTER, LARGEST, SMALLEST, CELLS] = [26, 18, 3, 96, 18, 64];

/** Of more layers the pictures are smaller. */
const [MANY, SMALLER] = [16, 60];

/** @type {View} */
export const mosaicView = {
  name: "mosaic",
  title: "Mosaic",
  about: "A row for each layer, a column for each head. Click one, or press Enter on it, to enlarge it; with Shift, or “Choose several”, it is added to those that are chosen. What the filter leaves out is not drawn; heads without the role above are pale.",
  draw,
  table,
};

/**
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
async function draw(scene, host) {
  const { state } = scene;
  const { layers, numbers } = gridOf(scene);
  const columns = numbers.length;
  const across = Math.floor((scene.width - LEFT - 4) / columns) - GUTTER;
  const [height, width] = shape(scene);
  const wide = Math.max(FINGER ? TOUCH : SMALLEST, Math.min(layers.length > MANY ? SMALLER : LARGEST, across));
  const high = Math.round((wide * height) / width);
  const [stepX, stepY] = [wide + GUTTER, high + GUTTER];
  const scale = new Scale(scene.data, state.scale === "max" ? scene.scale.top : 1);
  const x = (/** @type {number} */ column) => LEFT + column * stepX;
  const y = (/** @type {number} */ row) => TOP + row * stepY;
  const places = { numbers, x, y, wide, high };
  const images = await imagesOf(scene, layers, scale);
  const drawn = pictureOf(scene, layers, images, scale, places);
  const cursor = svg("rect", { class: "cursor", width: wide, height: high, visibility: "hidden" });
  const tag = svg("text", { class: "tag", visibility: "hidden" });
  drawn.append(cursor, tag);
  const describe = (/** @type {number} */ row, /** @type {number} */ column) => {
    const [layer, there] = layers[row];
    const head = numbers[column];
    return there.includes(head) ? says(scene, layer, head) : `layer ${layer} has no head ${head}${filtering(state) ? " that passes" : ""}`;
  };
  const moves = new Grid(drawn, {
    cursor: scene.cursor,
    label: "All heads, a row for each layer",
    rows: layers.length,
    columns,
    describe,
    move: (row, column) => {
      set(cursor, { x: x(column), y: y(row), visibility: "visible" });
      const beside = column < columns / 2;
      set(tag, { x: x(column) + (beside ? wide + 6 : -6), y: y(row) + high / 2, "text-anchor": beside ? "start" : "end", visibility: "visible" });
      tag.textContent = `L${layers[row][0]}H${numbers[column]}`;
      scene.say(describe(row, column));
    },
    pick: (row, column, event) => pick(row, column, event.shiftKey),
  });
  /** @type {(row: number, column: number, more: boolean) => void} */
  const pick = (row, column, more) => {
    const [layer, there] = layers[row];
    if (!there.includes(numbers[column])) return;
    const name = `L${layer}H${numbers[column]}`;
    if (more || state.add === "yes") scene.go({ h: added(state.h, name) });
    else scene.go({ h: name, v: "matrix" });
  };
  const at = (/** @type {MouseEvent} */ event) => {
    const box = drawn.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - LEFT) / stepX);
    const row = Math.floor((event.clientY - box.top - TOP) / stepY);
    const there = row >= 0 && row < layers.length && column >= 0 && layers[row][1].includes(numbers[column]);
    return there ? { row, column } : null;
  };
  drawn.addEventListener("pointermove", (event) => {
    const cell = at(event);
    if (cell && (cell.row !== moves.row || cell.column !== moves.column)) moves.to(cell.row, cell.column);
  });
  drawn.addEventListener("click", (event) => {
    const cell = at(event);
    if (!cell) return;
    moves.to(cell.row, cell.column);
    pick(cell.row, cell.column, event.shiftKey);
  });
  host.append(el("div", { class: "row" }, severalButton(scene)), moves.element);
  if (layers.length > MANY) {
    const half = Math.ceil(layers.length / 2);
    scene.onPaper(() => [layers.slice(0, half), layers.slice(half)].map((some) => pictureOf(scene, some, images, scale, places)));
  }
  const block = Math.ceil(Math.max(...size(scene)) / CELLS);
  if (block > 1) {
    scene.tell(el("p", {}, `A point stands for ${block} × ${block} tokens: what a query gives all keys of it, mean over its queries.`));
  }
}

/** @typedef {[number, number[]]} Row a layer and those of its heads that are drawn */

/**
 * The picture of each head, by its name.
 * @param {Scene} scene
 * @param {Row[]} layers
 * @param {Scale} scale
 */
async function imagesOf(scene, layers, scale) {
  /** @type {Map<string, string>} */
  const images = new Map();
  for (const [layer, there] of layers) {
    for (const head of there) {
      const small = await thumbnail(scene, layer, head);
      images.set(`L${layer}H${head}`, scale.picture(small.values, small.columns));
    }
  }
  return images;
}

/**
 * Some layers, a row each.
 * @param {Scene} scene
 * @param {Row[]} layers
 * @param {Map<string, string>} images
 * @param {Scale} scale
 * @param {{numbers: number[], x: (column: number) => number, y: (row: number) => number, wide: number, high: number}} places
 */
function pictureOf(scene, layers, images, scale, { numbers, x, y, wide, high }) {
  const { state, heads } = scene;
  const cells = svg("g", { class: "cells" });
  const frames = svg("g");
  const names = svg("g", { class: "labels numbers", "font-size": 11 });
  numbers.forEach((head, column) => {
    names.append(svg("text", { x: x(column) + wide / 2, y: TOP - 8, "text-anchor": "middle" }, String(head)));
  });
  for (const [row, [layer, there]] of layers.entries()) {
    names.append(svg("text", { x: LEFT - 7, y: y(row) + high / 2, "text-anchor": "end" }, String(layer)));
    for (const head of there) {
      const chosen = heads.some(([of, number]) => of === layer && number === head);
      const href = images.get(`L${layer}H${head}`);
      const faint = state.role !== "" && !has(scene, layer, head);
      const box = { x: x(numbers.indexOf(head)), y: y(row), width: wide, height: high };
      cells.append(svg("image", { ...box, preserveAspectRatio: "none", href, opacity: faint ? 0.2 : null }));
      frames.append(svg("rect", { ...box, class: chosen && heads.length < 100 ? "chosen" : "frame" }));
    }
  }
  const bottom = y(layers.length) + 8;
  return picture(Math.max(x(numbers.length) + 4, 230), bottom + 28, names, cells, frames, colourBar(scale, LEFT + 6, bottom));
}

/**
 * The layers with those of their heads that pass the filter, and the numbers of all these; all
 * heads where none passes.
 * @param {Scene} scene
 */
function gridOf({ stream, state }) {
  const some = passing(stream, state);
  const heads = some.length ? some : headsOf(stream, "all");
  const numbers = [...new Set(heads.map(([, head]) => head))].sort((one, other) => one - other);
  const layers = stream.layers
    .map(([layer]) => /** @type {Row} */ ([layer, heads.filter(([of]) => of === layer).map(([, head]) => head)]))
    .filter(([, there]) => there.length);
  return { layers, numbers };
}

/** @param {Scene} scene */
function size({ matrix }) {
  return [matrix.queries.labels.length, matrix.keys.labels.length];
}

/** @param {Scene} scene */
function shape(scene) {
  const [rows, columns] = size(scene);
  const block = Math.ceil(Math.max(rows, columns) / CELLS);
  return [Math.ceil(rows / block), Math.ceil(columns / block)];
}

/**
 * One head, of a long sentence in blocks of tokens.
 * @param {Scene} scene
 * @param {number} layer
 * @param {number} head
 */
async function thumbnail(scene, layer, head) {
  const { sentence, state, store, stream } = scene;
  const { values } = shown(await meanOf(store, sentence, [[layer, head]]), sentence, stream, state);
  const [rows, columns] = size(scene);
  const block = Math.ceil(Math.max(rows, columns) / CELLS);
  if (block === 1) return { values, columns };
  const [down, across] = shape(scene);
  const blocks = new Float32Array(down * across);
  for (let row = 0; row < rows; row++) {
    const into = Math.floor(row / block) * across;
    for (let key = 0; key < columns; key++) blocks[into + Math.floor(key / block)] += values[row * columns + key];
  }
  for (let at = 0; at < blocks.length; at++) {
    blocks[at] /= Math.min(block, rows - Math.floor(at / across) * block);
  }
  return { values: blocks, columns: across };
}

/**
 * Whether a head has the role that was chosen.
 * @param {Scene} scene
 * @param {number} layer
 * @param {number} head
 */
function has({ stream, state }, layer, head) {
  const told = stream.told.get(`L${layer}H${head}`) ?? [];
  return told.some(({ target }) => stream.targets[target].name === state.role);
}

/**
 * A head and its roles, in words.
 * @param {Scene} scene
 * @param {number} layer
 * @param {number} head
 */
function says({ stream }, layer, head) {
  const name = `L${layer}H${head}`;
  const told = (stream.told.get(name) ?? []).map(
    ({ target, score, verdict }) => `${short(stream.targets[target].title, 40)} ${score}${verdict ? `, ${verdict}` : ""}`,
  );
  return `${name}: ${told.join("; ") || "no role"}`;
}

/** @param {Scene} scene */
async function table(scene) {
  const { sentence, state, store, stream } = scene;
  /** @type {(string | number)[][]} */
  const rows = [["layer", "head", "name", "query", "query_token", "key", "key_token", "weight"]];
  for (const [layer, there] of gridOf(scene).layers) {
    for (const head of there) {
      const { queries, keys, values } = shown(await meanOf(store, sentence, [[layer, head]]), sentence, stream, state);
      queries.labels.forEach((query, row) => {
        keys.labels.forEach((key, column) => {
          const weight = Number(values[row * keys.labels.length + column].toFixed(5));
          rows.push([layer, head, `L${layer}H${head}`, queries.places[row][0], query.text, keys.places[column][0], key.text, weight]);
        });
      });
    }
  }
  return rows;
}
