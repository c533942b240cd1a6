/** What is looked at, as it stands behind the # of the page's address. */

import { short } from "./dom.js";

/**
 * @typedef {object} State
 * @property {string} a the stream
 * @property {number} s the sentence
 * @property {string} v the view
 * @property {string} h heads: "L5H7", "L5H7,L2H0", "L5" for a layer's mean, "all" for that of all
 * @property {number[]} q queries that are pinned, by their tokens' places
 * @property {number[]} k keys that are pinned
 * @property {string} lens "all", "content" or "content-first"
 * @property {string} by "token" or "word"
 * @property {string} role the role whose target is outlined, "" for those of the head
 * @property {string} scale "fixed" or "max"
 * @property {string} flow "rollout" or "maximum"
 * @property {string} t what the text is shaded by: "gives", "gets" or "rollout"
 * @property {string} layers that pass the filter, such as "0-2,5"; "" for all
 * @property {string} heads that pass the filter, by their numbers in a layer
 * @property {string} has the role that heads must have, "any" or "none"; "" for no such filter
 * @property {string} seg of a pair the texts of queries and keys, such as "AB"; "" for all
 * @property {string} mix whether arcs show several heads "each" in a colour or as their "mean"
 * @property {string} add "yes" where a click adds a head to those chosen
 * @property {string} x the number across in the scatter, "" for the usual one
 * @property {string} y the number upwards
 */

/** @type {State} */
export const USUAL = {
  a: "",
  s: 0,
  v: "matrix",
  h: "",
  q: [],
  k: [],
  lens: "all",
  by: "token",
  role: "",
  scale: "fixed",
  t: "gives",
  layers: "",
  heads: "",
  has: "",
  seg: "",
  mix: "each",
  add: "no",
  x: "",
  y: "",
  flow: "rollout",
};

/** @type {Record<string, string[]>} */
const CHOICES = {
  lens: ["all", "content", "content-first"],
  by: ["token", "word"],
  scale: ["fixed", "max"],
  t: ["gives", "gets", "rollout"],
  seg: ["", "AA", "AB", "BA", "BB"],
  mix: ["each", "mean"],
  add: ["no", "yes"],
  flow: ["rollout", "maximum"],
};

const RANGES = /^(\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*)?$/;

const ENTRY = /^[a-z]+=[^=&]*$/;

/**
 * The state that a link holds; null where it is none of ours, such as #L5H7. What it doesn't name
 * is as usual, and so is what can't be: `unknown` gets a phrase for each such part.
 * @param {string} hash
 * @param {string[]} [unknown]
 * @returns {State | null}
 */
export function parse(hash, unknown = []) {
  const entries = hash.replace(/^#/, "").split("&");
  const names = entries.filter((entry) => ENTRY.test(entry)).map((entry) => entry.split("=")[0]);
  if (!names.some((name) => Object.hasOwn(USUAL, name))) return null;
  /** @type {any} */
  const state = { ...USUAL };
  for (const entry of entries) {
    const [name, coded] = /** @type {[string, string]} */ (entry.split("="));
    if (!ENTRY.test(entry) || !Object.hasOwn(USUAL, name)) {
      if (entry) unknown.push(`“${short(decoded(entry), 40)}”`);
      continue;
    }
    const value = decoded(coded);
    const all = CHOICES[name]?.filter(Boolean).join(", ");
    let right = true;
    if (name === "q" || name === "k") {
      state[name] = places(value);
      right = state[name].length === value.split(",").filter(Boolean).length;
    } else if (name === "layers" || name === "heads") {
      right = isRanges(value);
      state[name] = right ? value : "";
    } else if (name === "s") {
      right = /^\d{1,9}$/.test(value);
      state.s = right ? Number(value) : 0;
    } else {
      right = !all || CHOICES[name].includes(value);
      if (right) state[name] = value;
    }
    if (!right) unknown.push(notThere(name, value, all));
  }
  return state;
}

/** What the names in a link mean. @type {Record<string, string>} */
const MEANT = { a: "attention", s: "sentence", v: "view", h: "heads", q: "query", k: "key", has: "role", seg: "texts", t: "shade", by: "unit", x: "axis", y: "axis" };

/**
 * A phrase for a part of a link that isn't there.
 * @param {string} name
 * @param {string} value
 * @param {string} [all] that there are
 */
export function notThere(name, value, all) {
  return `${MEANT[name] ?? name} “${short(value, 40)}”${all ? ` (there is ${all})` : ""}`;
}

/**
 * The link that holds a state, what is as usual left out.
 * @param {State} state
 */
export function format(state) {
  const entries = Object.entries(state)
    .filter(([name, value]) => String(value) !== String(USUAL[/** @type {keyof State} */ (name)]))
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return `#${entries.join("&")}`.replace(/%2C/g, ",").replace(/%3A/g, ":");
}

/** @param {string} coded */
function decoded(coded) {
  try {
    return decodeURIComponent(coded);
  } catch {
    return "";
  }
}

/** @param {string} value */
function places(value) {
  const numbers = value.split(",").filter((each) => /^\d{1,6}$/.test(each));
  return [...new Set(numbers.map(Number))];
}

/**
 * Whether a text names numbers as "0-2,5" does.
 * @param {string} value
 */
export function isRanges(value) {
  return RANGES.test(value);
}

/**
 * The names of chosen heads with one more, or one less if it was there.
 * @param {string} names
 * @param {string} name
 */
export function added(names, name) {
  const there = names.split(",").filter((each) => each.includes("H"));
  const now = there.includes(name) ? there.filter((each) => each !== name) : [...there, name];
  return now.join(",") || name;
}

/**
 * A list with a value put in, or taken out if it was there.
 * @param {number[]} list
 * @param {number} value
 */
export function toggled(list, value) {
  return list.includes(value) ? list.filter((each) => each !== value) : [...list, value];
}
