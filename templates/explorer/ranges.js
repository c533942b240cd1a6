/** How single sentences score in a head's roles: those kept as examples, from least to most. */

import { counted, el, svg } from "./dom.js";
import { picture } from "./parts.js";
import { axis, digits } from "./ticks.js";

/** @import {Numbers, Range} from "./data.js" */
/** @import {Scene} from "./scene.js" */

/** Sizes in pixels. */
const [LEFT, TOP, HIGH, BOTTOM, WIDEST] = [34, 10, 110, 36, 300];

const TENTHS =
  "Each dot is a sentence: one at each tenth of all sentences, ordered by score − chance, and those at both ends; the bar below it is its chance. Scores of the sentences between them are not kept.";
const ENDS =
  "Where there are only the ends, they are all that is kept: the sentences that show a role most and least, each with its chance as a bar.";

/**
 * For each role of the head that is chosen a picture and a list of its sentences.
 * @param {Scene} scene
 * @param {Numbers} numbers
 * @returns {Node[]}
 */
export function rangesOf(scene, numbers) {
  const { state, heads } = scene;
  if (heads.length !== 1 || !state.h.includes("H")) return [];
  const ranges = numbers.ranges[state.h] ?? [];
  const title = el("h3", {}, `${state.h}, sentence by sentence`);
  const profile = document.getElementById(`${scene.stream.name ? `${scene.stream.name}-` : ""}${state.h}`);
  const texts = profile ? [el("p", { class: "how-to" }, "Their texts stand in ", el("a", { href: `#${profile.id}` }, "the head’s profile"), ".")] : [];
  const told = new Set(ranges.map(({ rows }) => (rows.some(([tenth]) => tenth > 0 && tenth < 10) ? TENTHS : ENDS)));
  const how = [...told].map((each) => el("p", { class: "how-to" }, each));
  if (ranges.length) return [title, ...texts, ...ranges.flatMap((range) => of(scene, range)), ...how];
  const others = Object.keys(numbers.ranges);
  const where = others.length ? ` They are kept of the heads that show a role best: ${others.slice(0, 12).join(", ")}${others.length > 12 ? " and more" : ""}.` : "";
  return [title, el("p", { class: "how-to" }, `The report keeps no scores of single sentences of this head.${where}`)];
}

/**
 * @param {Scene} scene
 * @param {Range} range
 */
function of(scene, range) {
  return [
    el("h4", {}, `${range.title}: ${counted(range.rows.length, "sentence")}`),
    drawn(scene, range),
    list(scene, range),
  ];
}

/**
 * Scores upwards, by the share of sentences that show the role less.
 * @param {Scene} scene
 * @param {Range} range
 */
function drawn(scene, { rows, title }) {
  const width = Math.max(200, Math.min(WIDEST, scene.width - LEFT - 12));
  const bottom = TOP + HIGH;
  const y = axis([0, ...rows.flatMap(([, , score, chance]) => [score, chance])], HIGH);
  const x = places(rows, width);
  const frame = svg("g", { class: "axes" }, svg("rect", { class: "frame", x: LEFT, y: TOP, width, height: HIGH }));
  for (const tick of y.ticks) frame.append(svg("text", { class: "tick", x: LEFT - 6, y: bottom - y.at(tick) + 3, "text-anchor": "end" }, y.text(tick)));
  for (const [tenth, text] of /** @type {[number, string][]} */ ([[0, "least"], [5, "half"], [10, "most"]])) {
    frame.append(svg("text", { class: "tick", x: LEFT + 14 + (tenth / 10) * (width - 28), y: bottom + 14, "text-anchor": "middle" }, text));
  }
  frame.append(svg("text", { class: "tick", x: LEFT + width / 2, y: bottom + 29, "text-anchor": "middle" }, "sentences, by how much they show the role"));
  const marks = rows.map(([, sentence, score, chance], at) => {
    const [top, base] = [score, chance].map((value) => bottom - y.at(value));
    return svg(
      "g",
      { class: sentence === scene.state.s ? "sentence here-now" : "sentence" },
      svg("path", { class: "lift", d: `M${x[at]} ${base}V${top}` }),
      svg("path", { class: "chance", d: `M${x[at] - 5} ${base}h10` }),
      svg("circle", { cx: x[at], cy: top, r: 3.5 }),
    );
  });
  const made = picture(LEFT + width + 8, bottom + BOTTOM, frame, ...marks);
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", `${title}: scores of ${rows.length} sentences, listed below`);
  return made;
}

/**
 * Where each sentence stands; those of one tenth side by side.
 * @param {Range["rows"]} rows
 * @param {number} width
 */
function places(rows, width) {
  return rows.map(([tenth], at) => {
    const same = rows.flatMap(([other], place) => (other === tenth ? [place] : []));
    return LEFT + 14 + (tenth / 10) * (width - 28) + (same.indexOf(at) - (same.length - 1) / 2) * 9;
  });
}

/**
 * The same as a list, with the way to each sentence that can be explored.
 * @param {Scene} scene
 * @param {Range} range
 */
function list(scene, { rows }) {
  const { data, stream, go } = scene;
  const items = rows.map(([tenth, sentence, score, chance, events, query]) => {
    const where = tenth === 0 ? "least" : tenth === 10 ? "most" : `more than ${tenth} of 10`;
    const there = data.sentences.some(({ id, stream: of }) => id === sentence && of === stream.name);
    const button = el("button", { type: "button", "data-keep": `range-${sentence}` }, String(sentence));
    button.addEventListener("click", () => go({ s: sentence, v: "matrix", q: [], k: [] }));
    return el("tr", {}, el("td", {}, where), el("td", {}, there ? button : String(sentence)), el("td", {}, `${digits(score)}`), el("td", {}, digits(chance)), el("td", {}, String(events)), el("td", {}, el("bdi", {}, query)));
  });
  const head = ["shows it", "sentence", "score", "chance", "events", "token that looks"].map((title) => el("th", { scope: "col" }, title));
  const table = el("table", { class: "ranges" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...items));
  return el("details", {}, el("summary", {}, `The ${counted(rows.length, "sentence")} as a list`), el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Sentences" }, table));
}
