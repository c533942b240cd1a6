/** How the query and the keys of one head make its scores, dimension by dimension. */

import { signedPicture } from "../colours.js";
import { counted, el, number, set, short, svg } from "../dom.js";
import { Grid } from "../grid.js";
import { neuronsOf, scoresOf } from "../neurons.js";
import { label, labelOf, picture, widthOf } from "../parts.js";
import { toggled } from "../state.js";

/** @import {Neurons, Score} from "../neurons.js" */
/** @import {Scene, View} from "../scene.js" */

/** Sizes in pixels. */
const [HIGH, FONT, TOP, GAP] = [17, 12.5, 62, 14];

/** How wide a column of numbers and the longest bar are, and both where there is little room. */
const [ROOMY, NARROW, LITTLE] = [[52, 70], [45, 22], 600];

/** So many keys a page has. */
const PRINTED = 40;

/** So many dimensions of a score are told. */
const TOLD = 4;

/** @type {View} */
export const neuronView = {
  name: "neuron",
  title: "Neuron",
  about: "Each row is a key that the query sees, each cell a dimension: at the left of the key itself, at the right its product with the query, which stands on top. Products add up to the sum, which makes the weight in the steps beside it. Point at a cell, or go there with the arrow keys; click or press Enter to mark the key.",
  whole: true,
  idle: ["Role", "Lens", "by word", "scale to the largest"],
  heads: (names) => names.split(",").find((name) => name.includes("H")) ?? names,
  says,
  named: (scene) => `${headOf(scene) || scene.name}, query “${short(scene.sentence.queries[queryOf(scene)].text, 24)}”`,
  draw,
  table,
};

/**
 * The head that is shown: the one that was chosen; of several the first that can be; "" for none.
 * @param {Scene} scene
 */
function headOf({ heads, sentence }) {
  const names = heads.map(([layer, head]) => `L${layer}H${head}`);
  return names.length === 1 ? names[0] : (names.find((name) => sentence.neurons.includes(name)) ?? sentence.neurons[0] ?? "");
}

/** @param {Scene} scene */
function carried(scene) {
  return scene.sentence.neurons.includes(headOf(scene));
}

/**
 * The query: the pinned one, else the last token with a letter.
 * @param {Scene} scene
 */
function queryOf({ sentence, state }) {
  const { queries } = sentence;
  const lettered = queries.findLastIndex(({ text, special }) => !special && /\p{L}/u.test(text));
  return state.q[0] ?? Math.max(0, lettered);
}

/** @param {Scene} scene */
function says(scene) {
  const head = headOf(scene);
  const query = carried(scene) ? [", query “", el("bdi", {}, short(scene.sentence.queries[queryOf(scene)].text, 24)), "”"] : [];
  const lines = [el("p", {}, el("b", {}, head || scene.name), ...query)];
  if (!scene.sentence.neurons.length) {
    lines.push(el("p", {}, "No head has its queries and keys in this page: the model hands over weights alone, or the report is by word. A report made with --explore-heads and without --words has them where the model shows them."));
  } else if (!carried(scene)) {
    lines.push(el("p", {}, `This head’s queries and keys are not in the page, to keep it small. The command that made this report has them with `, el("code", {}, `--explore-heads ${head}`), "."));
  }
  if (carried(scene) && (scene.state.lens !== "all" || scene.state.by === "word")) lines.push(el("p", {}, "Scores are made by token and over all that the query sees: the lens and “by word” change nothing here."));
  return lines;
}

