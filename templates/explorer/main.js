/**
 * The explorer: any head, any layer, any token of the illustrated sentences.
 *
 * One state says what is looked at (state.js); it stands in the page's address. From it a scene is
 * made (scene.js), which a view draws (views.js). Modules, each knowing only those before it:
 * dom, data, state, weights, colours, parts, grid, scene, rest, views/…, views, download, controls.
 */

import { changesOf, controls, keyList } from "./controls.js";
import { read, Store } from "./data.js";
import { el, set, short } from "./dom.js";
import { fadeEdges } from "./edges.js";
import { filtering, passes } from "./filters.js";
import { isPair, massLine } from "./segments.js";
import { footOf, saveCsv, savePng, saveSvg } from "./download.js";
import { sceneOf } from "./scene.js";
import { complete, withAxes } from "./links.js";
import { Paper } from "./paper.js";
import { format, parse, USUAL } from "./state.js";
import { viewOf } from "./views.js";

/** @import {Data, Stream} from "./data.js" */
/** @import {State} from "./state.js" */
/** @import {Scene} from "./scene.js" */

class Explorer {
  /**
   * @param {HTMLElement} section
   * @param {Data} data
   */
  constructor(section, data) {
    this.section = section;
    this.data = data;
    this.store = new Store();
    this.paper = new Paper();
    /** @type {string[]} */
    const unknown = [];
    /** @type {State} */
    this.state = complete(this.data, parse(location.hash, unknown) ?? USUAL, unknown);
    /** @type {string[] | null} */
    this.missing = null;
    this.unknown = el("p", { class: "alert unknown", role: "alert" });
    /** @type {Scene | null} */
    this.scene = null;
    this.asked = 0;
    this.cursor = { view: "", row: 0, column: 0 };
    this.chosen = el("div", { class: "controls" });
    this.shown = el("div", { class: "shown" });
    /** @type {HTMLElement} */
    this.host = el("div", { class: "host" });
    this.said = el("p", { class: "said-here", role: "status", "aria-live": "polite" });
    this.notes = el("div", { class: "notes" });
    this.keys = keyList();
    const beside = el("div", { class: "beside-picture" }, this.said, this.notes, this.files());
    section.append(this.chosen, this.unknown, this.shown, el("div", { class: "stage" }, this.host, beside), this.keys);
    section.addEventListener("keydown", (event) => this.key(event));
    addEventListener("popstate", () => this.arrived());
    document.addEventListener("keydown", (event) => {
      if (event.key === "?" && event.target === document.body) this.keys.showModal();
    });
    this.tellUnknown(unknown);
    this.width = 0;
    new ResizeObserver(() => {
      const now = section.clientWidth;
      // On paper the section has no width while something is drawn.
      if (!now || now === this.width) return;
      this.width = now;
      this.render();
    }).observe(section);
  }

  /** @returns {Stream} */
  get stream() {
    return this.data.streams.find(({ name }) => name === this.state.a) ?? this.data.streams[0];
  }

  /** @param {string[] | null} unknown parts of the link that was followed, null where none was */
  tellUnknown(unknown) {
    this.missing = unknown;
    this.unknown.textContent = unknown?.length ? `The link names what isn’t in this explorer: ${unknown.join("; ")}. The rest of it counts.` : "";
  }

  /** @param {Partial<State>} changes */
  go(changes) {
    const before = format(this.state);
    this.state = complete(this.data, { ...this.state, ...changes });
    const link = format(this.state);
    if (link === before) return;
    history.pushState(null, "", link);
    this.tellUnknown(null);
    this.render();
  }

  /** The address has changed: back, forward, a link, or typed. */
  arrived() {
    /** @type {string[]} */
    const unknown = [];
    const asked = location.hash ? parse(location.hash, unknown) : USUAL;
    if (!asked) return;
    this.state = complete(this.data, asked, unknown);
    this.tellUnknown(unknown);
    this.render();
  }

  /** The state with the heads that its view shows. */
  get seen() {
    const { heads, whole } = viewOf(this.state.v);
    const all = whole ? { seg: "", layers: "", heads: "", has: "" } : {};
    return { ...this.state, ...all, h: heads ? heads(this.state.h) : this.state.h };
  }

