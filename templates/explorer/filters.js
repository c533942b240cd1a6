/** Which heads pass: by layer, by number, by role; and how these filters are chosen. */

import { el, short } from "./dom.js";
import { isRanges } from "./state.js";
import { headsOf } from "./weights.js";

/** @import {Stream} from "./data.js" */
/** @import {State} from "./state.js" */
/** @import {Place} from "./weights.js" */

/**
 * Whether a head passes all filters.
 * @param {Stream} stream
 * @param {State} state
 * @returns {(layer: number, head: number) => boolean}
 */
export function passes(stream, state) {
  const layers = within(state.layers);
  const numbers = within(state.heads);
  return (layer, head) => layers(layer) && numbers(head) && hasRole(stream, state.has, `L${layer}H${head}`);
}

/** @param {State} state */
export function filtering({ layers, heads, has }) {
  return layers + heads + has !== "";
}

/**
 * Every head that passes.
 * @param {Stream} stream
 * @param {State} state
 * @returns {Place[]}
 */
export function passing(stream, state) {
  const pass = passes(stream, state);
  return headsOf(stream, "all").filter(([layer, head]) => pass(layer, head));
}

/**
 * The heads that a state shows: those it names, of a layer or of all those that pass. Where none
 * does, all of them, and `none` says so.
 * @param {Stream} stream
 * @param {State} state
 */
export function chosenHeads(stream, state) {
  const named = headsOf(stream, state.h);
  if (state.h.includes("H") || !filtering(state)) return { heads: named, none: false };
  const pass = passes(stream, state);
  const heads = named.filter(([layer, head]) => pass(layer, head));
  return heads.length ? { heads, none: false } : { heads: named, none: true };
}

/**
 * @param {string} ranges
 * @returns {(number: number) => boolean}
 */
function within(ranges) {
  if (!ranges) return () => true;
  const all = ranges.split(",").map((range) => range.split("-").map(Number));
  return (number) => all.some(([first, last = first]) => first <= number && number <= last);
}

/**
 * @param {Stream} stream
 * @param {string} role
 * @param {string} name
 */
function hasRole(stream, role, name) {
  if (!role) return true;
  const told = stream.told.get(name) ?? [];
  if (role === "any" || role === "none") return told.length > 0 === (role === "any");
  return told.some(({ target }) => stream.targets[target].name === role);
}

/**
 * The filters' own row, of a pair with the texts of queries and keys.
 * @param {Stream} stream
 * @param {State} state
 * @param {(changes: Partial<State>) => void} go
 */
export function filterRow(stream, state, go) {
  const roles = el("select", {}, ...roleOptions(stream).map(([name, title]) => el("option", { value: name, selected: name === state.has }, title)));
  roles.addEventListener("change", () => go({ has: roles.value }));
  const wrong = el("span", { class: "alert", role: "alert" });
  const row = el(
    "div",
    { class: "row", role: "group", "aria-label": "Filters" },
    el("label", {}, "layers ", ranges(state.layers, wrong, (layers) => go({ layers }))),
    el("label", {}, "heads ", ranges(state.heads, wrong, (heads) => go({ heads }))),
    el("label", {}, "with role ", roles),
    wrong,
  );
  if (filtering(state)) {
    const clear = el("button", { type: "button" }, "No filter");
    clear.addEventListener("click", () => go({ layers: "", heads: "", has: "" }));
    const count = passing(stream, state).length;
    row.append(clear, el("span", {}, `${count} of ${headsOf(stream, "all").length} heads pass${whyNot(stream, state, count)}`));
  }
  return el("details", { class: "filters", open: filtering(state) }, el("summary", {}, "Filter heads"), row);
}

/**
 * @param {Stream} stream
 * @returns {[string, string][]}
 */
function roleOptions(stream) {
  /** @type {[string, string][]} */
  const always = [["", "or without: all heads"], ["any", "of any kind"], ["none", "none at all"]];
  return [...always, ...stream.targets.map(({ name, title }) => /** @type {[string, string]} */ ([name, short(title, 44)]))];
}

/**
 * Why no head passes, or why a part of the filter lets none pass.
 * @param {Stream} stream
 * @param {State} state
 * @param {number} count of heads that pass
 */
function whyNot(stream, { layers, heads }, count) {
  const numbers = stream.layers.map(([layer]) => layer);
  const most = Math.max(...stream.layers.map(([, many]) => many));
  const backwards = `${layers},${heads}`.split(",").filter((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return first > last;
  });
  const why = backwards.map((range) => `${range} runs backwards: ${range.split("-").reverse().join("-")}`);
  if (!count && !why.length) {
    if (!numbers.some(within(layers))) why.push(`layers are ${numbers[0]} to ${numbers[numbers.length - 1]}`);
    if (!Array.from({ length: most }, (_, head) => head).some(within(heads))) why.push(`heads are 0 to ${most - 1}`);
    if (!why.length) why.push("none there has such a role");
  }
  return why.length ? `: ${why.join("; ")}` : "";
}

/**
 * A field for numbers such as "0-2,5".
 * @param {string} value
 * @param {HTMLElement} wrong says what is wrong with what was typed
 * @param {(value: string) => void} choose
 */
function ranges(value, wrong, choose) {
  const field = el("input", { type: "text", value, placeholder: "all", size: 6, inputmode: "text", autocomplete: "off" });
  field.addEventListener("change", () => {
    const asked = field.value.replaceAll(/\s/g, "").replaceAll("–", "-");
    const right = isRanges(asked);
    field.setCustomValidity(right ? "" : "Numbers and ranges, such as 0-2,5");
    wrong.textContent = right ? "" : `“${short(field.value, 20)}” doesn’t count: numbers and ranges do, such as 0-2,5.`;
    if (right) choose(asked);
  });
  return field;
}
