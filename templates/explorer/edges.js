/** Where a frame holds less than its picture, the edges beyond which it goes on fade. */

import { set } from "./dom.js";

/** Less than this is rounding, in pixels. */
const SOME = 2;

/** @param {HTMLElement} frame that scrolls */
export function fadeEdges(frame) {
  const tell = () => {
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = frame;
    const beyond = {
      left: scrollLeft,
      right: scrollWidth - clientWidth - scrollLeft,
      top: scrollTop,
      bottom: scrollHeight - clientHeight - scrollTop,
    };
    const sides = Object.entries(beyond).flatMap(([side, more]) => (more > SOME ? [side] : []));
    set(frame, { "data-beyond": sides.join(" ") || null });
  };
  frame.addEventListener("scroll", tell, { passive: true });
  new ResizeObserver(tell).observe(frame);
  tell();
}
