/** All heads by any two of the report's numbers, in the colours of their roles. */

import { el, set, short, svg } from "../dom.js";
import { passing } from "../filters.js";
import { Grid } from "../grid.js";
import { FINGER, picture, TOUCH, widthOf } from "../parts.js";
import { rangesOf } from "../ranges.js";
import { added } from "../state.js";
import { severalButton } from "../tiles.js";
import { axis, digits } from "../ticks.js";

/** @import {Column, Numbers, Stream, Target} from "../data.js" */
/** @import {Scene, View} from "../scene.js" */

/** Sizes in pixels, with room for all in the frame, 44rem with its padding; of more heads points are smaller, of many more with a role they have no letter. */
const [LEFT, TOP, RIGHT, BOTTOM, WIDEST, TALLEST] = [54, 12, 16, 44, 624, 430];
const [LARGE, MEDIUM, SMALL, FEW, LETTERED, NEAR] = [8, 6.5, 4, 160, 400, 16];

/** Of the titles of axes. */
const FONT = 12.5;

/** What stands on the axes at first, as far as it was measured. */
const USUAL = ["distance", "normalized_entropy", "entropy"];

/** @type {Record<string, string>} */
const SORTS = { statistic: "Statistics", role: "Roles: scores", random: "On repeated random tokens", place: "Place" };

/** @type {View} */
export const scatterView = {
  name: "scatter",
  title: "Scatter",
  about:
    `Every head by two numbers of the whole text: neither the sentence nor a lens counts here. A head has the colour and the letter of its first role, is hollow with a thick edge where that is not supported, and is a thin grey ring without a letter where it has none. Of more than ${LETTERED} heads with a role, points have no letters. Point at one to see its intervals; click, or press Enter, to see its matrix.`,
  draw,
  table,
  ofText: true,
  idle: ["Sentence", "Role", "Lens", "by word", "scale to the largest"],
};

/**
 * @typedef {object} Point
 * @property {string} name
 * @property {number} layer
 * @property {number} head
 * @property {(number | null)[]} x mean and interval
 * @property {(number | null)[]} y
 */

