/** How attention runs through the layers to one token, as a graph of tokens by layers. */

import { counted, el, number, set, short, svg } from "../dom.js";
import { graphOf, isMaximum, lastLayer, LEAST, linesOf, LONGEST, targetOf } from "../flow-graph.js";
import { Grid } from "../grid.js";
import { label, labelOf, picture, widthOf } from "../parts.js";
import { toggled } from "../state.js";

/** @import {Graph} from "../flow-graph.js" */
/** @import {Scene, View} from "../scene.js" */
/** @import {Side} from "../weights.js" */

/** Of more tokens those are left out that no line touches. */
const MANY = 64;

/** So many tokens of a node are told. */
const TOLD = 5;

/** So much wider are letters that are bold, at most. */
const BOLD = 1.15;

/** Shares of the flow whose widths the picture's foot shows. */
const SHOWN = [0.02, 0.1, 0.5];

/** Sizes in pixels. */
const [HIGH, FONT, NARROW, BROAD, TOP, NUMBER, FOOT] = [19, 12.5, 16, 74, 20, 36, 18];

/** @type {View} */
export const flowView = {
  name: "flow",
  title: "Flow",
  about: "Columns are layers, the input at the left; lines lead from tokens before a layer to those after it, the wider, the more they carry. Grey lines stay with their token. Click a token after a layer, or press Enter on it, to see what runs to it; an input, to see only the ways that begin there.",
  whole: true,
  idle: ["Role", "scale to the largest"],
  heads: (names) => (names.includes("H") ? "all" : names),
  says,
  named: (scene) => (scene.cross ? "" : `to ${nameOf(scene)} after layer ${lastLayer(scene)}${isMaximum(scene) ? ", maximum" : ""}`),
  draw,
  table,
};

/** What the page says where there is no flow. */
const NO_CHAIN = "Cross-attention has no flow: its keys are tokens of the encoder, which is through by then, so that its layers make no chain. Choose the attention of the encoder or of the decoder.";

/** @param {Scene} scene */
function says(scene) {
  if (scene.cross) return [el("p", {}, NO_CHAIN)];
  const { data, state, stream } = scene;
  const name = nameOf(scene);
  const last = lastLayer(scene);
  const top = stream.layers[stream.layers.length - 1][0];
  const first = el("p", {}, el("b", {}, "Flow to ", el("bdi", {}, name)), ` after layer ${last}${last === top ? ", the last" : ` of ${top}`}`);
  const lines = [first];
  const half = data.residual ? "half of a token comes from the tokens it looks at (mean of the layer’s heads), half from itself, as the residual stream has it" : "a token comes from the tokens it looks at (mean of the layer’s heads)";
  if (isMaximum(scene)) {
    lines.push(el("p", {}, `Maximum flow (Abnar and Zuidema 2020): in each layer ${half}; these weights are what an edge can carry, and the number of an input is the most that could run from it alone to ${name}. They don’t sum to 1. The lines are one way of several in which that can be done.`));
  } else lines.push(el("p", {}, `Rollout: in each layer ${half}. The numbers say which share of ${name} comes from each input.`));
  if (state.flow === "maximum" && !isMaximum(scene)) lines.push(el("p", {}, `Maximum flow is shown for sentences of up to ${LONGEST} tokens, and this one has ${scene.sentence.keys.length}: rollout is shown.`));
  if (stream.name === "decoder") lines.push(el("p", {}, "What comes in from the encoder, by cross-attention, is not in it."));
  if (state.lens !== "all") lines.push(el("p", {}, "The tokens that the lens leaves out are not drawn. Flow through them is not made up for: what they carry is told with the picture."));
  return lines;
}

