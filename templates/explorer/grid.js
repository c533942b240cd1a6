/** A grid that is drawn as a picture, with a cursor that keys move and screen readers follow. */

import { el, set } from "./dom.js";

/**
 * @typedef {object} Moves
 * @property {string} label what the grid is
 * @property {{row: number, column: number}} cursor where it stood last
 * @property {number} rows
 * @property {number} columns
 * @property {(row: number, column: number) => string} describe what a cell says
 * @property {(row: number, column: number) => void} move the cursor stands there now
 * @property {(row: number, column: number, event: KeyboardEvent) => void} pick the cell is chosen
 */

/** So many rows or columns a page key goes. */
const PAGE = 10;

export class Grid {
  /**
   * @param {Element} picture
   * @param {Moves} moves
   */
  constructor(picture, moves) {
    this.moves = moves;
    this.row = Math.min(moves.cursor.row, moves.rows - 1);
    this.column = Math.min(moves.cursor.column, moves.columns - 1);
    this.cell = el("span", { role: "gridcell", id: "explorer-cell" });
    this.line = el("div", { role: "row" }, this.cell);
    set(picture, { "aria-hidden": "true" });
    this.element = el(
      "div",
      {
        class: "grid",
        role: "grid",
        tabindex: 0,
        "aria-label": moves.label,
        "aria-rowcount": moves.rows,
        "aria-colcount": moves.columns,
        "aria-activedescendant": "explorer-cell",
      },
      el("div", { class: "unseen", role: "rowgroup" }, this.line),
      picture,
    );
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focus", () => this.to(this.row, this.column));
    this.describe();
  }

  /**
   * Puts the cursor on a cell, as far as there is one.
   * @param {number} row
   * @param {number} column
   */
  to(row, column) {
    this.row = Math.min(Math.max(row, 0), this.moves.rows - 1);
    this.column = Math.min(Math.max(column, 0), this.moves.columns - 1);
    Object.assign(this.moves.cursor, { row: this.row, column: this.column });
    this.describe();
    this.moves.move(this.row, this.column);
  }

  describe() {
    this.cell.textContent = this.moves.describe(this.row, this.column);
    set(this.line, { "aria-rowindex": this.row + 1 });
    set(this.cell, { "aria-colindex": this.column + 1 });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey || event.metaKey) return;
    const far = event.ctrlKey;
    const { row, column } = this;
    const { rows, columns } = this.moves;
    /** @type {Record<string, [number, number]>} */
    const ways = {
      ArrowUp: [far ? 0 : row - 1, column],
      ArrowDown: [far ? rows : row + 1, column],
      ArrowLeft: [row, far ? 0 : column - 1],
      ArrowRight: [row, far ? columns : column + 1],
      Home: [far ? 0 : row, 0],
      End: [far ? rows : row, columns],
      PageUp: [row - PAGE, column],
      PageDown: [row + PAGE, column],
    };
    const way = ways[event.key];
    if (way) this.to(...way);
    else if (event.key === "Enter" || event.key === " ") this.moves.pick(row, column, event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