/**
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
async function draw(scene, host) {
  const { stream, state } = scene;
  const numbers = await scene.store.numbers(stream);
  const [across, upwards] = axesOf(numbers, state);
  const points = pointsOf(scene, numbers, across, upwards);
  host.append(axisChoices(scene, numbers, across, upwards));
  if (!points.length) {
    host.append(el("p", {}, "No head that passes the filter has both numbers."));
    return;
  }
  const width = Math.max(240, Math.min(WIDEST, scene.width - LEFT - RIGHT - 8));
  const height = Math.min(TALLEST, Math.round(width * 0.72));
  const x = axis(points.map(({ x: of }) => of[0]), width);
  const y = axis(points.map(({ y: of }) => of[0]), height);
  const place = (/** @type {Point} */ point) => [LEFT + x.at(point.x[0]), TOP + height - y.at(point.y[0])];
  const some = points.filter((point) => roles(stream, point).length).length;
  const radius = some > LETTERED ? SMALL : points.length > FEW ? MEDIUM : LARGE;
  const marks = svg("g", { class: "cells" });
  const chosen = new Set(state.h.split(","));
  const rings = svg("g");
  for (const point of [...points].sort((one, other) => roles(stream, one).length - roles(stream, other).length)) {
    const [cx, cy] = place(point);
    marks.append(mark(stream, point, cx, cy, radius, points.length > FEW ? SMALL : LARGE));
    if (chosen.has(point.name)) rings.append(svg("circle", { class: "chosen", cx, cy, r: radius + 3 }));
  }
  const bars = svg("g", { class: "bars" });
  const cursor = svg("circle", { class: "cursor", r: radius + 3, visibility: "hidden" });
  const tag = svg("text", { class: "tag", visibility: "hidden" });
  const drawn = picture(
    LEFT + width + RIGHT,
    TOP + height + BOTTOM,
    frame(width, height, x, y, across, upwards),
    marks,
    rings,
    bars,
    cursor,
    tag,
  );
  const layers = [...new Set(points.map(({ layer }) => layer))];
  const heads = [...new Set(points.map(({ head }) => head))].sort((one, other) => one - other);
  const pointAt = (/** @type {number} */ row, /** @type {number} */ column) =>
    points.find(({ layer, head }) => layer === layers[row] && head === heads[column]);
  const describe = (/** @type {number} */ row, /** @type {number} */ column) => {
    const point = pointAt(row, column);
    return point ? says(stream, point, across, upwards) : `L${layers[row]}H${heads[column]} is not drawn`;
  };
  /** @type {(row: number, column: number) => void} */
  const move = (row, column) => {
    scene.say(describe(row, column));
    const point = pointAt(row, column);
    if (!point) return;
    const [cx, cy] = place(point);
    const [low, high] = [LEFT, LEFT + width];
    set(cursor, { cx, cy, visibility: "visible" });
    const beside = cx < LEFT + width / 2;
    set(tag, { x: cx + (beside ? radius + 7 : -radius - 7), y: cy - 2, "text-anchor": beside ? "start" : "end", visibility: "visible" });
    tag.textContent = point.name;
    bars.replaceChildren(
      ...interval(point.x, (value) => Math.min(high, Math.max(low, LEFT + x.at(value)))).map(([from, to]) =>
        svg("path", { d: `M${from} ${cy}H${to}M${from} ${cy - 4}v8M${to} ${cy - 4}v8` }),
      ),
      ...interval(point.y, (value) => Math.min(TOP + height, Math.max(TOP, TOP + height - y.at(value)))).map(([from, to]) =>
        svg("path", { d: `M${cx} ${from}V${to}M${cx - 4} ${from}h8M${cx - 4} ${to}h8` }),
      ),
    );
  };
  /** @type {(point: Point | undefined, more: boolean) => void} */
  const pick = (point, more) => {
    if (!point) return;
    if (more || state.add === "yes") scene.go({ h: added(state.h, point.name) });
    else scene.go({ h: point.name, v: "matrix" });
  };
  const moves = new Grid(drawn, {
    cursor: scene.cursor,
    label: `All heads by ${across.title} and ${upwards.title}, a row for each layer`,
    rows: layers.length,
    columns: heads.length,
    describe,
    move,
    pick: (row, column, event) => pick(pointAt(row, column), event.shiftKey),
  });
  const nearest = (/** @type {MouseEvent} */ event) => {
    const box = drawn.getBoundingClientRect();
    const away = (/** @type {Point} */ point) => {
      const [cx, cy] = place(point);
      return Math.hypot(cx - event.clientX + box.left, cy - event.clientY + box.top);
    };
    const best = points.reduce((least, each) => (away(each) < away(least) ? each : least));
    return away(best) <= (FINGER ? TOUCH / 2 : NEAR) ? best : undefined;
  };
  const to = (/** @type {Point} */ point) => moves.to(layers.indexOf(point.layer), heads.indexOf(point.head));
  drawn.addEventListener("pointermove", (event) => {
    const point = nearest(event);
    if (point && point !== pointAt(moves.row, moves.column)) to(point);
  });
  drawn.addEventListener("click", (event) => {
    const point = nearest(event);
    if (point) to(point);
    pick(point, event.shiftKey);
  });
  host.append(moves.element, legend(stream, points));
  const left = passing(stream, state).length - points.length;
  const missing = left > 0 ? [el("p", {}, `${left} more have not both numbers.`)] : [];
  scene.tell(...missing, ...rangesOf(scene, numbers));
}

/**
 * The column of each axis: those that were asked for, else the usual ones.
 * @param {Numbers} numbers
 * @param {{x: string, y: string}} asked
 * @returns {Column[]}
 */
function axesOf(numbers, asked) {
  const every = numbers.columns;
  const named = (/** @type {string} */ name) => every.find((column) => column.name === name);
  const usual = [...USUAL.map(named).filter((column) => column !== undefined), ...every];
  const x = named(asked.x) ?? usual.find((column) => column.name !== asked.y) ?? every[0];
  return [x, named(asked.y) ?? usual.find((column) => column !== x) ?? x];
}