/**
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
async function draw(scene, host) {
  if (scene.cross) return;
  const graph = await graphOf(scene);
  host.append(el("div", { class: "row", role: "group", "aria-label": "Kind of flow" }, ...kinds(scene)));
  if (!graph) {
    host.append(el("p", {}, "The lens leaves no token."));
    return;
  }
  const { side, target, layers, inputs, sources } = graph;
  const lines = linesOf(graph);
  const rows = rowsOf(graph, lines);
  const place = new Map(rows.map((token, row) => [token, row]));
  const left = Math.ceil(rows.reduce((most, token) => Math.max(most, widthOf(labelOf(side.labels[token]), FONT)), 20)) + NUMBER + 8;
  const right = Math.ceil(BOLD * widthOf(labelOf(side.labels[target]), FONT)) + 14;
  const step = Math.max(NARROW, Math.min(BROAD, (scene.width - left - right - 16) / layers.length));
  const x = (/** @type {number} */ level) => left + 8 + level * step;
  const y = (/** @type {number} */ row) => TOP + (row + 0.5) * HIGH;
  const last = layers.length;
  const edges = svg("g", { class: "edges" });
  const cursor = svg("circle", { class: "cursor", r: 8, visibility: "hidden" });
  const shown = (/** @type {typeof lines} */ some) =>
    edges.replaceChildren(
      ...some.map(({ layer, query, key, share }) => {
        const [from, to] = [y(place.get(key) ?? 0), y(place.get(query) ?? 0)];
        const half = (x(layer) + x(layer + 1)) / 2;
        return svg("path", {
          class: query === key ? "stays" : null,
          d: `M${x(layer)} ${from}C${half} ${from} ${half} ${to} ${x(layer + 1)} ${to}`,
          ...strokeOf(share),
        });
      }),
    );
  const names = rows.flatMap((token, row) => [
    label(side.labels[token], { x: left - NUMBER, y: y(row), "text-anchor": "end", class: named(side, token, sources) }),
    svg("text", { class: "tick number", x: left - 2, y: y(row), "text-anchor": "end" }, small(inputs[token])),
  ]);
  const every = Math.ceil(22 / step);
  const numbers = [...layers.keys()]
    .filter((at) => (layers.length - 1 - at) % every === 0)
    .map((at) => svg("text", { x: x(at + 1), y: 8, "text-anchor": "middle" }, String(layers[at])));
  const drawn = picture(
    x(last) + right,
    y(rows.length) + FOOT,
    svg("g", { class: "labels numbers", "font-size": 11 }, svg("text", { x: x(0) - 4, y: 8, "text-anchor": "end" }, "input, layers"), ...numbers),
    edges,
    widths(x(0), y(rows.length) + 8),
    svg("g", { class: "nodes" }, ...dots(graph, place, x, y)),
    svg("g", { class: "labels", "font-size": FONT }, ...names, label(side.labels[target], { x: x(last) + 8, y: y(place.get(target) ?? 0), "font-weight": 700 })),
    cursor,
  );
  shown(lines);
  const about = summary(graph, lines, rows, isMaximum(scene));
  const touching = (/** @type {number} */ token, /** @type {number} */ level) =>
    lines.filter(({ layer, query, key }) => (layer === level - 1 && query === token) || (layer === level && key === token));
  const moves = new Grid(drawn, {
    cursor: scene.cursor,
    label: `What runs to ${side.labels[target].text}: tokens in rows, the input and each layer in columns`,
    rows: rows.length,
    columns: last + 1,
    describe: (row, level) => describe(graph, rows[row], level),
    move: (row, level) => {
      set(cursor, { cx: x(level), cy: y(row), visibility: "visible" });
      shown(touching(rows[row], level));
      scene.say(describe(graph, rows[row], level));
      scene.tell(comesFrom(graph, rows[row], level), about);
    },
    pick: (row, level) => pick(rows[row], level),
  });
  const pick = (/** @type {number} */ token, /** @type {number} */ level) => {
    const first = side.places[token][0];
    if (level === 0) scene.go({ k: isMaximum(scene) ? [first] : toggled(scene.state.k, first) });
    else scene.go({ q: [first], ...(level === last ? {} : { h: `L${layers[level - 1]}` }) });
  };
  const at = (/** @type {MouseEvent} */ event) => {
    const box = drawn.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top - TOP) / HIGH);
    const level = Math.max(0, Math.min(last, Math.round((event.clientX - box.left - x(0)) / step)));
    return row >= 0 && row < rows.length ? { row, level } : null;
  };
  let over = "";
  drawn.addEventListener("pointermove", (event) => {
    const node = at(event);
    const now = node ? `${node.row} ${node.level}` : "";
    if (node && now !== over) moves.to(node.row, node.level);
    over = now;
  });
  drawn.addEventListener("pointerleave", () => {
    over = "";
    set(cursor, { visibility: "hidden" });
    shown(lines);
    scene.tell(about);
  });
  drawn.addEventListener("click", (event) => {
    const node = at(event);
    if (node) pick(rows[node.row], node.level);
  });
  host.append(moves.element);
  scene.tell(about);
}