/**
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
async function draw(scene, host) {
  const { sentence, store } = scene;
  host.append(heads(scene));
  if (!carried(scene)) return;
  host.append(queries(scene));
  const neurons = await neuronsOf(store, sentence, headOf(scene));
  const query = queryOf(scene);
  const made = scoresOf(neurons, query);
  const { scores } = made;
  const { width } = neurons;
  const own = neurons.queries.subarray(query * width, (query + 1) * width);
  const place = placesOf(scene, neurons, scores);
  const { side, keysAt, productsAt, columns } = place;
  const { drawn, cells, products } = pictureOf(scene, neurons, scores, place);
  const cursor = svg("rect", { class: "cursor", width: side + 2, height: HIGH, visibility: "hidden" });
  const twin = svg("rect", { class: "cursor", width: side + 2, height: HIGH, visibility: "hidden" });
  drawn.append(cursor, twin);
  const describe = (/** @type {number} */ row, /** @type {number} */ at) =>
    `${sentence.queries[query].text} → ${sentence.keys[scores[row].key].text}, dimension ${at}: ${signed(own[at])} × ${signed(cells[row * width + at])} = ${signed(products[row * width + at])}; weight ${number(scores[row].weight)}`;
  const about = summary(made, neurons);
  if (!columns.length) about.append(" For want of room the steps from sum to weight stand here, for the key at the cursor.");
  const pick = (/** @type {number} */ row) => scene.go({ k: toggled(scene.state.k, scores[row].key) });
  const moves = new Grid(drawn, {
    cursor: scene.cursor,
    label: `How ${headOf(scene)} makes its scores: keys in rows, dimensions in columns`,
    rows: scores.length,
    columns: width,
    describe,
    move: (row, at) => {
      set(cursor, { x: keysAt + at * side - 1, y: TOP + row * HIGH, visibility: "visible" });
      set(twin, { x: productsAt + at * side - 1, y: TOP + row * HIGH, visibility: "visible" });
      scene.say(describe(row, at));
      scene.tell(steps(scene, neurons, scores[row]), about);
    },
    pick,
  });
  const at = (/** @type {MouseEvent} */ event) => {
    const box = drawn.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top - TOP) / HIGH);
    const x = event.clientX - box.left;
    const dimension = Math.floor((x - (x < productsAt - GAP / 2 ? keysAt : productsAt)) / side);
    return row >= 0 && row < scores.length ? { row, dimension: Math.max(0, Math.min(width - 1, dimension)) } : null;
  };
  drawn.addEventListener("pointermove", (event) => {
    const cell = at(event);
    if (cell && (cell.row !== moves.row || cell.dimension !== moves.column)) moves.to(cell.row, cell.dimension);
  });
  drawn.addEventListener("click", (event) => {
    const cell = at(event);
    if (cell) pick(cell.row);
  });
  host.append(moves.element);
  scene.tell(about);
  if (scores.length > PRINTED) scene.onPaper(() => onPaper(scene, neurons, scores));
}

/**
 * Where the parts of the picture stand, by the room that there is.
 * @param {Scene} scene
 * @param {Neurons} neurons
 * @param {Score[]} scores
 */
function placesOf(scene, neurons, scores) {
  const { keys, queries } = scene.sentence;
  const { width } = neurons;
  const wide = (/** @type {import("../data.js").Token} */ token) => widthOf(labelOf(token), FONT);
  const left = Math.ceil(scores.reduce((most, { key }) => Math.max(most, wide(keys[key])), Math.max(20, 1.15 * wide(queries[queryOf(scene)])))) + 8;
  const [column, bar] = scene.width < LITTLE ? NARROW : ROOMY;
  const steady = columnsOf(neurons);
  const least = 4 * width + left + steady.length * column + bar + column + 3 * GAP;
  const columns = least > scene.width ? [] : steady;
  const rest = columns.length * column + bar + column + 3 * GAP;
  const side = Math.max(1, Math.min(9, Math.floor((scene.width - left - rest) / (2 * width))));
  const productsAt = left + width * side + GAP;
  return { left, side, columns, column, bar, keysAt: left, productsAt, numbersAt: productsAt + width * side + GAP };
}

/**
 * Keys and products of some scores, a row each.
 * @param {Scene} scene
 * @param {Neurons} neurons
 * @param {Score[]} scores
 * @param {ReturnType<typeof placesOf>} place
 */