/**
 * The heads that pass the filter and have both numbers.
 * @param {Scene} scene
 * @param {Numbers} numbers
 * @param {Column} across
 * @param {Column} upwards
 * @returns {Point[]}
 */
function pointsOf({ stream, state }, numbers, across, upwards) {
  return passing(stream, state).flatMap(([layer, head]) => {
    const name = `L${layer}H${head}`;
    const at = numbers.heads.indexOf(name);
    const [x, y] = [across, upwards].map(({ mean, low, high }) => [mean[at] ?? null, low[at] ?? null, high[at] ?? null]);
    return x[0] === null || y[0] === null ? [] : [{ name, layer, head, x, y }];
  });
}

/**
 * @param {Scene} scene
 * @param {Numbers} numbers
 * @param {Column} across
 * @param {Column} upwards
 */
function axisChoices(scene, numbers, across, upwards) {
  const { go } = scene;
  /** @type {(axis: "x" | "y", title: string, now: Column) => HTMLElement} */
  const choice = (name, title, now) => {
    const groups = Object.entries(SORTS).map(([sort, label]) => {
      const options = numbers.columns.filter((column) => column.sort === sort);
      return el("optgroup", { label }, ...options.map((column) => el("option", { value: column.name, selected: column === now }, short(column.title, 60))));
    });
    const list = el("select", { "data-keep": name }, ...groups.filter((group) => group.children.length));
    list.addEventListener("change", () => go({ [name]: list.value }));
    return el("label", {}, `${title} `, list);
  };
  const swap = el("button", { type: "button", "data-keep": "swap" }, "Swap");
  swap.addEventListener("click", () => go({ x: upwards.name, y: across.name }));
  return el("div", { class: "row" }, choice("x", "Across", across), choice("y", "Up", upwards), swap, severalButton(scene));
}

/**
 * @param {Stream} stream
 * @param {Point} point
 */
function roles(stream, { name }) {
  return stream.told.get(name) ?? [];
}

/**
 * A head as a disc in its role's colour, or a ring.
 * @param {Stream} stream
 * @param {Point} point
 * @param {number} cx
 * @param {number} cy
 * @param {number} r
 * @param {number} ring radius of a head without a role
 */
function mark(stream, point, cx, cy, r, ring) {
  const [role] = roles(stream, point);
  if (!role) return svg("circle", { cx, cy, r: ring - 2, fill: "#fff", "fill-opacity": 0.5, stroke: "#767676" });
  const target = stream.targets[role.target];
  const sure = role.verdict === "supported";
  const disc = { cx, cy, r, fill: sure ? target.colour : "#fff", stroke: sure ? "#8a8a8a" : target.line, "stroke-width": sure ? 0.75 : 2 };
  const made = svg("g", {}, svg("circle", disc));
  const letter = { class: "letter", x: cx, y: cy, "text-anchor": "middle", "font-size": r === LARGE ? 10 : 8 };
  if (r > SMALL) made.append(svg("text", { ...letter, style: `fill:${sure ? target.ink : "#1a1a1a"}` }, target.letter));
  return made;
}

/**
 * The interval in pixels, none where there is none.
 * @param {(number | null)[]} of mean, low, high
 * @param {(value: number) => number} at
 */
function interval([, low, high], at) {
  return low === null || high === null ? [] : [[at(low), at(high)]];
}

/**
 * The frame, its ticks and its titles.
 * @param {number} width
 * @param {number} height
 * @param {ReturnType<typeof axis>} x
 * @param {ReturnType<typeof axis>} y
 * @param {Column} across
 * @param {Column} upwards
 */
