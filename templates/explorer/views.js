/** Every view, in the order of their buttons and keys; a new one is one file and one line here. */

import { arcsView } from "./views/arcs.js";
import { flowView } from "./views/flow.js";
import { matrixView } from "./views/matrix.js";
import { mosaicView } from "./views/mosaic.js";
import { neuronView } from "./views/neuron.js";
import { scatterView } from "./views/scatter.js";
import { textView } from "./views/text.js";

/** @import {View} from "./scene.js" */

/** @type {View[]} */
export const VIEWS = [matrixView, arcsView, mosaicView, textView, scatterView, flowView, neuronView];

/**
 * The view of that name, or the first.
 * @param {string} name
 */
export function viewOf(name) {
  return VIEWS.find((view) => view.name === name) ?? VIEWS[0];
}
