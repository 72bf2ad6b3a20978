/**
 * Quantizers that write artifacts: a model is streamed layer by layer over a calibration text, its linear modules are
 * quantized with what flows into them, and the result is stored as the libraries that people load it with expect.
 */
@NullMarked
package io.modelassay.quantizer;

import org.jspecify.annotations.NullMarked;
