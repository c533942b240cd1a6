/** What is shown as a file: SVG, PNG or CSV. */

import { svg } from "./dom.js";
import { widthOf } from "./parts.js";

/** What a picture looks like away from the page, on white paper. */
const STYLE = `text { font-family: system-ui, sans-serif; dominant-baseline: central; fill: #1a1a1a; }
.title { font-size: 13px; font-weight: 600; dominant-baseline: auto; }
.foot { font-size: 11.5px; fill: #4d4d4d; dominant-baseline: auto; }
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

/** The least width of a file, so that its words have room, in pixels. */
const LEAST = 480;

/** Heights of lines, and room at the sides, in pixels. */
const [TITLE, LINE, MARK, EDGE] = [17, 16, 20, 6];

/**
 * @typedef {object} Line
 * @property {string} text
 * @property {HTMLElement | null} mark the sign before it: a chip, a swatch or a ring
 */

/**
 * @typedef {object} Words what stands around a picture
 * @property {string} title
 * @property {Line[]} foot
 */

/**
 * What the page says of a picture: what is shown, its legend, and what is left out.
 * @param {string[]} first lines before all others
 * @param {HTMLElement | null} shown
 * @param {HTMLElement} host
 * @param {HTMLElement | null} notes
 * @returns {Line[]}
 */
export function footOf(first, shown, host, notes) {
  const lines = [
    ...(shown?.querySelectorAll(":scope > p:not(.on-paper, .how-to)") ?? []),
    ...host.querySelectorAll(".legend > li"),
    ...(notes?.querySelectorAll(":scope > p:not(:is(h3, h4) ~ p)") ?? []),
  ];
  return [...first.map((text) => ({ text, mark: null })), ...lines.map(lineOf).filter(({ text }) => text)];
}

/** @param {Element} said */
function lineOf(said) {
  const words = /** @type {Element} */ (said.cloneNode(true));
  for (const asks of words.querySelectorAll(".asks, button, select, label")) asks.remove();
  const first = words.firstChild;
  const mark = first instanceof HTMLElement && first.matches(".chip, .swatch, .ring") ? first : null;
  mark?.remove();
  return { text: (words.textContent ?? "").replace(/\s+/g, " ").trim(), mark };
}

/**
 * A text in lines of some width; words that are wider are broken.
 * @param {string} text
 * @param {number} width
 * @param {number} size of the letters
 */
function wrapped(text, width, size) {
  const fits = (/** @type {string} */ line) => widthOf(line, size) <= width;
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trimStart();
    if (fits(longer)) {
      lines[lines.length - 1] = longer;
      continue;
    }
    lines.push("");
    for (const letter of fits(word) ? [word] : word) {
      if (!fits(lines[lines.length - 1] + letter)) lines.push("");
      lines[lines.length - 1] += letter;
    }
  }
  return lines.filter(Boolean);
}

/**
 * The lines at the foot of a picture.
 * @param {Line[]} foot
 * @param {number} width
 * @param {number} top
 */
function footer(foot, width, top) {
  let y = top;
  return foot.flatMap(({ text, mark }) => {
    const x = EDGE + (mark ? MARK : 0);
    const signs = mark ? signOf(mark, y + LINE - 4) : [];
    const lines = wrapped(text, width - x - EDGE, 12).map((line) => svg("text", { class: "foot", x, y: (y += LINE) }, line));
    return [...signs, ...lines];
  });
}

/**
 * @param {HTMLElement} mark
 * @param {number} y its middle
 */
function signOf(mark, y) {
  const box = { x: EDGE, y: y - 7, width: 14, height: 14 };
  if (mark.matches(".ring")) return [svg("circle", { cx: EDGE + 7, cy: y, r: 5, fill: "none", stroke: "#636363" })];
  if (mark.matches(".swatch")) return [svg("rect", { ...box, fill: "none", stroke: mark.style.borderColor, "stroke-width": 2 })];
  const letter = svg("text", { x: EDGE + 7, y, "text-anchor": "middle", "font-size": 10 }, mark.textContent ?? "");
  letter.style.fill = mark.style.color;
  return [svg("rect", { ...box, fill: mark.style.backgroundColor }), letter];
}

/**
 * The picture with its words, as the text of a file.
 * @param {SVGSVGElement} picture
 * @param {Words} words
 */
function standalone(picture, words) {
  const width = Math.max(Number(picture.getAttribute("width")), LEAST);
  const title = wrapped(words.title, width - 2 * EDGE, 14).map((line, at) => svg("text", { class: "title", x: EDGE, y: TITLE * (at + 1) }, line));
  const top = TITLE * title.length + 9;
  const bottom = top + Number(picture.getAttribute("height")) + 4;
  const foot = footer(words.foot, width, bottom);
  const height = bottom + LINE * foot.filter((each) => each.matches(".foot")).length + 8;
  const inside = /** @type {SVGSVGElement} */ (picture.cloneNode(true));
  inside.setAttribute("y", String(top));
  inside.removeAttribute("aria-hidden");
  const whole = svg(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}` },
    svg("style", {}, STYLE),
    svg("rect", { width, height, fill: "#fff" }),
    ...title,
    inside,
    ...foot,
  );
  return { text: new XMLSerializer().serializeToString(whole), width, height };
}

/**
 * @param {SVGSVGElement} picture
 * @param {Words} words
 * @param {string} name
 */
export function saveSvg(picture, words, name) {
  save(new Blob([standalone(picture, words).text], { type: "image/svg+xml" }), `${name}.svg`);
}

/**
 * @param {SVGSVGElement} picture
 * @param {Words} words
 * @param {string} name
 */
export async function savePng(picture, words, name) {
  const { text, width, height } = standalone(picture, words);
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