function pictureOf(scene, neurons, scores, place) {
  const { sentence } = scene;
  const { width } = neurons;
  const query = queryOf(scene);
  const own = neurons.queries.subarray(query * width, (query + 1) * width);
  const { left, side, columns, column, bar, keysAt, productsAt, numbersAt } = place;
  const [across, high] = [width * side, scores.length * HIGH];
  const cells = new Float32Array(scores.length * width);
  const products = new Float32Array(scores.length * width);
  scores.forEach(({ key, products: each }, row) => {
    cells.set(neurons.keys.subarray(key * width, (key + 1) * width), row * width);
    products.set(each, row * width);
  });
  const [top, largest] = [largestOf(own, cells), largestOf(products)];
  const image = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ tall, /** @type {Float32Array} */ values, /** @type {number} */ most) =>
    svg("image", { x, y, width: across, height: tall, preserveAspectRatio: "none", href: signedPicture(values, width, most) });
  const y = (/** @type {number} */ row) => TOP + (row + 0.5) * HIGH;
  const end = numbersAt + columns.length * column;
  const drawn = picture(
    end + GAP + bar + column,
    TOP + high + 44,
    svg("g", { class: "labels numbers", "font-size": 11 }, ...headings(neurons, { keysAt, productsAt, numbersAt, columns, column })),
    svg("g", { class: "cells" }, image(keysAt, TOP - 25, 15, own, top), image(productsAt, TOP - 25, 15, own, top), image(keysAt, TOP, high, cells, top), image(productsAt, TOP, high, products, largest)),
    ...[keysAt, productsAt].flatMap((x) => [svg("rect", { class: "frame", x, y: TOP - 25, width: across, height: 15 }), svg("rect", { class: "frame", x, y: TOP, width: across, height: high })]),
    svg(
      "g",
      { class: "labels", "font-size": FONT },
      label(sentence.queries[query], { x: left - 6, y: TOP - 17, "text-anchor": "end", "font-weight": 700 }),
      ...scores.map(({ key }, row) => label(sentence.keys[key], { x: left - 6, y: y(row), "text-anchor": "end" })),
    ),
    svg("g", { class: "labels values", "font-size": 11 }, ...scores.flatMap((score, row) => columns.map(([, value], at) => svg("text", { x: numbersAt + (at + 1) * column, y: y(row), "text-anchor": "end" }, signed(value(score)))))),
    svg("g", {}, ...scores.flatMap((score, row) => weightBar(score, end + GAP, y(row), bar))),
    ...scores.flatMap(({ key }, row) => (scene.state.k.includes(key) ? [svg("rect", { class: "pinned", x: 1, y: TOP + row * HIGH, width: end - 1, height: HIGH })] : [])),
    signedBar(top, keysAt, TOP + high + 12, across),
    signedBar(largest, productsAt, TOP + high + 12, across),
  );
  return { drawn, cells, products };
}

/**
 * Of long sentences the keys that have most of the weight, and what is left out.
 * @param {Scene} scene
 * @param {Neurons} neurons
 * @param {Score[]} scores
 */
function onPaper(scene, neurons, scores) {
  const { k } = scene.state;
  const order = [...scores].sort((one, other) => Number(k.includes(other.key)) - Number(k.includes(one.key)) || other.weight - one.weight);
  const kept = order.slice(0, PRINTED).sort((one, other) => one.key - other.key);
  const rest = order.slice(PRINTED).reduce((sum, { weight }) => sum + weight, 0);
  const says = `On paper there are ${PRINTED} keys, ${k.length ? "those that are marked and then " : ""}those with the largest weights; ${counted(scores.length - PRINTED, "other")} with ${number(rest)} of the weight ${scores.length - PRINTED === 1 ? "is" : "are"} left out.`;
  return [el("p", {}, says), pictureOf(scene, neurons, kept, placesOf(scene, neurons, kept)).drawn];
}

/**
 * Buttons for the heads that can be shown.
 * @param {Scene} scene
 */