function frame(width, height, x, y, across, upwards) {
  const bottom = TOP + height;
  const made = svg("g", { class: "axes" }, svg("rect", { class: "frame", x: LEFT, y: TOP, width, height }));
  for (const tick of x.ticks) {
    const at = LEFT + x.at(tick);
    made.append(svg("path", { d: `M${at} ${bottom}v4` }), svg("text", { class: "tick", x: at, y: bottom + 15, "text-anchor": "middle" }, x.text(tick)));
  }
  for (const tick of y.ticks) {
    const at = bottom - y.at(tick);
    made.append(svg("path", { d: `M${LEFT} ${at}h-4` }), svg("text", { class: "tick", x: LEFT - 7, y: at + 3, "text-anchor": "end" }, y.text(tick)));
  }
  made.append(
    svg("text", { x: LEFT + width / 2, y: bottom + 33, "text-anchor": "middle", "font-size": FONT }, titleOf(across, width + 2 * RIGHT)),
    svg("text", { transform: `translate(14,${TOP + height / 2}) rotate(-90)`, "text-anchor": "middle", "font-size": FONT }, titleOf(upwards, height + 2 * TOP)),
  );
  return made;
}

/**
 * The longest title that has room: with its unit, without, or cut.
 * @param {Column} column
 * @param {number} room in pixels
 */
function titleOf({ title, unit, sort }, room) {
  const plain = `${sort === "role" ? "score of " : ""}${title}`;
  const fits = (/** @type {string} */ text) => widthOf(text, FONT) <= room;
  const whole = unit ? `${plain} (${unit})` : plain;
  if (fits(whole)) return whole;
  let most = plain.length;
  while (most > 1 && !fits(short(plain, most))) most--;
  return short(plain, most);
}

/**
 * Each role with its sign and the number of heads.
 * @param {Stream} stream
 * @param {Point[]} points
 */
function legend(stream, points) {
  /** @type {Map<Target, [number, number]>} */
  const counts = new Map();
  for (const point of points) {
    const [role] = roles(stream, point);
    if (!role) continue;
    const [all, sure] = counts.get(stream.targets[role.target]) ?? [0, 0];
    counts.set(stream.targets[role.target], [all + 1, sure + Number(role.verdict === "supported")]);
  }
  const entries = [...counts].map(([target, [all, sure]]) => {
    const chip = el("span", { class: "chip" }, target.letter);
    chip.style.background = sure ? target.colour : "#fff";
    chip.style.color = sure ? target.ink : "#1a1a1a";
    if (!sure) chip.style.boxShadow = `inset 0 0 0 2px ${target.line}`;
    return el("li", {}, chip, ` ${short(target.title, 50)}, ${all}${sure < all ? ` (${all - sure} not supported)` : ""}`);
  });
  const without = points.filter((point) => !roles(stream, point).length).length;
  if (without) entries.push(el("li", {}, el("span", { class: "ring" }), ` no role, ${without}`));
  return el("ul", { class: "legend", "aria-label": "First roles of the heads that are drawn" }, ...entries);
}

/**
 * A head and its two numbers, in words.
 * @param {Stream} stream
 * @param {Point} point
 * @param {Column} across
 * @param {Column} upwards
 */
function says(stream, point, across, upwards) {
  const values = [across, upwards].map((column, at) => {
    const [mean, low, high] = at === 0 ? point.x : point.y;
    const bounds = low === null || high === null ? "" : ` [${digits(low)}, ${digits(high)}]`;
    return `${short(column.title, 40)} ${digits(mean)}${bounds}`;
  });
  const told = roles(stream, point).map(({ target, verdict }) => `${short(stream.targets[target].title, 40)}${verdict && verdict !== "supported" ? ` (${verdict})` : ""}`);
  return `${point.name}: ${values.join("; ")}; ${told.join(", ") || "no role"}`;
}

/** @param {Scene} scene */
async function table(scene) {
  const { stream, state, store } = scene;
  const numbers = await store.numbers(stream);
  const [across, upwards] = axesOf(numbers, state);
  const named = [across.name, upwards.name].flatMap((name) => [name, `${name}_low`, `${name}_high`]);
  return [
    ["layer", "head", "name", ...named, "role", "verdict"],
    ...pointsOf(scene, numbers, across, upwards).map((point) => {
      const [role] = roles(stream, point);
      const values = [...point.x, ...point.y].map((value) => value ?? "");
      return [point.layer, point.head, point.name, ...values, role ? stream.targets[role.target].name : "", role?.verdict ?? ""];
    }),
  ];
}
