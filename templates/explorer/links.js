/** What a link asks for, as far as the page has it. */

import { isPair } from "./segments.js";
import { notThere } from "./state.js";
import { viewOf, VIEWS } from "./views.js";
import { headsOf } from "./weights.js";

/** @import {Data, Store, Stream} from "./data.js" */
/** @import {State} from "./state.js" */

/**
 * A state whose stream, sentence, heads and role are there; `unknown` gets a phrase for each that
 * is not.
 * @param {Data} data
 * @param {State} asked
 * @param {string[]} [unknown]
 * @returns {State}
 */
export function complete(data, asked, unknown = []) {
  const streams = data.streams;
  const stream = streams.find(({ name }) => name === asked.a) ?? streams[0];
  const all = data.sentences.filter(({ stream: of }) => of === stream.name);
  const sentence = all.find(({ id }) => id === asked.s) ?? all[0];
  const some = asked.h === "all" ? "all" : asked.h.split(",").filter((name) => headsOf(stream, name).length).join(",");
  const heads = some || stream.start;
  const role = stream.targets.some(({ name }) => name === asked.role) ? asked.role : "";
  const within = (/** @type {number[]} */ places, /** @type {unknown[]} */ side) => places.filter((at) => at < side.length);
  const state = {
    ...asked,
    a: stream.name,
    s: sentence.id,
    v: viewOf(asked.v).name,
    h: heads,
    role,
    has: stream.targets.some(({ name }) => name === asked.has) || ["any", "none"].includes(asked.has) ? asked.has : "",
    seg: isPair(sentence) ? asked.seg : "",
    q: within(asked.q, sentence.queries),
    k: within(asked.k, sentence.keys),
  };
  unknown.push(...missing(data, asked, state, some));
  return state;
}

/**
 * A state without axes that its stream has no numbers for; `unknown` gets a phrase for each.
 * @param {Store} store
 * @param {Stream} stream
 * @param {State} state
 * @param {string[]} unknown
 * @returns {Promise<State>}
 */
export async function withAxes(store, stream, state, unknown) {
  if (!state.x && !state.y) return state;
  const names = (await store.numbers(stream)).columns.map(({ name }) => name);
  const axes = { x: state.x, y: state.y };
  for (const axis of /** @type {const} */ (["x", "y"])) {
    if (!axes[axis] || names.includes(axes[axis])) continue;
    unknown.push(notThere(axis, axes[axis], list(names)));
    axes[axis] = "";
  }
  return { ...state, ...axes };
}

/** @param {(string | number)[]} all */
function list(all) {
  return `${all.slice(0, 12).join(", ")}${all.length > 12 ? ", …" : ""}`;
}

/**
 * What was asked for and isn't there.
 * @param {Data} data
 * @param {State} asked
 * @param {State} state what there is of it
 * @param {string} heads those of the heads that there are
 */
function missing(data, asked, state, heads) {
  const phrases = [];
  if (asked.a && asked.a !== state.a) phrases.push(notThere("a", asked.a, list(data.streams.map(({ name }) => name).filter(Boolean))));
  if (asked.s && asked.s !== state.s) phrases.push(notThere("s", String(asked.s), list(data.sentences.filter(({ stream }) => stream === state.a).map(({ id }) => id))));
  if (asked.v !== state.v) phrases.push(notThere("v", asked.v, list(VIEWS.map(({ name }) => name))));
  const without = asked.h === heads ? [] : asked.h.split(",").filter((name) => !heads.split(",").includes(name));
  if (without.length) phrases.push(notThere("h", without.join(",")));
  for (const name of /** @type {const} */ (["role", "has"])) if (asked[name] && !state[name]) phrases.push(notThere(name, asked[name]));
  if (asked.seg && !state.seg) phrases.push(`${notThere("seg", asked.seg)}, for the sentence is no pair`);
  for (const name of /** @type {const} */ (["q", "k"])) {
    const beyond = asked[name].filter((at) => !state[name].includes(at));
    if (beyond.length) phrases.push(notThere(name, beyond.join(",")));
  }
  return phrases;
}
