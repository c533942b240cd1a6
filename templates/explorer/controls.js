/** The buttons and lists that choose what is shown, and what each key does. */

import { el, set, short } from "./dom.js";
import { filterRow, passing } from "./filters.js";
import { isPair, segmentRow } from "./segments.js";
import { viewOf, VIEWS } from "./views.js";
import { headsOf } from "./weights.js";

/** @import {Data, Stream} from "./data.js" */
/** @import {Scene} from "./scene.js" */
/** @import {State} from "./state.js" */

/** @typedef {(changes: Partial<State>) => void} Go */

/** @type {[string, string][]} */
const LENSES = [
  ["all", "all tokens"],
  ["content", "content tokens"],
  ["content-first", "content but the first token"],
];

/**
 * @param {Data} data
 * @param {Scene} scene
 * @param {Go} go
 */
export function controls(data, { stream, sentence, state }, go) {
  const views = VIEWS.map((view, at) => {
    const pressed = String(view.name === state.v);
    const button = el("button", { type: "button", "aria-pressed": pressed, title: `Key ${at + 1}` }, view.title);
    button.addEventListener("click", () => go({ v: view.name }));
    return button;
  });
  const several = data.streams.length > 1;
  const made = [
    el("div", { class: "row", role: "group", "aria-label": "View" }, ...views),
    el(
      "div",
      { class: "row" },
      ...(several ? [choice("Attention", data.streams.map(({ name, title }) => [name, title]), state.a, (a) => go({ a, h: "", q: [], k: [], role: "" }))] : []),
      choice("Sentence", sentences(data, stream), String(state.s), (s) => go({ s: Number(s), q: [], k: [] })),
      ...headChoices(stream, state, go),
    ),
    el(
      "div",
      { class: "row" },
      choice("Role", roles(stream), state.role, (role) => go(withRole(stream, state, role))),
      choice("Lens", LENSES, state.lens, (lens) => go({ lens })),
      check("by word", state.by === "word", (on) => go({ by: on ? "word" : "token" })),
      check("scale to the largest", state.scale === "max", (on) => go({ scale: on ? "max" : "fixed" })),
    ),
    filterRow(stream, state, go),
    ...(isPair(sentence) ? [segmentRow(state, go)] : []),
  ];
  const { idle = [], whole } = viewOf(state.v);
  for (const label of made.flatMap((row) => [...row.querySelectorAll("label")])) {
    const control = label.querySelector("select, input");
    const title = [...label.childNodes].find(({ nodeType }) => nodeType === 3)?.textContent?.trim() ?? "";
    const off = idle.includes(title) || (whole && label.closest(".filters"));
    if (off) set(/** @type {Element} */ (control), { disabled: true });
  }
  return made;
}

/**
 * @param {Data} data
 * @param {Stream} stream
 * @returns {[string, string][]}
 */
function sentences(data, stream) {
  return data.sentences
    .filter((sentence) => sentence.stream === stream.name)
    .map((sentence) => [String(sentence.id), `${sentence.id}: ${short(sentence.text, 44)}`]);
}

/**
 * @param {Stream} stream
 * @returns {[string, string][]}
 */
function roles(stream) {
  return [["", "the head’s own"], ...stream.targets.map(({ name, title }) => /** @type {[string, string]} */ ([name, title]))];
}

/**
 * A role, and the best of its heads where the one that is shown has not got it.
 * @param {Stream} stream
 * @param {State} state
 * @param {string} role
 * @returns {Partial<State>}
 */
function withRole(stream, state, role) {
  const target = stream.targets.find(({ name }) => name === role);
  if (!target || target.heads.includes(state.h) || state.v === "mosaic") return { role };
  return { role, h: target.heads[0] ?? state.h };
}

/**
 * Two lists: the layer, and the head in it.
 * @param {Stream} stream
 * @param {State} state
 * @param {Go} go
 */
function headChoices(stream, state, go) {
  const match = /^L(\d+)(?:H(\d+))?$/.exec(state.h);
  const layer = match ? match[1] : state.h === "all" ? "all" : "several";
  const count = stream.layers.find(([of]) => String(of) === layer)?.[1] ?? 0;
  /** @type {[string, string][]} */
  const layers = [["all", "all"], ...stream.layers.map(([of]) => /** @type {[string, string]} */ ([String(of), String(of)]))];
  if (layer === "several") layers.unshift(["several", state.h]);
  const number = match?.[2];
  const chosen = (/** @type {string} */ to) => (to === "all" || to === "several" ? to : `L${to}${number === undefined ? "" : `H${number}`}`);
  const lists = [choice("Layer", layers, layer, (to) => go({ h: chosen(to) }))];
  if (match && state.v !== "flow") {
    const heads = Array.from({ length: count }, (_, head) => /** @type {[string, string]} */ ([String(head), String(head)]));
    heads.unshift(["", "all"]);
    lists.push(choice("Head", heads, number ?? "", (head) => go({ h: `L${layer}${head === "" ? "" : `H${head}`}` })));
  }
  return lists;
}

/**
 * @param {string} title
 * @param {[string, string][]} options value and text of each
 * @param {string} value
 * @param {(value: string) => void} choose
 */
function choice(title, options, value, choose) {
  const list = el("select", { "aria-label": title }, ...options.map(([name, text]) => el("option", { value: name, selected: name === value }, text)));
  list.addEventListener("change", () => choose(list.value));
  return el("label", {}, `${title} `, list);
}

