/** Queries at the left, keys at the right, and lines between them, wide where a weight is large. */

import { pieces, WHOLE } from "../arcs-on-paper.js";
import { strokeOf } from "../colours.js";
import { counted, el, number, set, short, svg } from "../dom.js";
import { Grid } from "../grid.js";
import { givenShades, gotShades, layersOf, LEAST, linesOf, path, weightScale } from "../lines.js";
import { FINGER, label, labelOf, picture, TOUCH, widthOf } from "../parts.js";
import { pinnedRows, restLine } from "../rest.js";
import { weightTable } from "../scene.js";
import { toggled } from "../state.js";
import { offered, tiles } from "../tiles.js";
import { onSide, sumOfColumns, sumOfRows } from "../weights.js";

/** @import {Chosen, Layer, Line} from "../lines.js" */
/** @import {Scene, View} from "../scene.js" */
/** @import {Matrix, Side} from "../weights.js" */

/** Longer tokens are cut in sentences, and of more of them the first are named. */
const [LONG, NAMED] = [24, 6];

/** @type {Chosen} */
const NONE = { queries: [], keys: [] };

/** Sizes in pixels; where a finger points, rows are as high as they can be on a screen. */
const [LOW, LEAST_TOUCH, SCREEN, FONT, GAP] = [17, 26, 700, 12.5, 420];

/** @type {View} */
export const arcsView = {
  name: "arcs",
  title: "Arcs",
  about: "Lines lead from queries, at the left, to keys, at the right; the wider, the larger the weight. Point at a token to see its lines alone, click or press Enter to pin it; several add up.",
  draw,
  picture: withLegend,
  table,
};

/**
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
async function draw(scene, host) {
  const { matrix, state } = scene;
  const layers = await layersOf(scene);
  const sides = [matrix.queries, matrix.keys];
  const [left, right] = sides.map(({ labels }) =>
    Math.ceil(labels.reduce((most, token) => Math.max(most, widthOf(labelOf(token), FONT)), 20)),
  );
  const gap = Math.max(70, Math.min(GAP, scene.width - left - right - 20));
  const rows = Math.max(...sides.map(({ labels }) => labels.length));
  const high = FINGER ? Math.max(LEAST_TOUCH, Math.min(TOUCH, Math.floor(SCREEN / rows))) : LOW;
  const middle = (/** @type {number} */ at) => (at + 0.5) * high;
  const [from, to] = [left + 8, left + 8 + gap];
  const [given, got] = [svg("g"), svg("g")];
  const [still, pointed] = [svg("g"), svg("g")];
  const cursor = svg("rect", { class: "cursor", height: high, visibility: "hidden" });
  const words = [
    ...matrix.queries.labels.map((token, at) => label(token, { x: from - 5, y: middle(at), "text-anchor": "end" })),
    ...matrix.keys.labels.map((token, at) => label(token, { x: to + 5, y: middle(at) })),
  ];
  const drawn = picture(
    Math.max(to + right + 10, 250),
    rows * high + 34,
    given,
    got,
    svg("g", { class: "edges" }, still, pointed),
    svg("g", { class: "labels", "font-size": FONT }, ...words),
    cursor,
    weightScale(8, rows * high + 22),
  );
  const pins = { queries: pinnedRows(matrix, state.q), keys: onSide(matrix.keys, state.k) };
  const kept = linesOf(layers, pins);
  const drawnOf = (/** @type {Line[]} */ lines) => lines.map((each) => path([from, to], [middle(each.row), middle(each.key)], each));
  // Those of pinned tokens stay as they are while the pointer moves: there can be thousands.
  still.append(...drawnOf(kept));
  const boxes = {
    queries: (/** @type {number} */ row) => ({ x: 0.5, y: row * high, width: from - 2, height: high }),
    keys: (/** @type {number} */ key) => ({ x: to + 1, y: key * high, width: right + 8, height: high }),
  };
  let shown = { queries: "", keys: "" };
  /** @type {(more: Chosen) => void} */
  const show = (more) => {
    const alone = pins.queries.length + pins.keys.length === 0;
    const any = more.queries.length + more.keys.length > 0;
    set(still, { display: alone && any ? "none" : null });
    const isKept = (/** @type {Line} */ { row, key }) => pins.queries.includes(row) || pins.keys.includes(key);
    pointed.replaceChildren(...drawnOf(any ? linesOf(layers, more).filter((each) => !isKept(each)) : []));
    const queries = [...new Set([...pins.queries, ...more.queries])];
    const keys = [...new Set([...pins.keys, ...more.keys])];
    const now = { queries: String(queries), keys: String(keys) };
    if (now.queries !== shown.queries) given.replaceChildren(...givenShades(matrix, queries, boxes));
    if (now.keys !== shown.keys) got.replaceChildren(...gotShades(matrix, keys, boxes));
    shown = now;
    scene.tell(...told(scene, layers, { queries, keys }, kept));
  };
  const isQuery = (/** @type {number} */ column) => column === 0;
  const say = (/** @type {number} */ at, /** @type {number} */ column) =>
    text(isQuery(column) ? restLine(matrix, [at]) : gets(matrix, [at]));
  const move = (/** @type {number} */ row, /** @type {number} */ column) => {
    const at = Math.min(row, sides[column].labels.length - 1);
    const box = isQuery(column) ? { x: 0.5, width: from - 2 } : { x: to + 1, width: right + 8 };
    set(cursor, { ...box, y: at * high, visibility: "visible" });
    show(isQuery(column) ? { queries: [at], keys: [] } : { queries: [], keys: [at] });
    scene.say(say(at, column));
  };
  const pick = (/** @type {number} */ row, /** @type {number} */ column) => {
    const place = sides[column].places[Math.min(row, sides[column].labels.length - 1)][0];
    scene.go(isQuery(column) ? { q: toggled(state.q, place) } : { k: toggled(state.k, place) });
  };
  const moves = new Grid(drawn, {
    cursor: scene.cursor,
    label: `Weights of ${scene.name}: queries in the first column, keys in the second`,
    rows,
    columns: 2,
    describe: (row, column) => say(Math.min(row, sides[column].labels.length - 1), column),
    move,
    pick,
  });
  const at = (/** @type {MouseEvent} */ event) => {
    const box = drawn.getBoundingClientRect();
    const column = event.clientX - box.left < (from + to) / 2 ? 0 : 1;
    const row = Math.floor((event.clientY - box.top) / high);
    return row >= 0 && row < sides[column].labels.length ? { row, column } : null;
  };
  let over = "";
  drawn.addEventListener("pointermove", (event) => {
    const token = at(event);
    const now = token ? `${token.row} ${token.column}` : "";
    if (token && now !== over) moves.to(token.row, token.column);
    over = now;
  });
  drawn.addEventListener("pointerleave", () => {
    over = "";
    set(cursor, { visibility: "hidden" });
    show(NONE);
  });
  drawn.addEventListener("click", (event) => {
    const token = at(event);
    if (!token) return;
    moves.to(token.row, token.column);
    pick(token.row, token.column);
  });
  host.append(...tiles(scene), moves.element);
  show(NONE);
  if (rows > WHOLE) scene.onPaper(() => pieces(matrix, kept, pins));
}

