/** The sentence itself, shaded by what a token gives or gets, or by rollout, layer by layer. */

import { counted, el, number, short, svg } from "../dom.js";
import { pinnedRows, restLine } from "../rest.js";
import { toggled } from "../state.js";
import { headsOf, meanOf, onSide, sumOfColumns, sumOfRows } from "../weights.js";

/** @import {Token} from "../data.js" */
/** @import {Scene, View} from "../scene.js" */
/** @import {Side} from "../weights.js" */

/** @type {View} */
export const textView = {
  name: "text",
  title: "Text",
  about: "Click a token, or press Enter on it, to see what it gives, or what it gets; with none chosen, the mean over all content tokens is shown. Up and down arrows step through the layers.",
  draw,
  table,
  picture,
};

const MODES = { gives: "What it gives", gets: "What it gets", rollout: "Rollout to it" };

/**
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
async function draw(scene, host) {
  const { state } = scene;
  const { shaded, chooses, chosen, weights, says } = await shadeOf(scene);
  const titles = titlesOf(scene);
  const asking = titles.length ? [line(scene, chooses, null, chosen)] : [];
  const marked = titles.length ? [] : onSide(shaded, chosen.flatMap((each) => chooses.places[each]));
  const text = line(scene, shaded, weights, marked);
  const lines = [...asking, text];
  host.append(
    el("div", { class: "row" }, ...modes(scene)),
    steps(scene),
    ...lines.flatMap((each, at) => (titles[at] ? [el("p", { class: "side" }, titles[at]), each] : [each])),
  );
  const pick = (/** @type {number} */ at) => {
    const [place] = (titles.length ? chooses : shaded).places[at];
    scene.go(state.t === "gets" ? { k: toggled(state.k, place) } : { q: toggled(state.q, place) });
  };
  walk(lines[0], pick);
  for (const each of lines) {
    each.addEventListener("pointerover", (event) => told(event.target));
    each.addEventListener("focusin", (event) => told(event.target));
  }
  /** @param {EventTarget | null} target */
  function told(target) {
    const at = tokenOf(target)?.dataset.at;
    if (at === undefined || !text.contains(/** @type {Node} */ (target))) return;
    const label = shaded.labels[Number(at)].text;
    const names = chosen.length ? chosen.map((each) => chooses.labels[each].text).join(" + ") : "all content tokens";
    const way = state.t === "gives" ? `${names} → ${label}` : `${label} → ${names}`;
    scene.say(`${way} ${number(weights[Number(at)])}`);
  }
  scene.tell(says, shades(scene));
}

/**
 * What the line of the tokens to choose from is called, and the line that is shaded; none where
 * they are the same.
 * @param {Scene} scene
 */
function titlesOf({ cross, state }) {
  const [asking, asked] = cross ? ["Target", "Source"] : [`Text ${state.seg[0]}`, `Text ${state.seg[1]}`];
  if (asking === asked || (!cross && !state.seg)) return [];
  return state.t === "gets" ? [asked, asking] : [asking, asked];
}

/**
 * What is shaded, by which weights, and which tokens are chosen on which side.
 * @param {Scene} scene
 */
async function shadeOf(scene) {
  const { matrix, state } = scene;
  if (state.t === "gets") {
    const chosen = onSide(matrix.keys, state.k);
    const columns = chosen.length ? chosen : [...matrix.keys.labels.keys()];
    const sums = sumOfColumns(matrix, columns);
    const what = chosen.length ? "to the tokens that are chosen" : "to all tokens; choose one to see who looks at it";
    const says = el("p", {}, `Shaded by what each token gives ${what}.`);
    return { shaded: matrix.queries, chooses: matrix.keys, chosen, weights: sums, says };
  }
  const chosen = pinnedRows(matrix, state.q);
  const rows = chosen.length ? chosen : contentOf(matrix.queries);
  if (state.t === "rollout" && !scene.cross) {
    const weights = await rollout(scene, rows.flatMap((row) => matrix.queries.places[row]));
    const says = el("p", {}, `What flows from each token to ${chosen.length ? "those chosen" : "the content tokens"}, up to ${lastLayer(scene)}.`);
    return { shaded: matrix.keys, chooses: matrix.queries, chosen, weights, says };
  }
  const weights = sumOfRows(matrix, rows).map((sum) => sum / Math.max(1, rows.length));
  const mean = el("p", {}, `Shaded by what each token gets from ${counted(rows.length, "content token")}, mean over these.`);
  return { shaded: matrix.keys, chooses: matrix.queries, chosen, weights, says: chosen.length ? restLine(matrix, chosen) : mean };
}

/**
 * A small scale: which shade is which weight.
 * @param {Scene} scene
 */
function shades({ scale }) {
  const steps = [0, 0.25, 0.5, 0.75, 1].map((at) => {
    const step = el("span", { class: "shade-step" }, number(scale.weight(at)));
    step.style.setProperty("--w", String(at));
    return step;
  });
  return el("p", { class: "shades" }, "Shades: ", ...steps, scale.top < 1 ? " the last is the largest" : "");
}

/** @param {Side} side */
function contentOf(side) {
  return side.labels.flatMap((label, at) => (label.special ? [] : [at]));
}

/** @param {Scene} scene */
function lastLayer({ heads }) {
  return `layer ${Math.max(...heads.map(([layer]) => layer))}`;
}

/**
 * Rollout (Abnar and Zuidema): the mean of these tokens' rows, taken down through the layers.
 * @param {Scene} scene
 * @param {number[]} places of tokens
 */
