/** From weights to colours, on the scale that all figures of the report have. */

/** @import {Data} from "./data.js" */

/** Colours of single heads where several are drawn (Okabe and Ito). */
const HEADS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B6B6B", "#1A1A1A"];

/** Where there are more heads than colours, dashes tell them apart. */
const DASHES = ["", "8 4", "2 4", "10 3 2 3"];

/**
 * The colour and the dash of the line of a head, by its place among those that are shown.
 * @param {number} at
 */
export function strokeOf(at) {
  return { colour: HEADS[at % HEADS.length], dash: DASHES[Math.floor(at / HEADS.length) % DASHES.length] };
}

export class Scale {
  /**
   * @param {Data} data
   * @param {number} top the weight that has the strongest colour
   */
  constructor(data, top) {
    this.top = top > 0 ? top : 1;
    this.root = data.scale === "sqrt";
    this.colours = data.colours;
    this.pixels = Uint32Array.from(data.colours, pixel);
  }

  /**
   * Where on the scale a weight stands, 0 to 1.
   * @param {number} weight
   */
  at(weight) {
    const share = Math.min(Math.max(weight / this.top, 0), 1);
    return this.root ? Math.sqrt(share) : share;
  }

  /**
   * The weight that stands there.
   * @param {number} at
   */
  weight(at) {
    return this.top * (this.root ? at * at : at);
  }

  /**
   * A picture of weights, one pixel a cell, as an address that an image takes.
   * @param {ArrayLike<number>} values [row, column]
   * @param {number} columns
   */
  picture(values, columns) {
    const last = this.pixels.length - 1;
    return painted(values.length, columns, (at) => this.pixels[Math.round(this.at(/** @type {number} */ (values[at])) * last)]);
  }
}

/** Signed values: orange for negative ones, blue for positive, which the colour-blind tell apart. */
const [NEGATIVE, POSITIVE] = [
  [179, 88, 6],
  [8, 81, 156],
];

/**
 * A picture of signed values, one pixel a cell, by the roots of their sizes; paper where they are 0.
 * @param {Float32Array} values [row, column]
 * @param {number} columns
 * @param {number} top the size that has the strongest colour
 */
export function signedPicture(values, columns, top) {
  return painted(values.length, columns, (at) => {
    const value = /** @type {number} */ (values[at]);
    const share = Math.sqrt(Math.min(1, Math.abs(value) / top));
    const [red = 0, green = 0, blue = 0] = (value < 0 ? NEGATIVE : POSITIVE).map((part) => Math.round(255 + share * (part - 255)));
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

/**
 * A picture, one pixel a cell, as an address that an image takes.
 * @param {number} cells
 * @param {number} columns
 * @param {(at: number) => number} colour of a cell
 */
function painted(cells, columns, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = cells / columns;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < cells; at++) pixels[at] = colour(at);
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/**
 * A colour as a canvas has it on machines whose numbers begin with their least byte.
 * @param {string} colour
 */
function pixel(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return ((255 << 24) | ((blue ?? 0) << 16) | ((green ?? 0) << 8) | (red ?? 0)) >>> 0;
}