/**
 * What is said of the tokens that are chosen, or of all lines.
 * @param {Scene} scene
 * @param {Layer[]} layers
 * @param {Chosen} chosen
 * @param {Line[]} lines that are drawn where none is chosen
 */
function told(scene, layers, { queries, keys }, lines) {
  const { matrix, heads } = scene;
  if (!queries.length && !keys.length) return [overall(scene, layers, lines)];
  const made = [queries.length ? restLine(matrix, queries) : gets(matrix, keys)];
  if (queries.length && keys.length) made.push(both(scene, layers, queries, keys));
  if (heads.length > 1) made.push(el("p", {}, `Numbers without a head’s name are the mean of ${counted(heads.length, "head")}.`));
  return made;
}

/**
 * What the chosen queries give to the chosen keys, in all and in each head.
 * @param {Scene} scene
 * @param {Layer[]} layers
 * @param {number[]} queries
 * @param {number[]} keys
 */
function both({ matrix, apart }, layers, queries, keys) {
  const mass = (/** @type {Matrix} */ of) => {
    const sums = sumOfRows(of, queries);
    return keys.reduce((sum, key) => sum + sums[key], 0);
  };
  const names = [named(matrix.queries, queries), " → ", named(matrix.keys, keys), ": "];
  const made = el("p", {}, ...names, el("b", {}, number(mass(matrix))));
  if (!apart) return made;
  const each = layers.map(({ name, matrix: of }) => ({ name, mass: mass(of) })).sort((one, other) => other.mass - one.mass);
  made.append(`; ${each.map((head) => `${head.name} ${number(head.mass)}`).join(", ")}`);
  return made;
}

