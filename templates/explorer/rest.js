/** What some queries look at most, and the rest that is not told. */

import { counted, el, number, short } from "./dom.js";
import { onSide, sumOfRows } from "./weights.js";

/** @import {Matrix} from "./weights.js" */

/** So many keys are told. */
const TOLD = 8;

/** Less than this is rounding. */
const LEAST = 0.02;

/**
 * @param {Matrix} matrix
 * @param {number[]} rows
 */
export function strongest(matrix, rows) {
  const sums = sumOfRows(matrix, rows);
  const order = Array.from(sums.keys()).sort((one, other) => sums[other] - sums[one] || one - other);
  const keys = order.slice(0, TOLD).filter((key) => sums[key] >= 0.005);
  const whole = rows.reduce((sum, row) => sum + matrix.sums[row], 0);
  const elsewhere = rows.reduce((sum, row) => sum + matrix.elsewhere[row], 0);
  const told = keys.reduce((sum, key) => sum + sums[key], 0);
  return {
    keys: keys.map((key) => ({ key, weight: sums[key] })),
    rest: Math.max(0, whole - told),
    others: sums.length - keys.length,
    elsewhere,
    nowhere: rows.length - whole - elsewhere,
  };
}

/**
 * A line: what these rows of the matrix give, in all.
 * @param {Matrix} matrix
 * @param {number[]} rows
 */
export function restLine(matrix, rows) {
  const { keys, rest, others, elsewhere, nowhere } = strongest(matrix, rows);
  const line = el("p", { class: "rest-line" });
  rows.slice(0, 6).forEach((row, at) => {
    line.append(at ? " + " : "", el("b", {}, el("bdi", {}, name(matrix, row))));
  });
  if (rows.length > 6) line.append(` + ${rows.length - 6} more`);
  line.append(rows.length > 1 ? " give together: " : " gives: ");
  /** @type {(string | Node)[][]} */
  const parts = keys.map(({ key, weight }) => [el("bdi", {}, short(matrix.keys.labels[key].text, 24)), ` ${number(weight)}`]);
  if (others) parts.push([`rest ${number(rest)} on ${counted(others, "other")}`]);
  if (elsewhere > 0) parts.push([`${number(elsewhere)} on tokens that are not shown`]);
  if (nowhere > LEAST) parts.push([`${number(nowhere)} on no token`]);
  parts.forEach((part, at) => line.append(at ? "; " : "", ...part));
  const removed = rows.reduce((sum, row) => sum + matrix.removed[row], 0) / rows.length;
  line.append(removed > 0 ? `. The lens took ${number(removed)} of its attention away.` : ".");
  return line;
}

/**
 * @param {Matrix} matrix
 * @param {number} row
 */
function name(matrix, row) {
  return short(matrix.queries.labels[row].text, 24);
}

/**
 * The rows of the pinned queries.
 * @param {Matrix} matrix
 * @param {number[]} pinned
 */
export function pinnedRows(matrix, pinned) {
  return onSide(matrix.queries, pinned);
}
