/**
 * Tells before a quantization whether a model survives it: magnitudes measured once, and from them, for each method and
 * setting, what would give NaN or infinities, why, and what cures it.
 */
@NullMarked
package io.modelassay.diagnosis;

import org.jspecify.annotations.NullMarked;
