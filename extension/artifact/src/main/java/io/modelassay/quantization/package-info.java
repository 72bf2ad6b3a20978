/**
 * Quantization: what is asked for, and one codec per family of formats with its kernels.
 *
 * <p>A codec is a kernel file in this package's resources with two functions, {@code encode(w, options)}, which turns a
 * weight {@code [out_features, in_features]} into named parts (codes, scales, zero points), and
 * {@code decode(parts, options)}, which turns them back into float32. For weights that are stored quantized there is one
 * {@code Scheme} per family, which recognises a module's tensors and names the codec that decodes them, into the type that the
 * family's own library decodes to.
 */
@NullMarked
package io.modelassay.quantization;

import org.jspecify.annotations.NullMarked;