  async render() {
    const ticket = ++this.asked;
    set(this.section, { "data-ready": null });
    const { data, store } = this;
    const view = viewOf(this.state.v);
    const host = el("div", { class: `host ${view.name}` });
    /** @type {Node[]} */
    let notes = [];
    /** @type {(() => Element[]) | null} */
    let paper = null;
    try {
      await this.findAxes(ticket);
      if (ticket !== this.asked) return;
      const made = await sceneOf(data, store, this.seen);
      if (this.cursor.view !== view.name) this.cursor = { view: view.name, row: 0, column: 0 };
      /** @type {Scene} */
      const scene = {
        ...made,
        width: this.section.clientWidth || this.width,
        cursor: this.cursor,
        go: (changes) => this.go(changes),
        say: (text) => {
          this.said.textContent = text;
        },
        tell: (...lines) => {
          notes = lines;
          if (this.scene === scene) this.notes.replaceChildren(...lines);
        },
        onPaper: (build) => {
          paper = build;
        },
      };
      await view.draw(scene, host);
      if (ticket !== this.asked) return;
      this.put(scene, host, notes);
      this.paper.shows(host, paper);
    } catch (error) {
      if (ticket !== this.asked) return;
      this.host.replaceChildren(el("p", { class: "alert" }, `This can’t be shown: ${error}`));
    }
  }

  /**
   * Drops axes that the stream has no numbers for, and tells it where a link has them.
   * @param {number} ticket
   */
  async findAxes(ticket) {
    /** @type {string[]} */
    const unknown = [];
    const state = await withAxes(this.store, this.stream, this.state, unknown);
    if (ticket !== this.asked) return;
    this.state = state;
    if (this.missing && unknown.length) this.tellUnknown([...this.missing, ...unknown]);
  }

  /**
   * Puts a drawn scene in the place of the one before, with the focus where it was.
   * @param {Scene} scene
   * @param {HTMLElement} host
   * @param {Node[]} notes
   */
  put(scene, host, notes) {
    const held = this.focused();
    const { scrollTop, scrollLeft } = this.host;
    const before = this.scene?.state;
    const stays = before && before.v === scene.state.v && before.a === scene.state.a && before.s === scene.state.s;
    this.scene = scene;
    const view = viewOf(scene.state.v);
    const { seg, layers, heads, has } = this.state;
    const asked = { ...scene, state: { ...scene.state, seg, layers, heads, has } };
    this.chosen.replaceChildren(...controls(this.data, asked, (changes) => this.go(changes)));
    const drawn = Boolean(view.picture ?? host.querySelector("svg.picture"));
    const says = view.says ?? ((of) => this.says(of));
    const left = view.whole && (seg || filtering(this.state)) ? [el("p", {}, "Neither filters nor the choice of texts count here.")] : [];
    this.shown.replaceChildren(onPaper(scene), ...says(scene), ...left, ...(drawn ? [el("p", { class: "how-to" }, view.about)] : []));
    for (const button of this.section.querySelectorAll(".files [data-form]")) set(button, { disabled: !drawn });
    this.host.replaceWith(host);
    this.host = host;
    this.said.textContent = "";
    this.notes.replaceChildren(...notes);
    if (stays) Object.assign(host, { scrollTop, scrollLeft });
    fadeEdges(host);
    held();
    set(this.section, { "data-ready": format(this.state) });
  }

  /** What gives the focus back to the control, or the picture, that has it now. */
  focused() {
    const now = document.activeElement;
    if (this.host.contains(now)) {
      const { at, keep } = now instanceof HTMLElement ? now.dataset : {};
      return () => {
        const wanted = keep === undefined ? `.token[data-at="${at}"][tabindex]` : `[data-keep="${keep}"]`;
        const token = at === undefined && keep === undefined ? null : this.host.querySelector(wanted);
        const grid = token ?? this.host.querySelector('[tabindex="0"]');
        const place = grid ?? this.host.querySelector("button:enabled") ?? this.chosen.querySelector('[aria-pressed="true"]');
        if (place instanceof HTMLElement) place.focus({ preventScroll: true });
      };
    }
    const controls = () => [...this.chosen.querySelectorAll("button, select, input")];
    const at = controls().findIndex((each) => each === now);
    return () => {
      const control = controls()[at];
      if (control instanceof HTMLElement) control.focus({ preventScroll: true });
    };
  }