function heads(scene) {
  const row = el("div", { class: "row", role: "group", "aria-label": "Heads with queries and keys" });
  if (scene.sentence.neurons.length) row.append(el("span", {}, "Heads with queries and keys"));
  for (const name of scene.sentence.neurons) {
    const button = el("button", { type: "button", "aria-pressed": String(name === headOf(scene)) }, name);
    button.addEventListener("click", () => scene.go({ h: name }));
    row.append(button);
  }
  return row;
}

/** @param {Scene} scene */
function queries(scene) {
  const chosen = queryOf(scene);
  const options = scene.sentence.queries.map(({ text }, at) => el("option", { value: at, selected: at === chosen }, `${at}: ${short(text, 30)}`));
  const list = el("select", { "aria-label": "Query" }, ...options);
  list.addEventListener("change", () => scene.go({ q: [Number(list.value)] }));
  return el("div", { class: "row" }, el("label", {}, "Query ", list));
}

/**
 * The steps from the sum to the score, those that this head has, each with its number.
 * @param {Neurons} neurons
 * @returns {[string, (score: Score) => number][]}
 */
function columnsOf({ scale, softcap, bias }) {
  /** @type {[string, (score: Score) => number][]} */
  const columns = [["sum", ({ sum }) => sum]];
  columns.push([`× ${short(String(Number(scale.toPrecision(3))), 6)}`, ({ scaled }) => scaled]);
  if (softcap > 0) columns.push([`cap ${Number(softcap.toPrecision(3))}`, ({ capped }) => capped]);
  if (bias) columns.push(["bias", (score) => score.bias], ["score", ({ score }) => score]);
  return columns;
}

/**
 * @param {Neurons} neurons
 * @param {{keysAt: number, productsAt: number, numbersAt: number, columns: [string, unknown][], column: number}} places
 */
function headings({ width }, { keysAt, productsAt, numbersAt, columns, column }) {
  const end = numbersAt + columns.length * column;
  return [
    svg("text", { x: keysAt, y: TOP - 50 }, "key"),
    svg("text", { x: productsAt, y: TOP - 50 }, "query × key"),
    svg("text", { x: keysAt, y: TOP - 35 }, `${width} dimensions`),
    ...columns.map(([name], at) => svg("text", { x: numbersAt + (at + 1) * column, y: TOP - 17, "text-anchor": "end" }, name)),
    svg("text", { x: end + GAP, y: TOP - 17 }, "weight"),
  ];
}

/**
 * @param {Score} score
 * @param {number} x
 * @param {number} y
 * @param {number} most how long a bar can be
 */
function weightBar({ weight }, x, y, most) {
  const long = most * weight;
  return [
    svg("rect", { class: "shade", x, y: y - 5, width: long.toFixed(1), height: 10 }),
    svg("text", { class: "weight", x: x + long + 4, y, "font-size": 11 }, number(weight)),
  ];
}

/** @param {...Float32Array} lists */
function largestOf(...lists) {
  return lists.flatMap((list) => [list.reduce((most, each) => Math.max(most, Math.abs(each)), 0)]).reduce((one, other) => Math.max(one, other)) || 1;
}

/**
 * The bar of a scale from -top to top.
 * @param {number} top
 * @param {number} x
 * @param {number} y
 * @param {number} room
 */
function signedBar(top, x, y, room) {
  const width = Math.min(140, room);
  const values = Float32Array.from({ length: 65 }, (_, at) => {
    const share = (at - 32) / 32;
    return Math.sign(share) * share * share * top;
  });
  const ticks = width < 100 ? [-1, 1] : [-1, 0, 1];
  // Where two numbers have no room beside each other there is their size.
  const texts =
    width < 70
      ? [svg("text", { class: "tick", x: width / 2, y: 19, "text-anchor": "middle" }, `±${signed(top)}`)]
      : ticks.map((share) => svg("text", { class: "tick", x: (width / 2) * (1 + share), y: 19, "text-anchor": share < 0 ? "start" : share > 0 ? "end" : "middle" }, signed(share * top)));
  return svg(
    "g",
    { transform: `translate(${x},${y})` },
    svg("g", { class: "cells" }, svg("image", { width, height: 8, preserveAspectRatio: "none", href: signedPicture(values, 65, top) })),
    svg("rect", { class: "frame", width, height: 8 }),
    ...texts,
  );
}

