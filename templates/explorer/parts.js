/** Parts of pictures that several views have: labels, outlines, the bar of the scale. */

import { number, short, svg } from "./dom.js";

/** @import {Token} from "./data.js" */
/** @import {Scale} from "./colours.js" */

/** Longer tokens are cut in pictures. */
const MOST = 18;

/** Whether the reader points with a finger, which needs larger targets. */
export const FINGER = matchMedia("(pointer: coarse)").matches;

/** A target that a finger hits, in pixels. */
export const TOUCH = 44;

const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

/**
 * How wide a text is, in pixels.
 * @param {string} text
 * @param {number} size
 */
export function widthOf(text, size) {
  pen.font = `${size}px system-ui, sans-serif`;
  return pen.measureText(text).width;
}

/**
 * A token as pictures have it: a leading space as a dot, cut where it is long.
 * @param {Token} token
 */
export function labelOf(token) {
  return (token.space ? "·" : "") + short(token.text, MOST);
}

/**
 * A token's label; `more` are attributes of the text.
 * @param {Token} token
 * @param {Record<string, string | number>} more
 */
export function label(token, more) {
  const kind = token.special ? "special" : token.piece ? "piece" : "";
  const text = svg("text", { class: `label ${kind}`.trim(), direction: "ltr", ...more });
  if (token.space) text.append(svg("tspan", { class: "space" }, "·"));
  text.append(short(token.text, MOST));
  return text;
}

/**
 * A line around cells, as a path; borders between two of them are left out.
 * @param {Uint8Array} cells [row, column]
 * @param {number} columns
 * @param {number} side of a cell
 * @param {number} inset by which the line stands inside
 */
export function outline(cells, columns, side, inset) {
  const rows = cells.length / columns;
  const has = (/** @type {number} */ row, /** @type {number} */ column) =>
    row >= 0 && row < rows && column >= 0 && column < columns && cells[row * columns + column] > 0;
  const path = [];
  for (let row = 0; row < rows; row++) {
    for (const [beside, y] of [
      [row - 1, row * side + inset],
      [row + 1, (row + 1) * side - inset],
    ]) {
      for (let column = 0; column < columns; column++) {
        const start = column;
        while (has(row, column) && !has(beside, column)) column++;
        if (column > start) path.push(`M${start * side + inset} ${y}H${column * side - inset}`);
      }
    }
  }
  for (let column = 0; column < columns; column++) {
    for (const [beside, x] of [
      [column - 1, column * side + inset],
      [column + 1, (column + 1) * side - inset],
    ]) {
      for (let row = 0; row < rows; row++) {
        const start = row;
        while (has(row, column) && !has(row, beside)) row++;
        if (row > start) path.push(`M${x} ${start * side + inset}V${row * side - inset}`);
      }
    }
  }
  return path.join("");
}

/**
 * The bar that says which colour is which weight.
 * @param {Scale} scale
 * @param {number} x
 * @param {number} y
 */
export function colourBar(scale, x, y) {
  const width = 160;
  const steps = Array.from({ length: 64 }, (_, at) => scale.weight(at / 63));
  const bar = svg("g", { transform: `translate(${x},${y})` });
  bar.append(
    svg(
      "g",
      { class: "cells" },
      svg("image", { width, height: 8, preserveAspectRatio: "none", href: scale.picture(steps, 64) }),
    ),
    svg("rect", { class: "frame", width, height: 8 }),
  );
  for (const at of scale.root ? [0, 0.2236, 0.4472, 0.7071, 1] : [0, 0.25, 0.5, 0.75, 1]) {
    const weight = scale.weight(at);
    const text = at === 0 ? "0" : at === 1 && scale.top === 1 ? "1" : number(weight);
    bar.append(svg("text", { class: "tick", x: at * width, y: 19, "text-anchor": "middle" }, text));
  }
  return bar;
}

/**
 * The whole of a picture, as large as it is drawn.
 * @param {number} width
 * @param {number} height
 * @param {...Node} children
 */
export function picture(width, height, ...children) {
  return svg(
    "svg",
    { class: "picture", width, height, viewBox: `0 0 ${width} ${height}` },
    ...children,
  );
}