  /**
   * What is drawn, what is left out, and how sure the labels are.
   * @param {Scene} scene
   */
  says(scene) {
    const { stream, state, matrix } = scene;
    const anchor = `${stream.name ? `${stream.name}-` : ""}${state.h}`;
    const link = document.getElementById(anchor) ? el("a", { href: `#${anchor}` }, scene.name) : scene.name;
    const first = el("p", {}, el("b", {}, link));
    const told = stream.told.get(state.h) ?? [];
    for (const { target, score, verdict } of told) {
      const { colour, ink, letter, title } = stream.targets[target];
      const chip = el("span", { class: "chip" }, letter);
      chip.style.background = colour;
      chip.style.color = ink;
      first.append(" ", chip, ` ${short(title, 60)} ${score}${verdict ? `, ${verdict}` : ""}`);
    }
    if (!told.length && scene.heads.length === 1) first.append(" no role was found");
    const lines = [first];
    lines.push(...this.notPassing(scene));
    if (scene.none) lines.push(el("p", {}, "The filter leaves none of these heads: it does not count here."));
    if (viewOf(state.v).ofText) return lines;
    for (const { target, here } of scene.outlines) {
      const mark = el("span", { class: "swatch" });
      mark.style.borderColor = target.line;
      const mass = `: ${here.mass.toFixed(2)} of attention is on its target here, mean over ${here.queries} queries`;
      const marked = state.v === "matrix" ? [mark, " "] : [];
      lines.push(el("p", {}, ...marked, `${short(target.title, 60)}${mass}`));
    }
    if (state.role && !scene.outlines.length) lines.push(el("p", {}, "There is no target of the role that was chosen among these tokens."));
    if (state.lens !== "all") {
      const removed = matrix.removed.reduce((sum, each) => sum + each, 0) / (matrix.removed.length || 1);
      const what = state.lens === "content" ? "Special tokens are" : "Special tokens and the first token are";
      lines.push(el("p", {}, `${what} left out: ${removed.toFixed(2)} of attention, mean over queries. What is left of each row is made to sum to 1.`));
    }
    if (isPair(scene.sentence)) lines.push(massLine(scene.whole, scene.sentence, state.seg));
    return lines;
  }

  /**
   * Which of the heads that were chosen by name don't pass the filter.
   * @param {Scene} scene
   */
  notPassing({ heads, state, stream }) {
    if (!state.h.includes("H") || !filtering(this.state)) return [];
    const pass = passes(stream, this.state);
    const without = heads.filter(([layer, head]) => !pass(layer, head)).map(([layer, head]) => `L${layer}H${head}`);
    return without.length ? [el("p", { class: "alert" }, `${without.join(", ")} ${without.length > 1 ? "don’t" : "doesn’t"} pass the filter; what is said of ${without.length > 1 ? "them" : "it"} stands all the same.`)] : [];
  }

  files() {
    /** @type {(title: string, save: () => void | Promise<void>) => HTMLElement} */
    const button = (title, save) => {
      const made = el("button", { type: "button", "data-form": title.startsWith("Keys") ? null : title }, title);
      made.addEventListener("click", () => void save());
      return made;
    };
    return el(
      "div",
      { class: "row files", role: "group", "aria-label": "Download what is shown" },
      el("span", {}, "Download"),
      button("SVG", () => this.save("svg")),
      button("PNG", () => this.save("png")),
      button("CSV", () => this.save("csv")),
      button("Keys (?)", () => this.keys.showModal()),
    );
  }