async function rollout(scene, places) {
  const { data, heads, matrix, sentence, store, stream } = scene;
  const size = sentence.keys.length;
  let row = new Float32Array(size);
  for (const place of places) row[place] += 1 / places.length;
  const last = Math.max(...heads.map(([layer]) => layer));
  const below = stream.layers.map(([layer]) => layer).filter((layer) => layer <= last);
  for (const layer of below.reverse()) {
    const mean = await meanOf(store, sentence, headsOf(stream, `L${layer}`));
    const next = new Float32Array(size);
    for (let query = 0; query < size; query++) {
      if (row[query] === 0) continue;
      let whole = 0;
      for (let key = 0; key < size; key++) whole += mean.values[query * size + key];
      for (let key = 0; key < size; key++) next[key] += (row[query] * mean.values[query * size + key]) / (whole || 1);
    }
    row = data.residual ? next.map((each, at) => (each + row[at]) / 2) : next;
  }
  return Float32Array.from(matrix.keys.places, (of) => of.reduce((sum, place) => sum + row[place], 0));
}

/** @param {Scene} scene */
function modes(scene) {
  return Object.entries(MODES)
    .filter(([name]) => name !== "rollout" || !scene.cross)
    .map(([name, title]) => {
      const button = el("button", { type: "button", "aria-pressed": String(scene.state.t === name) }, title);
      button.addEventListener("click", () => scene.go({ t: name }));
      return button;
    });
}

/**
 * A button for each layer, or each layer's head of one number.
 * @param {Scene} scene
 */
function steps(scene) {
  const { state, stream } = scene;
  const row = el("div", { class: "row steps", role: "group", "aria-label": "Layers" }, el("span", {}, "Layer"));
  const every = el("button", { type: "button", "aria-pressed": String(state.h === "all") }, "all");
  every.addEventListener("click", () => scene.go({ h: "all" }));
  row.append(every);
  for (const [layer] of stream.layers) {
    const here = scene.heads.every(([of]) => of === layer);
    const button = el("button", { type: "button", "aria-pressed": String(here) }, String(layer));
    button.addEventListener("click", () => scene.go({ h: inLayer(state.h, layer) }));
    row.append(button);
  }
  return row;
}

/**
 * The same head, or the mean, in another layer.
 * @param {string} names
 * @param {number} layer
 */
function inLayer(names, layer) {
  const single = /^L\d+(H\d+)$/.exec(names);
  return `L${layer}${single ? single[1] : ""}`;
}

/**
 * Tokens as they stand in the text.
 * @param {Scene} scene
 * @param {Side} side
 * @param {Float32Array | null} weights
 * @param {number[]} chosen
 */
function line(scene, side, weights, chosen) {
  const made = el("p", { class: "tokens" });
  side.labels.forEach((token, at) => {
    if (at && !token.piece) made.append(" ");
    made.append(button(token, at, weights ? scene.scale.at(weights[at]) : 0, weights?.[at], chosen.includes(at)));
  });
  return made;
}

/**
 * @param {Token} token
 * @param {number} at
 * @param {number} shade
 * @param {number | undefined} weight
 * @param {boolean} pressed
 */
function button(token, at, shade, weight, pressed) {
  const kinds = ["token", token.special ? "special" : "", token.piece ? "piece" : ""];
  const made = el("button", {
    type: "button",
    class: kinds.filter(Boolean).join(" "),
    "data-at": at,
    tabindex: -1,
    "aria-pressed": String(pressed),
    title: weight === undefined ? null : number(weight),
  });
  made.style.setProperty("--w", shade.toFixed(3));
  made.append(el("bdi", {}, short(token.text, 60)));
  return made;
}

/**
 * @param {EventTarget | null} target
 * @returns {HTMLElement | null}
 */
function tokenOf(target) {
  return target instanceof Element ? target.closest(".token") : null;
}

/**
 * Arrow keys go from token to token; only one of them is in the order of tabs.
 * @param {HTMLElement} tokens
 * @param {(at: number) => void} pick
 */
function walk(tokens, pick) {
  const all = /** @type {HTMLElement[]} */ ([...tokens.querySelectorAll(".token")]);
  const first = all.find((each) => each.getAttribute("aria-pressed") === "true") ?? all[0];
  first?.setAttribute("tabindex", "0");
  tokens.addEventListener("click", (event) => {
    const token = tokenOf(event.target);
    if (token) pick(Number(token.dataset.at));
  });
  tokens.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const from = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = step && from >= 0 ? all[from + step] : undefined;
    if (!to) return;
    all[from].setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
    to.focus();
    event.preventDefault();
    event.stopPropagation();
  });
}

/** @param {Scene} scene */
async function table(scene) {
  const { shaded, weights } = await shadeOf(scene);
  return [
    ["place", "token", "weight"],
    ...shaded.labels.map((token, at) => [shaded.places[at][0], token.text, Number(weights[at].toFixed(5))]),
  ];
}

/**
 * The text as it stands on the page, as a picture.
 * @param {Scene} scene
 * @param {HTMLElement} host
 */
function picture(scene, host) {
  const box = host.getBoundingClientRect();
  const [red, green, blue] = pixelOf(scene.data.colours[170]);
  const made = svg("svg", { class: "picture", width: box.width, height: box.height, viewBox: `0 0 ${box.width} ${box.height}` });
  for (const token of /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll(".token"))) {
    for (const part of [...token.getClientRects()].slice(0, 1)) {
      const [x, y] = [part.left - box.left, part.top - box.top];
      const shade = token.style.getPropertyValue("--w");
      made.append(
        svg("rect", { x, y, width: part.width, height: part.height, fill: `rgb(${red},${green},${blue})`, "fill-opacity": shade }),
        svg("text", { x: x + 2, y: y + part.height / 2, "dominant-baseline": "central", "font-size": 15 }, token.textContent ?? ""),
      );
    }
  }
  return made;
}

/** @param {string} colour */
function pixelOf(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