/**
 * A number with its sign, in few digits.
 * @param {number} value
 */
function signed(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = size >= 99.5 ? 0 : size >= 9.95 ? 1 : size >= 0.005 ? 2 : 3;
  const shown = size < 0.0005 ? size.toExponential(0) : size.toFixed(digits);
  return `${value < 0 ? "−" : ""}${shown}`;
}

/**
 * From the products to the weight of one key, in words.
 * @param {Scene} scene
 * @param {Neurons} neurons
 * @param {Score} score
 */
function steps(scene, neurons, score) {
  const { products } = score;
  const most = [...products.keys()].sort((one, other) => Math.abs(products[other]) - Math.abs(products[one])).slice(0, TOLD);
  const rest = score.sum - most.reduce((sum, at) => sum + products[at], 0);
  const line = el("p", { class: "rest-line" }, el("b", {}, el("bdi", {}, short(scene.sentence.keys[score.key].text, 24))), ": ");
  for (const at of most) line.append(`dimension ${at} ${signed(products[at])}; `);
  line.append(`${counted(products.length - most.length, "other")} ${signed(rest)}. Sum ${signed(score.sum)} × ${Number(neurons.scale.toPrecision(4))} = ${signed(score.scaled)}`);
  if (neurons.softcap > 0) line.append(`, capped to ${signed(score.capped)}`);
  if (neurons.bias) line.append(`, with the bias of their places, ${signed(score.bias)}, ${signed(score.score)}`);
  line.append(`; the softmax makes it ${number(score.weight)}.`);
  return line;
}

/**
 * @param {{hidden: number, sunk: number}} made
 * @param {Neurons} neurons
 */
function summary({ hidden, sunk }, { sink }) {
  const parts = ["Orange is negative, blue positive, on scales of roots that end at the largest value. Weights made from these numbers are the model’s to 0.004."];
  if (hidden) parts.unshift(`${counted(hidden, "key")} that the query can’t see ${hidden === 1 ? "is" : "are"} left out.`);
  if (sink !== null) parts.unshift(`The sink’s logit, ${signed(sink)}, takes ${number(sunk)} of the weight.`);
  return el("p", {}, parts.join(" "));
}

/**
 * The query, and for each key that it sees its numbers and products; a column for each dimension.
 * @param {Scene} scene
 */
async function table(scene) {
  const { sentence, store } = scene;
  if (!carried(scene)) return [["what", "place", "token"]];
  const neurons = await neuronsOf(store, sentence, headOf(scene));
  const { width } = neurons;
  const query = queryOf(scene);
  const numbers = (/** @type {Float32Array} */ values) => Array.from(values, (each) => Number(each.toPrecision(6)));
  /** @type {(string | number)[][]} */
  const rows = [["what", "place", "token", "sum", "scaled", "capped", "bias", "score", "weight", ...Array.from({ length: width }, (_, at) => `d${at}`)]];
  const empty = ["", "", "", "", "", ""];
  rows.push(["query", query, sentence.queries[query].text, ...empty, ...numbers(neurons.queries.subarray(query * width, (query + 1) * width))]);
  for (const { key, products, sum, scaled, capped, bias, score, weight } of scoresOf(neurons, query).scores) {
    const of = [key, sentence.keys[key].text];
    rows.push(["key", ...of, ...empty, ...numbers(neurons.keys.subarray(key * width, (key + 1) * width))]);
    rows.push(["product", ...of, ...numbers(Float32Array.of(sum, scaled, capped, bias, score)), Number(weight.toFixed(6)), ...numbers(products)]);
  }
  return rows;
}