  /**
   * The words around a picture that is kept.
   * @param {Scene} scene
   */
  around(scene) {
    const { state, stream } = scene;
    const view = viewOf(state.v);
    const every = view.ofText || view.name === "mosaic";
    const lens = state.lens === "all" ? "" : `, ${state.lens === "content" ? "content tokens only" : "content tokens but the first"}`;
    const of = view.named?.(scene) ?? (!every ? scene.name : filtering(state) ? "filtered heads" : "all heads");
    const texts = state.seg ? `, ${state.seg[0]} → ${state.seg[1]}` : "";
    const what = view.ofText ? "" : `, sentence ${state.s}${texts}${lens}`;
    const title = `${view.title}: ${of}${stream.title ? `, ${stream.title}` : ""}${what}`;
    const model = document.querySelector("h1 .model")?.textContent;
    const ringed = this.host.querySelector(".chosen") ? `In a ring: ${state.h.replaceAll(",", ", ")}` : "";
    const about = [model ? `Model: ${short(model, 120)}` : "", view.ofText ? ringed : sentenceLine(scene).replace("s", "S")].filter(Boolean);
    // Beside a matrix stands what the row gives that was pointed at last: of the picture only where it is pinned.
    const notes = view.name === "matrix" && !state.q.length ? null : this.notes;
    const foot = footOf(about, view.ofText ? null : this.shown, this.host, notes);
    return { title, foot: foot.filter(({ text }) => !title.includes(text)) };
  }

  /** @param {"svg" | "png" | "csv"} form */
  async save(form) {
    const { scene } = this;
    if (!scene) return;
    const { state, stream } = scene;
    const view = viewOf(state.v);
    const sentence = view.ofText ? "" : `sentence-${state.s}`;
    const every = view.ofText || view.name === "mosaic";
    const parts = [view.name, stream.name, sentence, every ? "" : state.h.replaceAll(",", "-")];
    const name = parts.filter(Boolean).join("-").slice(0, 80);
    if (form === "csv") {
      saveCsv(await view.table(scene), name);
      return;
    }
    const picture = view.picture?.(scene, this.host) ?? /** @type {SVGSVGElement | null} */ (this.host.querySelector("svg.picture"));
    if (!picture) return;
    const words = this.around(scene);
    if (form === "svg") saveSvg(picture, words, name);
    else await savePng(picture, words, name);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = event.target;
    if (event.ctrlKey || event.altKey || event.metaKey || this.keys.open) return;
    if (target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type === "text")) return;
    if (event.key === "?") this.keys.showModal();
    else {
      const steps = this.state.v === "text" && { ArrowUp: "]", ArrowDown: "[" }[event.key];
      const changes = changesOf(steps || event.key, this.data, this.stream, this.seen);
      if (!changes) return;
      this.go(changes);
    }
    event.preventDefault();
  }
}

/**
 * What paper has in place of the controls.
 * @param {Scene} scene
 */
function onPaper(scene) {
  const view = viewOf(scene.state.v);
  return el("p", { class: "on-paper" }, `${view.title}${view.ofText ? "" : `, ${sentenceLine(scene)}`}`);
}

/** @param {Scene} scene */
function sentenceLine({ sentence }) {
  return `sentence ${sentence.id}: ${short(sentence.text, 120)}`;
}

/**
 * Ways from the page's sentences to the explorer.
 * @param {Data} data
 * @param {HTMLElement} section
 * @param {Explorer} explorer
 */
function ways(data, section, explorer) {
  for (const { id, stream } of data.sentences) {
    const place = document.getElementById(`${stream ? `${stream}-` : ""}sentence-${id}`);
    const title = place?.querySelector("h3, h4, h5");
    if (!title) continue;
    const changes = { a: stream, s: id, h: "", q: [], k: [] };
    const link = el("a", { class: "to-explorer", href: format({ ...USUAL, a: stream, s: id }) }, "Explore");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      explorer.go(changes);
      section.scrollIntoView();
    });
    title.append(" ", link);
  }
}

function start() {
  const section = document.getElementById("explorer");
  if (!section) return;
  section.hidden = false;
  const entry = document.getElementById("explorer-entry");
  if (entry) entry.hidden = false;
  const data = read();
  const explorer = new Explorer(section, data);
  ways(data, section, explorer);
  if (location.hash && parse(location.hash)) section.scrollIntoView();
}

start();
