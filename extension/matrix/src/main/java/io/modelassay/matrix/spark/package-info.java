/**
 * Runs the cells of a library matrix on Apache Spark, one task each. Spark is no dependency of ModelAssay's users: its jars are
 * on the class path of whoever asks for it.
 */
@NullMarked
package io.modelassay.matrix.spark;

import org.jspecify.annotations.NullMarked;
