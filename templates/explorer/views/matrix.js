/** The weights of one head, or of a mean, as a matrix: rows are queries, columns keys. */

import { el, number, set, svg } from "../dom.js";
import { Grid } from "../grid.js";
import { colourBar, label, labelOf, outline, picture, widthOf } from "../parts.js";
import { pinnedRows, restLine } from "../rest.js";
import { cellText, weightTable } from "../scene.js";
import { toggled } from "../state.js";

/** @import {Scene, View} from "../scene.js" */

/** Sizes in pixels. */
const LARGEST = 26;
const READABLE = 11;
const FEW_TOKENS = 64;
const BOXED = 6;
const FONT = 12;

/** @type {View} */
export const matrixView = {
  name: "matrix",
  title: "Matrix",
  about: "Rows are queries, columns keys. Point at a cell, or go there with the arrow keys; click or press Enter to pin its row.",
  draw,
  table: async (scene) => weightTable(scene, { rows: pinnedRows(scene.matrix, scene.state.q) }),
};

/**
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
function draw(scene, host) {
  const { matrix, scale, state } = scene;
  const rows = matrix.queries.labels.length;
  const columns = matrix.keys.labels.length;
  const left = marginOf(matrix.queries.labels);
  const top = marginOf(matrix.keys.labels);
  const least = Math.max(rows, columns) <= FEW_TOKENS ? READABLE : 1;
  const side = Math.max(least, Math.min(LARGEST, Math.floor((scene.width - left - 12) / columns)));
  const [width, height] = [columns * side, rows * side];

  const cells = svg(
    "g",
    { class: "cells" },
    svg("image", { width, height, preserveAspectRatio: "none", href: scale.picture(matrix.values, columns) }),
  );
  const pinned = pinnedRows(matrix, state.q);
  const marks = pinned.map((row) => pin(row, side, width));
  const lines = scene.outlines.map(({ target, cells: of }, at) => {
    const path = { d: outline(of, columns, side, side > 4 ? 0.75 + at * 1.5 : 0), stroke: target.line };
    // Where cells are few pixels wide a halo and a full line would cover them.
    if (side < BOXED) return svg("g", { class: "outline" }, svg("path", { ...path, style: "stroke-width:0.75;stroke-opacity:0.6" }));
    return svg("g", { class: "outline" }, svg("path", { ...path, class: "halo" }), svg("path", path));
  });
  const tag = svg("text", { class: "tag", visibility: "hidden" });
  const cursor = svg("rect", { class: "cursor", width: side, height: side, visibility: "hidden" });
  const grid = svg(
    "g",
    { transform: `translate(${left},${top})` },
    cells,
    svg("rect", { class: "frame", width, height }),
    ...marks,
    ...lines,
    cursor,
    tag,
  );
  const size = Math.min(FONT, Math.max(side - 1, 9));
  const every = Math.ceil(size / side);
  const queryLabels = labels(matrix.queries.labels, size, every, (at) => ({
    x: left - 5,
    y: top + (at + 0.5) * side,
    "text-anchor": "end",
  }));
  const keyLabels = labels(matrix.keys.labels, size, every, (at) => ({
    transform: `translate(${left + (at + 0.5) * side},${top - 5}) rotate(-90)`,
  }));
  const here = svg("g", { class: "here" });
  const drawn = picture(
    left + width + 12,
    top + height + 40,
    queryLabels,
    keyLabels,
    grid,
    here,
    colourBar(scale, left + 6, top + height + 12),
  );

  const few = every > 1 ? [el("p", {}, `One label in ${every} is drawn: go to a cell for those of its tokens.`)] : [];
  /** @type {(row: number, column: number) => void} */
  const move = (row, column) => {
    set(cursor, { x: column * side, y: row * side, visibility: "visible" });
    const beside = column < columns / 2;
    set(tag, {
      x: beside ? (column + 1) * side + 6 : column * side - 6,
      y: (row + 0.5) * side,
      "text-anchor": beside ? "start" : "end",
      visibility: "visible",
    });
    tag.textContent = number(matrix.values[row * columns + column]);
    here.replaceChildren(
      label(matrix.queries.labels[row], { x: left - 5, y: top + (row + 0.5) * side, "text-anchor": "end", "font-size": size }),
      label(matrix.keys.labels[column], {
        transform: `translate(${left + (column + 0.5) * side},${top - 5}) rotate(-90)`,
        "font-size": size,
      }),
    );
    scene.say(cellText(matrix, row, column, number));
    scene.tell(restLine(matrix, pinned.length ? pinned : [row]), ...few);
  };
  const pick = (/** @type {number} */ row) => scene.go({ q: toggled(state.q, matrix.queries.places[row][0]) });
  const moves = new Grid(drawn, {
    cursor: scene.cursor,
    label: `Weights of ${scene.name}: rows are queries, columns keys`,
    rows,
    columns,
    describe: (row, column) => cellText(matrix, row, column, number),
    move,
    pick,
  });
  const at = (/** @type {MouseEvent} */ event) => {
    const box = drawn.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top - top) / side);
    const column = Math.floor((event.clientX - box.left - left) / side);
    return row >= 0 && row < rows && column < columns ? { row, column } : null;
  };
  drawn.addEventListener("pointermove", (event) => {
    const cell = at(event);
    if (cell && cell.column >= 0) moves.to(cell.row, cell.column);
  });
  drawn.addEventListener("click", (event) => {
    const cell = at(event);
    if (cell) pick(cell.row);
  });
  host.append(moves.element);
  scene.tell(...(pinned.length ? [restLine(matrix, pinned)] : []), ...few);
}

/**
 * A pinned row: a box around it, or where it is too low for one, a mark at either end.
 * @param {number} row
 * @param {number} side
 * @param {number} width
 */
function pin(row, side, width) {
  if (side >= BOXED) return svg("rect", { class: "pinned", y: row * side, width, height: side });
  const y = (row + 0.5) * side;
  return svg("path", { class: "pinned", d: `M-1 ${y}l-7 -4v8ZM${width + 1} ${y}l7 -4v8Z` });
}

/** @param {import("../data.js").Token[]} tokens */
function marginOf(tokens) {
  return Math.ceil(tokens.reduce((most, token) => Math.max(most, widthOf(labelOf(token), FONT)), 20)) + 10;
}

/**
 * @param {import("../data.js").Token[]} tokens
 * @param {number} size
 * @param {number} every so many tokens have a label
 * @param {(at: number) => Record<string, string | number>} place
 */
function labels(tokens, size, every, place) {
  const shown = tokens.flatMap((token, at) => (at % every ? [] : [label(token, place(at))]));
  return svg("g", { class: "labels", "font-size": size }, ...shown);
}
