/** What paper has in place of a picture that no page holds. */

import { el } from "./dom.js";

/** Puts it there when the page is printed, for it may be large, and takes it away afterwards. */
export class Paper {
  constructor() {
    /** @type {HTMLElement | null} */
    this.host = null;
    /** @type {(() => Element[]) | null} */
    this.build = null;
    const printing = matchMedia("print");
    printing.addEventListener("change", () => (printing.matches ? this.put() : this.clear()));
    addEventListener("beforeprint", () => this.put());
    addEventListener("afterprint", () => this.clear());
  }

  /**
   * What is shown now.
   * @param {HTMLElement} host
   * @param {(() => Element[]) | null} build what paper has in place of its picture
   */
  shows(host, build) {
    this.host = host;
    this.build = build;
    if (matchMedia("print").matches) this.put();
  }

  put() {
    this.clear();
    if (this.host && this.build) this.host.append(el("div", { class: "paper" }, ...this.build()));
  }

  clear() {
    this.host?.querySelector(":scope > .paper")?.remove();
  }
}
