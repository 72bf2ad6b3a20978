/**
 * Where numbers are computed: device, kernels, streaming decoder. The only package that knows the engine.
 *
 * <p>Kernels are TorchScript source files in this package's resources, packed in memory and run through DJL's PyTorch
 * engine; see {@link io.modelassay.runtime.Kernels}.
 */
@NullMarked
package io.modelassay.runtime;

import org.jspecify.annotations.NullMarked;
