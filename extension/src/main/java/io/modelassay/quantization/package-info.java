/**
 * Quantization: what is asked for, and one codec per family of formats with its kernels.
 *
 * <p>A codec is a kernel file in this package's resources with two functions, {@code encode(w, options)}, which turns a
 * weight {@code [out_features, in_features]} into named parts (codes, scales, zero points), and
 * {@code decode(parts, options)}, which turns them back into float32.
 */
@NullMarked
package io.modelassay.quantization;

import org.jspecify.annotations.NullMarked;
