/** Scales of numbers along an axis, with round numbers as their ticks. */

/** So many ticks at most have room in a hundred pixels. */
const DENSE = 1.4;

/**
 * An axis of so many pixels: all values have room, zero too where they come near it.
 * @param {(number | null)[]} values
 * @param {number} pixels
 */
export function axis(values, pixels) {
  const known = values.filter((value) => value !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const spread = most - least || Math.abs(most) || 1;
  const low = least >= 0 && least < spread ? 0 : least - 0.05 * spread;
  const high = most + 0.05 * spread;
  const step = stepOf((high - low) / Math.max(2, (pixels / 100) * DENSE));
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + 1e-9 * step; tick += step) ticks.push(tick);
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  return {
    ticks,
    at: (/** @type {number | null} */ value) => (((value ?? low) - low) / (high - low)) * pixels,
    text: (/** @type {number} */ tick) => tick.toFixed(decimals).replace(/^-0(\.0+)?$/, "0"),
  };
}

/**
 * The smallest of 1, 2, 5, 10, … that is at least that large.
 * @param {number} least
 */
function stepOf(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((step) => step * power >= least) ?? 10);
}

/**
 * A number to two digits, or two decimals, as the page has it.
 * @param {number | null} value
 */
export function digits(value) {
  if (value === null) return "–";
  return Math.abs(value) >= 9.95 ? value.toFixed(0) : Math.abs(value) >= 0.095 || value === 0 ? value.toFixed(2) : value.toPrecision(2);
}
