/** What is shown as a file: SVG, PNG or CSV. */

import { svg } from "./dom.js";

/** What a picture looks like away from the page, on white paper. */
const STYLE = `text { font-family: system-ui, sans-serif; dominant-baseline: central; fill: #1a1a1a; }
.title { font-size: 13px; font-weight: 600; dominant-baseline: auto; }
.label.special { fill: #636363; } .label.piece { fill: #4d4d4d; } .space { opacity: 0.35; }
.tick { font-size: 10px; fill: #636363; dominant-baseline: auto; } .numbers text { fill: #636363; }
.frame { fill: none; stroke: #d8d8d8; } .chosen, .pinned { fill: none; stroke: #1a1a1a; stroke-width: 1.5; }
.cursor { display: none; } .outline path { fill: none; stroke-width: 1.25; }
.outline .halo { stroke: #fff; stroke-width: 3; } .here, .tag { display: none; }
:is(.edges, .strokes) path { fill: none; } :is(.edges, .strokes) path:not([stroke]) { stroke: #1f6fb2; } .edges path.stays { stroke: #636363; }
.label.source { font-weight: 700; } .tick.number { dominant-baseline: central; } .shade { fill: #68ace0; }
image { image-rendering: pixelated; }`;

/** A picture is so many times larger as PNG, so that it is sharp in print. */
const SHARP = 3;

/**
 * The picture with a title, as the text of a file.
 * @param {SVGSVGElement} picture
 * @param {string} title
 */
function standalone(picture, title) {
  const width = Math.max(Number(picture.getAttribute("width")), 8 * title.length);
  const height = Number(picture.getAttribute("height")) + 26;
  const inside = /** @type {SVGSVGElement} */ (picture.cloneNode(true));
  inside.setAttribute("y", "26");
  inside.removeAttribute("aria-hidden");
  const whole = svg(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}` },
    svg("style", {}, STYLE),
    svg("rect", { width, height, fill: "#fff" }),
    svg("text", { class: "title", x: 6, y: 17 }, title),
    inside,
  );
  return { text: new XMLSerializer().serializeToString(whole), width, height };
}

/**
 * @param {SVGSVGElement} picture
 * @param {string} title
 * @param {string} name
 */
export function saveSvg(picture, title, name) {
  save(new Blob([standalone(picture, title).text], { type: "image/svg+xml" }), `${name}.svg`);
}

/**
 * @param {SVGSVGElement} picture
 * @param {string} title
 * @param {string} name
 */
export async function savePng(picture, title, name) {
  const { text, width, height } = standalone(picture, title);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const times = Math.min(SHARP, 16000 / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * times);
  canvas.height = Math.round(height * times);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  /** @type {Blob | null} */
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (blob) save(blob, `${name}.png`);
}

/**
 * Texts stand as they are shown, whatever they begin with.
 * @param {(string | number)[][]} table
 * @param {string} name
 */
export function saveCsv(table, name) {
  const lines = table.map((row) => `${row.map((cell) => quoted(String(cell))).join(",")}\n`);
  save(new Blob(lines, { type: "text/csv;charset=utf-8" }), `${name}.csv`);
}

/** @param {string} cell */
function quoted(cell) {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