/**
 * How a line of so much of the flow is drawn.
 * @param {number} share
 */
function strokeOf(share) {
  return { "stroke-width": (0.8 + 6 * share).toFixed(2), "stroke-opacity": Math.min(1, 0.5 + 0.5 * Math.sqrt(share)).toFixed(2) };
}

/**
 * Which width is which share of the flow.
 * @param {number} x
 * @param {number} y
 */
function widths(x, y) {
  const each = SHOWN.flatMap((share, at) => [
    svg("path", { d: `M${x + 62 * at} ${y}h22`, ...strokeOf(share) }),
    svg("text", { class: "tick number", x: x + 62 * at + 27, y }, String(share)),
  ]);
  return svg("g", { class: "strokes widths" }, svg("text", { class: "tick number", x: x - 8, y, "text-anchor": "end" }, "share of flow"), ...each);
}

/** @param {Scene} scene */
function nameOf(scene) {
  const target = targetOf(scene);
  return target === null ? "no token" : `“${short(scene.matrix.keys.labels[target].text, 24)}”`;
}

/**
 * A number in as little room as there is before the input.
 * @param {number} share
 */
function small(share) {
  return share > 0 && share < 0.005 ? "<.01" : share ? share.toFixed(2) : "0";
}

/**
 * The tokens that have a row: all, or of many those that a line touches.
 * @param {Graph} graph
 * @param {{query: number, key: number}[]} lines
 */
function rowsOf({ side, target, sources }, lines) {
  const all = [...side.labels.keys()];
  const touched = new Set([target, ...sources, ...lines.flatMap(({ query, key }) => [query, key])]);
  return all.length <= MANY ? all : all.filter((token) => touched.has(token));
}

/**
 * @param {Side} side
 * @param {number} token
 * @param {number[]} sources
 */
function named(side, token, sources) {
  const { special, piece } = side.labels[token];
  return `label ${special ? "special" : piece ? "piece" : ""} ${sources.includes(token) ? "source" : ""}`.trim();
}

/**
 * A dot for each token that something runs through, its area by how much.
 * @param {Graph} graph
 * @param {Map<number, number>} place row of each token
 * @param {(level: number) => number} x
 * @param {(row: number) => number} y
 */
function dots({ flow, whole }, place, x, y) {
  return flow.nodes.flatMap((node, level) =>
    [...place].flatMap(([token, row]) => {
      const share = whole > 0 ? node[token] / whole : 0;
      if (share < LEAST / 4) return [];
      return [svg("circle", { class: "node", cx: x(level).toFixed(1), cy: y(row), r: (0.8 + 4.2 * Math.sqrt(share)).toFixed(2) })];
    }),
  );
}

/**
 * @param {Graph} graph
 * @param {number} token
 * @param {number} level
 */
function describe({ side, layers, flow, inputs, sources }, token, level) {
  const name = side.labels[token].text;
  if (level === 0 && !sources.includes(token)) return `${name} at the input ${number(inputs[token])}`;
  return `${name} ${level ? `after layer ${layers[level - 1]}` : "at the input"} ${number(flow.nodes[level][token])}`;
}

/**
 * What runs through a token, and where it comes from.
 * @param {Graph} graph
 * @param {number} token
 * @param {number} level
 */
function comesFrom(graph, token, level) {
  const { side, flow } = graph;
  const line = el("p", { class: "rest-line" }, el("b", {}, describe(graph, token, level)));
  if (level === 0) return line;
  const many = side.labels.length;
  const row = flow.edges[level - 1].subarray(token * many, (token + 1) * many);
  const most = [...row.keys()].sort((one, other) => row[other] - row[one]).slice(0, TOLD).filter((key) => row[key] > 0.0005);
  line.append(most.length ? ", from " : "");
  for (const key of most) line.append(el("bdi", {}, short(side.labels[key].text, 24)), ` ${number(row[key])}; `);
  const rest = flow.nodes[level][token] - most.reduce((sum, key) => sum + row[key], 0);
  if (most.length) line.append(`rest ${number(Math.max(0, rest))}.`);
  return line;
}