/**
 * @param {string} title
 * @param {boolean} checked
 * @param {(on: boolean) => void} choose
 */
function check(title, checked, choose) {
  const box = el("input", { type: "checkbox", checked });
  box.addEventListener("change", () => choose(box.checked));
  return el("label", {}, box, ` ${title}`);
}

/** @type {[string, string][]} */
const KEYS = [
  [`1 to ${VIEWS.length}`, VIEWS.map(({ title }) => title.toLowerCase()).join(", ")],
  ["arrows", "move the cursor; with Ctrl to the end; Page up and down: ten further"],
  ["Enter or space", "pin or unpin the token, or enlarge the head, at the cursor"],
  ["Escape", "unpin all"],
  ["Shift + Enter, +", "add the head at the cursor to those chosen; choose several, or one again"],
  ["[ and ]", "the layer below, the layer above"],
  ["h and H", "the next head, the head before, of those that pass the filter"],
  ["e", "in arcs each head in its colour, or their mean"],
  ["s", "of a pair the next texts: all, A → A, A → B, B → A, B → B"],
  ["n and N", "the next sentence, the sentence before"],
  ["l", "the next lens"],
  ["w", "by word or by token"],
  ["m", "colours up to the largest weight, or up to 1"],
  ["?", "this list"],
];

/** The list of keys, in a window of its own. */
export function keyList() {
  const close = el("button", { type: "submit" }, "Close");
  const list = el("dl", {}, ...KEYS.flatMap(([key, does]) => [el("dt", {}, key), el("dd", {}, does)]));
  return el(
    "dialog",
    { class: "explorer-keys", "aria-label": "Keys" },
    el("h3", {}, "Keys"),
    el("p", {}, "They count while the explorer has the focus."),
    list,
    el("form", { method: "dialog" }, close),
  );
}

/**
 * What a key changes; null for none of ours.
 * @param {string} key
 * @param {Data} data
 * @param {Stream} stream
 * @param {State} state
 * @returns {Partial<State> | null}
 */
export function changesOf(key, data, stream, state) {
  const view = VIEWS[Number(key) - 1];
  if (/^[1-9]$/.test(key) && view) return { v: view.name };
  const ids = data.sentences.filter(({ stream: of }) => of === stream.name).map(({ id }) => id);
  const lenses = LENSES.map(([name]) => name);
  switch (key) {
    case "Escape":
      return { q: [], k: [] };
    case "[":
    case "]":
      return { h: layerBeside(stream, state, key === "]" ? 1 : -1) };
    case "h":
    case "H":
      return { h: headBeside(stream, state, key === "h" ? 1 : -1) };
    case "n":
    case "N":
      return { s: beside(ids, state.s, key === "n" ? 1 : -1), q: [], k: [] };
    case "l":
      return { lens: beside(lenses, state.lens, 1) };
    case "w":
      return { by: state.by === "word" ? "token" : "word" };
    case "m":
      return { scale: state.scale === "max" ? "fixed" : "max" };
    default:
      return changesHere(key, state);
  }
}

/**
 * What a key changes in some views, or for some sentences.
 * @param {string} key
 * @param {State} state
 * @returns {Partial<State> | null}
 */
function changesHere(key, state) {
  switch (key) {
    case "e":
      return state.v === "arcs" ? { mix: state.mix === "each" ? "mean" : "each" } : null;
    case "s":
      return { seg: beside(["", "AA", "AB", "BA", "BB"], state.seg, 1) };
    case "+":
      if (state.v !== "mosaic" && state.v !== "scatter") return null;
      return { add: state.add === "yes" ? "no" : "yes" };
    default:
      return null;
  }
}

/**
 * @template T
 * @param {T[]} list
 * @param {T} value
 * @param {number} step
 */
function beside(list, value, step) {
  const at = list.indexOf(value) + step;
  return list[(at + list.length) % list.length];
}

/**
 * @param {Stream} stream
 * @param {State} state
 * @param {number} step
 */
function layerBeside(stream, state, step) {
  const match = /^L(\d+)(H\d+)?$/.exec(state.h);
  const some = [...new Set(passing(stream, state).map(([layer]) => layer))];
  const layers = some.length ? some : stream.layers.map(([layer]) => layer);
  if (!match) return `L${step > 0 ? layers[0] : layers[layers.length - 1]}`;
  return `L${next(layers, Number(match[1]), step)}${match[2] ?? ""}`;
}

/**
 * @param {Stream} stream
 * @param {State} state
 * @param {number} step
 */
function headBeside(stream, state, step) {
  const some = passing(stream, state);
  const every = some.length ? some : headsOf(stream, "all");
  const first = headsOf(stream, state.h)[0];
  const order = (/** @type {import("./weights.js").Place} */ [layer, head]) => layer * 100_000 + head;
  const after = /H/.test(state.h) ? next(every.map(order), order(first), step) : order(every.find(([layer]) => layer === first[0]) ?? every[0]);
  const [layer, head] = every[every.findIndex((each) => order(each) === after)];
  return `L${layer}H${head}`;
}

/**
 * The value after, or before, one that need not be in the sorted list.
 * @param {number[]} list
 * @param {number} value
 * @param {number} step
 */
function next(list, value, step) {
  if (list.includes(value)) return beside(list, value, step);
  const further = step > 0 ? list.find((each) => each > value) : list.findLast((each) => each < value);
  return further ?? list[step > 0 ? 0 : list.length - 1];
}
