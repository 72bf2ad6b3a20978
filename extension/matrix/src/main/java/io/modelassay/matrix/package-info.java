/**
 * Repeats a test suite over library stacks, each in a JVM of its own. {@link io.modelassay.matrix.LibraryMatrix} is the entry
 * point; a {@link io.modelassay.matrix.MatrixPlan} lists the cells, and each leaves its result in a folder of its own.
 */
@NullMarked
package io.modelassay.matrix;

import org.jspecify.annotations.NullMarked;