/**
 * What is drawn, and what isn't.
 * @param {Graph} graph
 * @param {{layer: number, share: number}[]} lines
 * @param {number[]} rows
 * @param {boolean} maximum
 */
function summary(graph, lines, rows, maximum) {
  const { side, layers, sources, flow, whole } = graph;
  const shares = new Float64Array(layers.length);
  for (const { layer, share } of lines) shares[layer] += share;
  const mean = shares.reduce((sum, each) => sum + each, 0) / shares.length;
  const least = shares.indexOf(Math.min(...shares));
  const parts = [`${counted(lines.length, "line")} of at least ${LEAST} of the flow carry ${number(mean)} of it, mean over layers; least in layer ${layers[least]}, ${number(shares[least])}. The rest is not drawn.`];
  const names = sources.map((token) => side.labels[token].text).join(" + ");
  if (names) parts.unshift(`From ${names}: ${number(flow.total)}.`);
  if (!(whole > 0)) parts.splice(1, 1, "Nothing of it gets here.");
  if (rows.length < side.labels.length) parts.push(`${counted(side.labels.length - rows.length, "token")} without a line are left out.`);
  if (whole > 0) parts.push(`A dot is larger, the more runs through its token; through those without any runs less than ${LEAST / 4}.`);
  parts.push(...lensTold(graph, maximum));
  return el("p", {}, parts.join(" "));
}

/**
 * What the tokens that a lens leaves out give and carry.
 * @param {Graph} graph
 * @param {boolean} maximum
 * @returns {string[]}
 */
function lensTold({ flow, hidden, inputs, layers, whole }, maximum) {
  if (!hidden || !(whole > 0)) return [];
  const left = flow.edges.map((edge) => Math.max(0, 1 - sumOf(edge) / whole));
  const most = left.indexOf(Math.max(...left));
  const mean = left.reduce((sum, each) => sum + each, 0) / left.length;
  const through = `${number(mean)} of the flow runs on lines from or to them, mean over layers; most in layer ${layers[most]}, ${number(left[most])}.`;
  const given = maximum ? "" : `${number(Math.max(0, 1 - sumOf(inputs)))} of what reaches the target comes from them as inputs; `;
  return [`Tokens that the lens leaves out: ${given}${through}`];
}

/** @param {Float64Array} values */
function sumOf(values) {
  return values.reduce((sum, each) => sum + each, 0);
}

/** @param {Scene} scene */
function kinds(scene) {
  const { sentence } = scene;
  const maximum = isMaximum(scene);
  /** @type {[string, string, boolean][]} */
  const each = [["rollout", "Rollout", !maximum], ["maximum", "Maximum flow", maximum]];
  return each.map(([name, title, pressed]) => {
    const long = name === "maximum" && sentence.keys.length > LONGEST;
    const button = el("button", { type: "button", "aria-pressed": String(pressed), disabled: long, title: long ? `Up to ${LONGEST} tokens` : null }, title);
    button.addEventListener("click", () => scene.go({ flow: name }));
    return button;
  });
}

/**
 * Every edge that carries anything, and with no layer what comes from each input.
 * @param {Scene} scene
 */
async function table(scene) {
  /** @type {(string | number)[][]} */
  const rows = [["layer", "head", "name", "query", "query_token", "key", "key_token", "weight"]];
  const graph = scene.cross ? null : await graphOf(scene);
  if (!graph) return rows;
  const { side, target, layers, flow, inputs } = graph;
  const many = side.labels.length;
  /** @type {(layer: number | string, name: string, query: number, key: number, weight: number) => void} */
  const row = (layer, name, query, key, weight) => {
    rows.push([layer, "", name, side.places[query][0], side.labels[query].text, side.places[key][0], side.labels[key].text, Number(weight.toFixed(6))]);
  };
  inputs.forEach((weight, key) => row("", isMaximum(scene) ? "maximum flow" : "rollout", target, key, weight));
  flow.edges.forEach((matrix, at) =>
    matrix.forEach((weight, cell) => {
      if (weight > 0) row(layers[at], `layer ${layers[at]}`, Math.floor(cell / many), cell % many, weight);
    }),
  );
  return rows;
}
