/** Heads as tiles that take them in or out, in the colours of their lines. */

import { strokeOf } from "./colours.js";
import { el, svg } from "./dom.js";
import { passes } from "./filters.js";
import { APART } from "./scene.js";
import { added } from "./state.js";
import { headsOf } from "./weights.js";

/** @import {Scene} from "./scene.js" */
/** @import {Place} from "./weights.js" */

/**
 * The heads that can be chosen with a click: all of the layers that are shown, if they are not too
 * many, else those that are shown.
 * @param {Scene} scene
 * @returns {Place[]}
 */
export function offered({ stream, state, heads }) {
  const pass = passes(stream, state);
  const among = new Set(heads.map(([layer]) => layer));
  const isShown = (/** @type {Place} */ [layer, head]) => heads.some((other) => other[0] === layer && other[1] === head);
  const every = headsOf(stream, "all").filter(([layer, head]) => among.has(layer) && (pass(layer, head) || isShown([layer, head])));
  return every.length <= APART ? every : heads;
}

/**
 * A tile for each head, which takes it in or out; their colours are the lines'.
 * @param {Scene} scene
 */
export function tiles(scene) {
  const { heads, state, stream, apart } = scene;
  const every = offered(scene);
  if (every.length < 2 || every.length > APART || state.h === "all") return mixed(scene);
  const single = new Set(every.map(([layer]) => layer)).size === 1;
  const all = headsOf(stream, "all").filter(([layer, head]) => heads.some((other) => other[0] === layer && other[1] === head));
  const now = all.map(([layer, head]) => `L${layer}H${head}`);
  const made = every.map(([layer, head], at) => {
    const name = `L${layer}H${head}`;
    const on = now.includes(name);
    const tile = el("button", { type: "button", class: "tile", "aria-pressed": String(on), "data-keep": name, "aria-label": name });
    if (on && (apart || heads.length === 1)) tile.append(sample(heads.length === 1 ? null : at));
    tile.append(single ? `H${head}` : name);
    tile.addEventListener("click", () => scene.go({ h: added(now.join(","), name) }));
    return tile;
  });
  const title = single ? `Layer ${every[0][0]}` : "Heads";
  const row = el("div", { class: "row tiles", role: "group", "aria-label": `Heads of ${title.toLowerCase()}` }, el("span", {}, title), ...made);
  if (single && heads.length < every.length) {
    const whole = el("button", { type: "button", "data-keep": "all" }, "all");
    whole.addEventListener("click", () => scene.go({ h: `L${every[0][0]}` }));
    row.append(whole);
  }
  return [row, ...mixed(scene)];
}

/**
 * The choice between the heads one by one and their mean.
 * @param {Scene} scene
 */
function mixed({ heads, state, go }) {
  if (heads.length < 2 || heads.length > APART) return [];
  const [each, mean] = [["each", "each in its colour"], ["mean", "their mean"]].map(([mix, title]) => {
    const button = el("button", { type: "button", "aria-pressed": String(state.mix === mix), "data-keep": mix }, title);
    button.addEventListener("click", () => go({ mix }));
    return button;
  });
  return [el("div", { class: "row", role: "group", "aria-label": "How heads are shown" }, each, mean)];
}

/**
 * A short line as a head's lines are drawn, by its place; null for the only head.
 * @param {number | null} at
 */
function sample(at) {
  const { colour, dash } = at === null ? { colour: null, dash: "" } : strokeOf(at);
  const stroke = { d: "M1 6H25", stroke: colour, "stroke-dasharray": dash || null, "stroke-width": 3 };
  return svg("svg", { class: "sample strokes", width: 26, height: 12, "aria-hidden": "true" }, svg("path", stroke));
}

/**
 * The button that lets a click, or a tap, choose several heads.
 * @param {Scene} scene
 */
export function severalButton({ state, go }) {
  const on = state.add === "yes";
  const button = el("button", { type: "button", "aria-pressed": String(on), "data-keep": "add", title: "Key +" }, "Choose several");
  button.addEventListener("click", () => go({ add: on ? "no" : "yes" }));
  if (!on) return button;
  const names = state.h.includes("H") ? state.h.split(",") : [];
  const most = names.length > 6 ? " …" : "";
  return el("span", { class: "several" }, button, ` ${names.length} chosen${names.length ? `: ${names.slice(0, 6).join(", ")}${most}` : ""}`);
}