/**
 * The names of some tokens, as a sum.
 * @param {Side} side
 * @param {number[]} places
 */
function named({ labels }, places) {
  const names = places.slice(0, NAMED).map((place) => short(labels[place].text, LONG));
  return `${names.join(" + ")}${places.length > NAMED ? ` + ${places.length - NAMED} more` : ""}`;
}

/** @param {Node} node */
function text(node) {
  return node.textContent ?? "";
}

/**
 * What some keys get, and from whom most.
 * @param {Matrix} matrix
 * @param {number[]} keys
 */
function gets(matrix, keys) {
  const sums = sumOfColumns(matrix, keys);
  const most = Array.from(sums.keys())
    .sort((one, other) => sums[other] - sums[one])
    .slice(0, 6)
    .filter((row) => sums[row] >= 0.005);
  const told = most.map((row) => `${short(matrix.queries.labels[row].text, LONG)} ${number(sums[row])}`);
  const all = sums.reduce((sum, each) => sum + each, 0) / sums.length;
  const line = document.createElement("p");
  line.textContent = `${named(matrix.keys, keys)} gets ${number(all)} of all attention${told.length ? `, most from ${told.join(", ")}` : ""}.`;
  return line;
}

/**
 * How much the lines that are drawn carry.
 * @param {Scene} scene
 * @param {Layer[]} layers
 * @param {Line[]} lines
 */
function overall({ state }, layers, lines) {
  const asks = el("span", { class: "asks" }, " Choose a token to see all of its own.");
  const all = layers.reduce((sum, { matrix }) => sum + matrix.values.length, 0);
  if (!lines.length) return el("p", {}, `None of ${counted(all, "weight")} reaches ${LEAST}: no line is drawn.`, asks);
  const one = lines.length === 1;
  const most = one ? "The strongest line" : `The ${counted(lines.length, "strongest line")}`;
  // Rounded down, so that no line is below what is said; `lines` begin with the strongest.
  const least = (Math.floor(100 * lines[lines.length - 1].weight) / 100).toFixed(2);
  const whole = layers.reduce((sum, { matrix }) => matrix.values.reduce((more, weight) => more + weight, sum), 0);
  const share = number(lines.reduce((sum, { weight }) => sum + weight, 0) / whole);
  const of = state.seg ? `the attention of text ${state.seg[0]} to text ${state.seg[1]}` : "the attention";
  return el("p", {}, `${most} of ${counted(all, "weight")} ${one ? "is" : "are"} drawn, none below ${least}; ${one ? "it carries" : "they carry"} ${share} of ${of}.`, asks);
}

/**
 * The weights that lines are drawn for, of each head where each has lines of its own.
 * @param {Scene} scene
 */
async function table(scene) {
  const { apart, heads, matrix, state } = scene;
  const sides = { rows: pinnedRows(matrix, state.q), columns: onSide(matrix.keys, state.k) };
  if (!apart) return weightTable(scene, sides);
  const tables = (await layersOf(scene)).map((of, at) => weightTable({ ...scene, heads: [heads[at]], name: of.name, matrix: of.matrix }, sides));
  return [tables[0][0], ...tables.flatMap((each) => each.slice(1))];
}

/**
 * The picture with a list of its colours, as it is kept.
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
function withLegend(scene, host) {
  const drawn = /** @type {SVGSVGElement | null} */ (host.querySelector(".grid > svg"));
  if (!drawn || !scene.apart) return drawn;
  const [width, height] = ["width", "height"].map((side) => Number(drawn.getAttribute(side)));
  const every = offered(scene);
  const across = Math.max(1, Math.floor(width / 90));
  const entries = scene.heads.map(([layer, head], at) => {
    const { colour, dash } = strokeOf(every.findIndex((other) => other[0] === layer && other[1] === head));
    const [x, y] = [6 + (at % across) * 90, height + 18 + Math.floor(at / across) * 18];
    return svg(
      "g",
      { class: "strokes", "font-size": 12 },
      svg("path", { d: `M${x} ${y}h24`, stroke: colour, "stroke-width": 3, "stroke-dasharray": dash || null }),
      svg("text", { x: x + 30, y }, `L${layer}H${head}`),
    );
  });
  const kept = /** @type {SVGSVGElement} */ (drawn.cloneNode(true));
  const more = Math.ceil(entries.length / across) * 18 + 18;
  kept.append(...entries);
  set(kept, { height: height + more, viewBox: `0 0 ${width} ${height + more}` });
  return kept;
}
